"""Two versions of a notebook, one beside what it became: cell by cell, as HTML that is as safe as a preview's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from markupsafe import Markup
from nbdime.diffing.notebooks import diff_notebooks

from terraspawner.preview import cells
from terraspawner.preview.document import Cell, Notebook, Unreadable, read
from terraspawner.preview.nodes import node_of

ROUND = 3
"""Lines that are shown round a change."""
_WORDS = {"added": "Added", "removed": "Removed", "changed": "Changed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A cell before and after, by its place in either notebook; None where it is not."""

    old: int | None
    new: int | None


def compare(old: bytes, new: bytes) -> str:
    """The HTML of what became of `old`. Raises `document.Unreadable`."""
    before, after = read(old), read(new)
    if before.cells_left_out or after.cells_left_out:
        raise Unreadable("has too many cells to be compared here. Download both versions.")
    pieces: list[Markup] = []
    same = 0
    for row in rows(node_of(old), node_of(new)):
        made = _row(before, after, row)
        if made is None:
            same += 1
            continue
        pieces += [*_unchanged(same), made]
        same = 0
    if not pieces:
        return str(_note("Nothing that is shown differs between these two versions."))
    return "".join([*pieces, *_unchanged(same)])


def rows(before: Any, after: Any) -> Iterator[Row]:
    """Which cell became which, in the order of the new notebook."""
    old = new = 0
    for entry in diff_notebooks(before, after):
        if entry.key != "cells":
            continue
        for step in entry.diff:
            while old < step.key:
                yield Row(old=old, new=new)
                old, new = old + 1, new + 1
            if step.op == "addrange":
                for _ in step.valuelist:
                    yield Row(old=None, new=new)
                    new += 1
            elif step.op == "removerange":
                for _ in range(step.length):
                    yield Row(old=old, new=None)
                    old += 1
            else:
                yield Row(old=old, new=new)
                old, new = old + 1, new + 1
    while old < len(before.cells):
        yield Row(old=old, new=new)
        old, new = old + 1, new + 1


def _row(before: Notebook, after: Notebook, row: Row) -> Markup | None:
    """None where the cell is the same to a reader."""
    if row.old is None and row.new is not None:
        return _whole("added", after, row.new)
    if row.new is None and row.old is not None:
        return _whole("removed", before, row.old)
    assert row.old is not None, "a row has a side"  # noqa: S101 - for the type checker
    assert row.new is not None, "a row has a side"  # noqa: S101
    old, new = before.cells[row.old], after.cells[row.new]
    if (old.kind, old.source, old.outputs) == (new.kind, new.source, new.outputs):
        return None
    parts = [_lines(old.source, new.source)] if old.source != new.source else []
    if old.outputs != new.outputs:
        parts += [_outputs("before", before, old, row.old), _outputs("now", after, new, row.new)]
    return _section("changed", Markup().join(parts), row.new)


def _whole(what: str, notebook: Notebook, index: int) -> Markup:
    return _section(what, cells.cell_html(notebook.cells[index], notebook, index + 1), index)


def _section(what: str, inside: Markup, index: int) -> Markup:
    return Markup(
        '<section class="nbp-change nbp-{what}"><p class="nbp-what">{word} cell {number}</p>{inside}</section>\n'
    ).format(what=what, word=_WORDS[what], number=index + 1, inside=inside)


def _outputs(when: str, notebook: Notebook, cell: Cell, index: int) -> Markup:
    if not cell.outputs:
        return Markup('<p class="nbp-what">No output {}.</p>').format(when)
    return Markup("<details{}><summary>Output {}</summary>{}</details>").format(
        Markup(" open") if when == "now" else "", when, cells.outputs_html(cell, notebook, index + 1)
    )


def _lines(old: str, new: str) -> Markup:
    """The lines that differ, and some round them."""
    before, after = old.splitlines(), new.splitlines()
    mark: Callable[[str, str, str], Markup] = Markup(
        '<{0} class="nbp-line"><span class="nbp-sign">{1}</span>{2}</{0}>'
    ).format
    made: list[Markup] = []
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(ROUND):
        if made:
            made.append(mark("span", " ", "⋯"))
        for what, a, b, c, d in group:
            if what == "equal":
                made += [mark("span", " ", line) for line in before[a:b]]
            else:
                made += [mark("del", "\u2212", line) for line in before[a:b]]
                made += [mark("ins", "+", line) for line in after[c:d]]
    return Markup('<pre class="nbp-lines" tabindex="0">{}</pre>').format(Markup().join(made))


def _unchanged(count: int) -> list[Markup]:
    if not count:
        return []
    return [_note(f"{count:,} cell{' is' if count == 1 else 's are'} the same.")]


def _note(sentence: str) -> Markup:
    return Markup('<p class="nbp-same">{}</p>').format(sentence)
