"""A notebook as HTML: its cells one after the other, until there is more than a browser would like."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from terraspawner.preview.code import coloured
from terraspawner.preview.document import Cell, Notebook, read
from terraspawner.preview.markdown import markdown
from terraspawner.preview.outputs import output_html, shortened

MOST = 40 * 1024**2
"""Characters of the whole preview; what comes after is told, not shown."""
PATIENCE = 4.0
"""Seconds of work after which the rest is shown as typed: what a notebook says counts more than its colours."""


def render(body: bytes, clock: Callable[[], float] = lambda: 0.0) -> str:
    """The HTML of all that is shown of the notebook in `body`. Raises `document.Unreadable`.

    `clock` gives seconds of work; after `PATIENCE` of them what takes long is not done any more.
    """
    notebook = read(body)
    pieces: list[str] = []
    size, left_out = 0, notebook.cells_left_out
    end, is_plain = clock() + PATIENCE, False
    for number, cell in enumerate(notebook.cells, start=1):
        if not is_plain and clock() > end:
            is_plain = True
            pieces.append(
                _aside("This notebook is very large: from here on code has no colours, and text is as typed.")
            )
        made = cell_html(cell, notebook, number, is_plain=is_plain)
        if size + len(made) > MOST:
            left_out += len(notebook.cells) - number + 1
            break
        size += len(made)
        pieces.append(made)
    if not notebook.cells:
        pieces.append(_aside("This notebook has no cells yet."))
    if left_out:
        pieces.append(_aside(f"{left_out:,} more cells are not shown here. Download the notebook to see all of it."))
    return "".join(pieces)


def _aside(sentence: str) -> Markup:
    return Markup('<p class="nbp-note">{}</p>').format(sentence)


def cell_html(cell: Cell, notebook: Notebook, number: int, *, is_plain: bool = False) -> Markup:
    """One cell with its outputs; `is_plain` leaves out what takes long."""
    if cell.kind == "markdown" and not is_plain:
        return Markup('<section class="nbp-cell nbp-markdown">{}</section>\n').format(
            markdown(cell.source, cell.attachments)
        )
    if cell.kind != "code":
        return Markup('<section class="nbp-cell"><pre class="nbp-raw">{}</pre></section>\n').format(
            shortened(cell.source)
        )
    return _code_cell(cell, notebook, number, is_plain=is_plain)


def _code_cell(cell: Cell, notebook: Notebook, number: int, *, is_plain: bool) -> Markup:
    source = shortened(cell.source)
    language = "" if is_plain else _magic(source) or notebook.language or "python"
    code = Markup('<pre class="nbp-source" tabindex="0">{}</pre>').format(coloured(source, language))
    if cell.is_source_hidden:
        code = Markup("<details><summary>Code</summary>{}</details>").format(code)
    outputs = outputs_html(cell, notebook, number)
    if outputs and cell.are_outputs_hidden:
        outputs = Markup("<details><summary>Output</summary>{}</details>").format(outputs)
    return Markup(
        '<section class="nbp-cell nbp-code"><div class="nbp-count">[{}]</div>'
        '<div class="nbp-both">{}{}</div></section>\n'
    ).format(" " if cell.count is None else cell.count, code, outputs)


_MAGICS = {"%%bash": "bash", "%%sh": "bash", "%%R": "r", "%%html": "html", "%%sql": "sql", "%%javascript": "javascript"}


def outputs_html(cell: Cell, notebook: Notebook, number: int) -> Markup:
    shown = [output_html(output, notebook.widgets, number) for output in cell.outputs]
    if cell.outputs_left_out:
        shown.append(_aside(f"{cell.outputs_left_out:,} more outputs of this cell are not shown here."))
    return Markup().join(Markup('<div class="nbp-output">{}</div>').format(each) for each in shown if each)


def _magic(source: str) -> str:
    """The language that the cell's first line switches to."""
    first = source[:40].split(maxsplit=1)
    return _MAGICS.get(first[0], "") if first else ""
