"""What one run of a cell has put out: as Lab shows it, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("nbformat")

from terraspawner_environment.outputs import LONGEST_ERROR, MOST_OUTPUTS, Outputs

pytestmark = pytest.mark.feature("F14")


def stream(outputs: Outputs, text: str, name: str = "stdout") -> None:
    outputs.add("stream", {"name": name, "text": text}, len(text))


def shown(outputs: Outputs, name: str = "stdout") -> list[str]:
    return [each["text"] for each in outputs.all() if each["output_type"] == "stream" and each["name"] == name]


def display(outputs: Outputs, text: str, name: str | None = None) -> None:
    content: dict[str, Any] = {"data": {"text/plain": text}, "metadata": {}, "transient": {}}
    if name is not None:
        content["transient"]["display_id"] = name
    outputs.add("display_data", content, len(text))


@pytest.mark.parametrize(
    ("pieces", "left"),
    [
        (["a", "b\n", "c"], "ab\nc"),
        (["10 %", "\r20 %", "\r100 %\n", "done\n"], "100 %\ndone\n"),
        (["long line", "\rX"], "Xong line"),
        (["line\r", "\nnext"], "line\nnext"),
        (["line\r\nnext\r"], "line\nnext"),
        (["abc\x08", "X"], "abX"),
        (["\x08\x08a"], "a"),
        (["one\ntwo\rT"], "one\nTwo"),
        (["abcd\rX\x08Y"], "Ybcd"),
    ],
)
def test_a_stream_is_kept_as_a_terminal_leaves_it(pieces: list[str], left: str) -> None:
    outputs = Outputs()
    for piece in pieces:
        stream(outputs, piece)
    assert shown(outputs) == [left]


def test_streams_of_one_kind_in_a_row_are_one_output() -> None:
    outputs = Outputs()
    for text, name in (("1", "stdout"), ("2", "stdout"), ("3", "stderr"), ("4", "stdout")):
        stream(outputs, text, name)
    assert [(each["name"], each["text"]) for each in outputs.all()] == [
        ("stdout", "12"), ("stderr", "3"), ("stdout", "4"),
    ]  # fmt: skip


def test_what_is_cleared_is_gone_at_once_or_with_the_next_output() -> None:
    outputs = Outputs()
    stream(outputs, "a")
    outputs.clear()
    assert outputs.all() == []
    stream(outputs, "b")
    outputs.clear(waits=True)
    assert shown(outputs) == ["b"]
    stream(outputs, "c")
    assert shown(outputs) == ["c"]


def test_a_display_is_updated_wherever_it_stands() -> None:
    outputs = Outputs()
    for text, name in (("a", "x"), ("b", None), ("c", "x")):
        display(outputs, text, name)
    update = {"data": {"text/plain": "new"}, "metadata": {}, "transient": {"display_id": "x"}}
    assert outputs.update(update, 3)
    assert [each["data"]["text/plain"] for each in outputs.all()] == ["new", "b", "new"]
    assert not outputs.update(update | {"transient": {"display_id": "y"}}, 3)


def test_updates_replace_what_they_take_the_place_of_and_stay_within_the_limit() -> None:
    outputs = Outputs(limit=1000)
    display(outputs, "a", "x")
    for number in range(100):
        text = f"{number:0400}"
        outputs.update({"data": {"text/plain": text}, "metadata": {}, "transient": {"display_id": "x"}}, len(text))
    assert [each["data"]["text/plain"] for each in outputs.all()] == [text]
    outputs.update({"data": {"text/plain": "b" * 2000}, "metadata": {}, "transient": {"display_id": "x"}}, 2000)
    assert [each["output_type"] for each in outputs.all()] == ["display_data", "stream"]
    assert outputs.all()[0]["data"]["text/plain"] == text


def test_many_small_pieces_are_one_text() -> None:
    outputs = Outputs()
    pieces = [f"{number}\n" if number % 3 else f"{number} " for number in range(5000)]
    for piece in pieces:
        stream(outputs, piece)
    assert shown(outputs) == ["".join(pieces)]
    assert len(outputs) == len("".join(pieces))


def test_more_outputs_than_a_page_can_show_are_cut() -> None:
    outputs = Outputs()
    for number in range(MOST_OUTPUTS + 10):
        stream(outputs, ".", "stdout" if number % 2 else "stderr")
    assert len(outputs.all()) == MOST_OUTPUTS + 1
    assert f"{MOST_OUTPUTS:,} outputs" in outputs.all()[-1]["text"]


def test_a_progress_bar_of_any_length_is_one_line() -> None:
    outputs = Outputs(limit=1000)
    for number in range(1000):
        stream(outputs, f"\r{number:03} of 999")
    assert shown(outputs) == ["999 of 999"]
    assert shown(outputs, "stderr") == []


def test_beyond_the_limit_it_is_cut_and_said_once_and_an_error_is_still_told() -> None:
    outputs = Outputs(limit=1000)
    for _ in range(5):
        stream(outputs, "x" * 300)
        display(outputs, "y" * 300)
    error = {"ename": "ValueError", "evalue": "told", "traceback": ["z" * 2000]}
    outputs.add("error", error, 2000)
    kinds = [each["output_type"] for each in outputs.all()]
    assert kinds == ["stream", "display_data", "stream", "stream", "error"]
    assert shown(outputs) == ["x" * 300] * 2
    assert "more than 1,000 characters" in shown(outputs, "stderr")[0]
    outputs.add("error", error, LONGEST_ERROR + 1)
    assert len(outputs.all()) == len(kinds)
    outputs.clear()
    stream(outputs, "anew")
    assert shown(outputs) == ["anew"]
