"""Who saves what a cell puts out: the tab that asked, the one that follows, or the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("nbformat")

from terraspawner_environment.insertion import insert
from terraspawner_environment.runs import GRACE_SECONDS, SILENCE_SECONDS, KernelRuns

pytestmark = pytest.mark.feature("F14")


class Kernel:
    """Says what a kernel says, in the order in which a kernel says it; `now` is the clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.runs = KernelRuns(lambda: self.now)
        self._count = 0

    def says(self, kind: str, message: str, **content: Any) -> None:
        self.runs.heard(kind, message, lambda: content, len(str(content)))

    def asked(self, owner: str, cell: str, code: str = "1") -> str:
        self._count += 1
        message = f"m{self._count}"
        self.runs.requested(owner, message, cell, code)
        return message

    def begins(self, message: str) -> None:
        self.says("status", message, execution_state="busy")
        self.says("execute_input", message, code="1", execution_count=self._count)

    def prints(self, message: str, text: str) -> None:
        self.says("stream", message, name="stdout", text=text)

    def ends(self, message: str) -> None:
        self.says("status", message, execution_state="idle")

    def owed(self, *, is_last_chance: bool = False) -> list[str]:
        return [run.cell for run in self.runs.owed(is_last_chance=is_last_chance)]


@pytest.fixture
def kernel() -> Kernel:
    made = Kernel()
    made.runs.connected("tab")
    return made


def ran(kernel: Kernel, cell: str = "a", owner: str = "tab") -> str:
    message = kernel.asked(owner, cell)
    kernel.begins(message)
    kernel.prints(message, "out\n")
    kernel.ends(message)
    return message


def test_a_tab_that_is_there_saves_it_itself(kernel: Kernel) -> None:
    ran(kernel)
    assert (kernel.owed(), kernel.owed(is_last_chance=True)) == ([], [])


def test_one_that_was_closed_is_waited_for_a_moment_and_then_its_output_is_written_once(kernel: Kernel) -> None:
    ran(kernel)
    kernel.runs.disconnected("tab", on_purpose=True)
    assert (kernel.owed(), kernel.owed(is_last_chance=True), kernel.runs.is_waiting()) == ([], ["a"], True)
    kernel.now += GRACE_SECONDS
    (run,) = kernel.runs.owed(is_last_chance=False)
    kernel.runs.wrote(run, run.revision)
    assert (kernel.owed(is_last_chance=True), kernel.runs.is_waiting()) == ([], False)


def test_what_came_while_it_was_written_is_written_again(kernel: Kernel) -> None:
    message = kernel.asked("tab", "a")
    kernel.begins(message)
    kernel.runs.disconnected("tab", on_purpose=True)
    kernel.now += GRACE_SECONDS
    (run,) = kernel.runs.owed(is_last_chance=False)
    revision = run.revision
    kernel.prints(message, "meanwhile\n")
    kernel.runs.wrote(run, revision)
    assert kernel.owed() == ["a"]


def test_one_whose_line_broke_may_come_back_and_is_written_for_at_the_last_chance_alone(kernel: Kernel) -> None:
    ran(kernel)
    kernel.runs.disconnected("tab", on_purpose=False)
    kernel.now += 100 * GRACE_SECONDS
    assert (kernel.owed(), kernel.runs.is_waiting()) == ([], False)
    assert kernel.owed(is_last_chance=True) == ["a"]
    kernel.runs.connected("tab")
    assert kernel.owed(is_last_chance=True) == []


def test_a_stale_connection_that_ends_after_the_new_one_began_is_no_leaving(kernel: Kernel) -> None:
    ran(kernel)
    kernel.runs.connected("tab")
    kernel.runs.disconnected("tab", on_purpose=True)
    assert kernel.owed(is_last_chance=True) == []


def test_what_a_tab_has_shown_and_saved_is_not_written_over(kernel: Kernel) -> None:
    """It may have cleared the output since."""
    ran(kernel)
    kernel.now += GRACE_SECONDS
    kernel.runs.saved()
    kernel.runs.disconnected("tab", on_purpose=True)
    assert kernel.owed(is_last_chance=True) == []


def test_a_save_right_after_the_end_may_lack_the_last_words(kernel: Kernel) -> None:
    ran(kernel)
    kernel.runs.saved()
    kernel.runs.disconnected("tab", on_purpose=True)
    assert kernel.owed(is_last_chance=True) == ["a"]


def test_a_new_page_takes_over_what_nobody_shows_and_hears_each_change(kernel: Kernel) -> None:
    message = kernel.asked("tab", "a")
    waiting = kernel.asked("tab", "b")
    kernel.begins(message)
    kernel.runs.disconnected("tab", on_purpose=True)
    kernel.runs.connected("new")
    kernel.runs.follow("new")
    assert [(run.cell, run.state) for run in kernel.runs.followed("new", 0)] == [("a", "running"), ("b", "queued")]
    seen = kernel.runs.revision
    assert (kernel.runs.followed("new", seen), kernel.runs.is_over("new")) == ([], False)
    kernel.now += GRACE_SECONDS
    kernel.prints(message, "out\n")
    assert kernel.owed(is_last_chance=True) == []
    assert [run.cell for run in kernel.runs.followed("new", seen)] == ["a"]
    for each in (message, waiting):
        kernel.ends(each)
    assert kernel.runs.is_over("new")


def test_what_a_new_page_did_not_fetch_is_written_when_it_goes(kernel: Kernel) -> None:
    message = kernel.asked("tab", "a")
    kernel.begins(message)
    kernel.runs.disconnected("tab", on_purpose=True)
    kernel.runs.connected("new")
    kernel.runs.follow("new")
    kernel.runs.followed("new", 0)
    kernel.ends(message)
    kernel.now += GRACE_SECONDS
    kernel.runs.saved()
    kernel.runs.disconnected("new", on_purpose=True)
    assert kernel.owed(is_last_chance=True) == ["a"]


def test_a_second_page_leaves_the_cells_of_the_first_alone(kernel: Kernel) -> None:
    message = kernel.asked("tab", "a")
    kernel.begins(message)
    kernel.runs.connected("new")
    kernel.runs.follow("new")
    assert (kernel.runs.followed("new", 0), kernel.runs.is_over("new")) == ([], False)
    kernel.ends(message)
    assert kernel.runs.is_over("new")


def test_cells_behind_one_that_failed_never_run(kernel: Kernel) -> None:
    first, _ = kernel.asked("tab", "a"), kernel.asked("tab", "b")
    kernel.begins(first)
    kernel.runs.disconnected("tab", on_purpose=True)
    kernel.now += 10 * SILENCE_SECONDS
    kernel.runs.sweep(is_idle=True)  # said of a widget's message: the first cell still runs
    kernel.runs.connected("new")
    kernel.runs.follow("new")
    kernel.ends(first)
    assert not kernel.runs.is_over("new")
    kernel.now += SILENCE_SECONDS
    kernel.runs.sweep(is_idle=True)
    assert kernel.runs.is_over("new")


@pytest.mark.parametrize(
    "end",
    [
        lambda kernel: kernel.runs.ended("The kernel ended."),
        lambda kernel: kernel.says("status", "", execution_state="starting"),
    ],
    ids=["died", "restarted"],
)
def test_what_ran_in_a_kernel_that_is_no_more_says_so(kernel: Kernel, end: Callable[[Kernel], None]) -> None:
    message = kernel.asked("tab", "a")
    kernel.begins(message)
    kernel.prints(message, "out\n")
    kernel.runs.disconnected("tab", on_purpose=True)
    end(kernel)
    (run,) = kernel.runs.owed(is_last_chance=True)
    out, said = run.outputs.all()
    assert (out["text"], run.state) == ("out\n", "done")
    assert said["text"].startswith("[The kernel")


def test_a_display_of_a_cell_that_is_written_is_changed_by_a_later_one(kernel: Kernel) -> None:
    shown = {"data": {"text/plain": "1"}, "metadata": {}, "transient": {"display_id": "x"}}
    first = kernel.asked("tab", "a")
    kernel.begins(first)
    kernel.says("display_data", first, **shown)
    kernel.ends(first)
    kernel.runs.disconnected("tab", on_purpose=True)
    kernel.now += GRACE_SECONDS
    for run in kernel.runs.owed(is_last_chance=False):
        kernel.runs.wrote(run, run.revision)
    later = kernel.asked("tab", "b")
    kernel.says("update_display_data", later, **shown | {"data": {"text/plain": "2"}})
    (run,) = kernel.runs.owed(is_last_chance=False)
    assert run.outputs.all()[0]["data"] == {"text/plain": "2"}


# --- into the notebook ---


def cell(name: str | None, source: str) -> dict[str, Any]:
    made = {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    return made if name is None else made | {"id": name}


def inserted(kernel: Kernel, *cells: dict[str, Any], minor: int = 5) -> tuple[bool, list[dict[str, Any]]]:
    notebook = {"cells": list(cells), "nbformat": 4, "nbformat_minor": minor, "metadata": {}}
    kernel.runs.disconnected("tab", on_purpose=True)
    return insert(notebook, kernel.runs.owed(is_last_chance=True), "a.ipynb"), notebook["cells"]  # type: ignore[return-value]


def test_outputs_go_into_their_cell_and_what_is_there_already_is_no_change(kernel: Kernel) -> None:
    ran(kernel)
    changed, cells = inserted(kernel, cell("a", "1"), cell("b", "1"))
    assert changed
    assert [len(each["outputs"]) for each in cells] == [1, 0]
    assert inserted(kernel, *cells)[0] is False


@pytest.mark.parametrize("is_saved", [True, False])
def test_code_that_ran_and_was_never_saved_stands_with_its_output(kernel: Kernel, is_saved: bool) -> None:
    ran(kernel)
    if is_saved:
        kernel.runs.saved()
    _, cells = inserted(kernel, cell("a", "other code"))
    assert (cells[0]["source"], len(cells[0]["outputs"])) == ("other code" if is_saved else "1", 1)


def test_a_cell_without_a_name_is_known_by_its_text_if_only_one_has_it(kernel: Kernel) -> None:
    ran(kernel)
    assert inserted(kernel, cell(None, "1"), cell(None, "2"), minor=4)[0]
    assert not inserted(kernel, cell(None, "1"), cell(None, "1"), minor=4)[0]


def test_a_new_cell_that_was_never_saved_is_added_and_one_that_was_deleted_is_not(kernel: Kernel) -> None:
    ran(kernel)
    changed, cells = inserted(kernel, cell("other", "2"))
    assert (changed, [(each["id"], each["source"]) for each in cells]) == (True, [("other", "2"), ("a", "1")])
    kernel.runs.saved()
    assert inserted(kernel, cell("other", "2"))[0] is False
