"""Copies that keep a text which was overtaken: nobody meets one without a word, and nothing is kept in memory alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("jupyter_server")

from tornado.web import HTTPError

from extension.conftest import MakeEnvironment, lab, read, sent, state_of, until
from extension.pages import cell, notebook
from extension.services import WorkspaceThatAnswers, notebook_bytes
from extension.tabs import COPY, A, Tab, opened, refused

if TYPE_CHECKING:
    from terraspawner_environment.recorded import RecordedContentsManager
    from terraspawner_environment.runs import Run


async def overtaken(service: WorkspaceThatAnswers, tab: Tab) -> None:
    """Ben has it by now, and this environment knows."""
    service.leases.run_out()
    service.leases.take(A)
    tab.asks_again()
    await tab.hears("lost")


@pytest.mark.feature("F10", "F11")
async def test_what_a_tab_had_left_waits_for_a_choice_like_every_other_conflict(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        tab = await opened(environment)
        await overtaken(service, tab)
        await refused(tab.manager, "mine", "tab-a")
        await refused(tab.manager, "mine and more", "tab-a")
        await sent(tab.manager)
        conflict = tab.there.desk.ledger.of(A).conflict
        assert conflict is not None
        assert (conflict.copy, conflict.base) == (COPY, None)
        assert state_of(tab.manager, A).unresolved
        assert state_of(tab.manager, COPY).about.startswith(
            "Your text of “a.ipynb”. The notebook went to somebody else"
        )
        # it is still said by the next server, until somebody chose
        again = await environment.restart(tab.manager)
        assert again.workspace is not None
        assert "Your text of" in state_of(again, COPY).about
        service.put(A, notebook_bytes("ben's"))
        await again.workspace.choices.take_theirs(A)
        assert "where the other one was taken. Delete this copy" in state_of(again, COPY).about
        assert again.workspace.desk.ledger.of(A).conflict is None
        assert await read(again, COPY) == "mine and more"


async def test_the_word_on_a_copy_follows_its_notebook_and_a_lost_ledger_line_is_none(
    environment_of: MakeEnvironment,
) -> None:
    from terraspawner_environment.ledger import Ledger, Origin  # noqa: PLC0415 - pure tests run without it

    async with WorkspaceThatAnswers() as service:
        tab = await opened(environment_of(service))
        ledger = tab.there.desk.ledger
        ledger.originate(COPY, Origin(of=A, reason="Because.", at="now"))
        ledger.move(A, "b.ipynb")
        again = Ledger(ledger.file)
        again.load()
        assert again.of(COPY).origin == Origin(of="b.ipynb", reason="Because.", at="now")
        assert again.of("b.ipynb").origin is None


# ---- outputs --------------------------------------------------------------------------------------------------------


def ran(*, was_ours: bool) -> Run:
    from terraspawner_environment.outputs import LIMIT, Outputs  # noqa: PLC0415 - as the others
    from terraspawner_environment.runs import Run  # noqa: PLC0415

    outputs = Outputs(LIMIT)
    outputs.add("stream", {"name": "stdout", "text": "hours of work\n"}, 14)
    return Run(message="m", cell="one", code="1", owner="o", outputs=outputs, state="done", was_ours=was_ours)


def recorded(tab: Tab) -> RecordedContentsManager:
    from terraspawner_environment.recorded import RecordedContentsManager  # noqa: PLC0415 - as the others

    return RecordedContentsManager(root_dir=tab.manager.root_dir, workspace=tab.there)


async def with_a_cell(environment_of: MakeEnvironment, service: WorkspaceThatAnswers) -> tuple[Tab, Any]:
    service.put(A, json.dumps(notebook(cell("one", "1"))).encode())
    tab = Tab(await environment_of(service).start())
    await tab.open()
    manager = recorded(tab)
    await manager.get(lab(A), content=True, type="notebook")
    assert manager.holds(lab(A))
    await overtaken(service, tab)
    assert not manager.holds(lab(A))
    tab.close()
    return tab, manager


@pytest.mark.feature("F14")
async def test_output_of_a_notebook_that_went_to_somebody_else_is_in_a_copy_at_the_servers_end(
    environment_of: MakeEnvironment,
) -> None:
    async with WorkspaceThatAnswers() as service:
        tab, manager = await with_a_cell(environment_of, service)
        with pytest.raises(HTTPError, match="423"):
            await manager.write_outputs(lab(A), [ran(was_ours=True)])
        assert COPY not in service.notebooks
        await manager.write_outputs(lab(A), [ran(was_ours=True)], is_end=True)
        await until(lambda: COPY in service.notebooks)
        assert b"hours of work" in service.notebooks[COPY]
        assert b"hours of work" not in service.notebooks[A]
        assert "cells had put out" in state_of(tab.manager, COPY).about


@pytest.mark.feature("F14")
async def test_output_of_a_notebook_that_was_never_held_here_makes_no_copy(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        _, manager = await with_a_cell(environment_of, service)
        with pytest.raises(HTTPError, match="423"):
            await manager.write_outputs(lab(A), [ran(was_ours=False)], is_end=True)
        assert list(service.notebooks) == [A]


@pytest.mark.feature("F14")
def test_a_run_knows_whether_its_notebook_was_held_as_it_was_asked_for_or_ended() -> None:
    from terraspawner_environment.runs import KernelRuns  # noqa: PLC0415 - as the others

    seen = []
    for ours in ([True, False], [False, True], [False, False]):
        runs = KernelRuns(lambda: 0.0, iter(ours).__next__)
        runs.requested("o", "m", "one", "1")
        runs.heard("execute_input", "m", lambda: {"execution_count": 1}, 0)
        (run,) = runs.owed(is_last_chance=True)
        runs.heard("status", "m", lambda: {"execution_state": "idle"}, 0)
        seen.append(run.was_ours)
    assert seen == [True, True, False]
