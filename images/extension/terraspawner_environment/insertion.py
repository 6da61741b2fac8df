"""Puts outputs into a notebook's cells. Pure."""

import logging
from typing import Any

from nbformat.v4 import new_code_cell

from terraspawner_environment.runs import Run

log = logging.getLogger(__name__)


def insert(notebook: dict[str, Any], runs: list[Run], path: str) -> bool:
    """Write each run's outputs and number into its cell; False where all of it is there already."""
    changed = False
    for run in runs:
        cell = cell_of(notebook, run)
        if cell is None and not run.is_saved_since:
            cell = _added(notebook, run)
        if cell is None:
            log.info("%s: the cell of an output is not in the notebook any more", path)
            continue
        outputs = run.outputs.all()
        if not run.is_saved_since and cell["source"] != run.code:
            # the tab was closed before it saved what it ran: an output stands beside the code that it is of
            cell["source"], changed = run.code, True
        if cell.get("outputs") == outputs and cell.get("execution_count") == run.count:
            continue
        cell["outputs"], cell["execution_count"] = outputs, run.count
        # as Lab does: whoever ran it trusts what it puts out
        cell.setdefault("metadata", {})["trusted"] = True
        changed = True
    return changed


def cell_of(notebook: dict[str, Any], run: Run) -> dict[str, Any] | None:
    """By its id; a notebook of an older format has none on the disk, and then by its text, if only one has it."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        if cell.get("id") == run.cell:
            return dict_of(cell)
    alike = [cell for cell in cells if "id" not in cell and cell["source"] == run.code]
    return dict_of(alike[0]) if len(alike) == 1 else None


def dict_of(cell: Any) -> dict[str, Any]:
    found: dict[str, Any] = cell
    return found


def _added(notebook: dict[str, Any], run: Run) -> dict[str, Any] | None:
    """The tab was closed before it saved the new cell that it ran: it goes to the end."""
    if notebook.get("nbformat_minor", 0) < 5 or any(cell["source"] == run.code for cell in notebook["cells"]):
        return None
    made = dict_of(new_code_cell(run.code, id=run.cell))
    notebook["cells"].append(made)
    return made
