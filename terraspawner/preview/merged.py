"""Two notebooks that came from one, put together cell by cell (three-way merge), by nbdime.

What only one of them changed is taken from it. Where both changed the same lines of a cell, both are there, between the
marks that git uses, and it is told; so nothing of either is lost.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import nbformat
from nbdime.merging.notebooks import merge_notebooks

from terraspawner.preview.nodes import node_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """`cell` counts from 0 in the base, None where it is of the whole notebook; `part` is "source", "outputs", …, empty
    where the cell itself is at odds: changed by one and removed by the other."""

    cell: int | None
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    notebook: str
    conflicts: tuple[Conflict, ...]


def merge(base: bytes, mine: bytes, theirs: bytes) -> Merged:
    """Raises `document.Unreadable` where one of them is no notebook."""
    made, decisions = merge_notebooks(node_of(base), node_of(mine), node_of(theirs))
    found = dict.fromkeys(_conflict(decision) for decision in decisions if decision.conflict)
    text = nbformat.v4.writes_json(made)  # type: ignore[no-untyped-call]
    return Merged(notebook=f"{text}\n", conflicts=tuple(found))


def told(merged: Merged) -> dict[str, Any]:
    """As it travels from the worker."""
    return {"notebook": merged.notebook, "conflicts": [asdict(each) for each in merged.conflicts]}


def _conflict(decision: Any) -> Conflict:
    path = list(decision.common_path)
    if path[:1] != ["cells"]:
        return Conflict(cell=None, part=str(path[0]) if path else "")
    cell = path[1] if len(path) > 1 and isinstance(path[1], int) else None
    part = str(path[2]) if len(path) > 2 else _part_of(decision)
    return Conflict(cell=cell, part=part)


def _part_of(decision: Any) -> str:
    """The one part of a cell that both changed, where there is one."""
    keys = {
        str(step.key)
        for side in (decision.local_diff, decision.remote_diff)
        for step in side or ()
        if isinstance(step.key, str)
    }
    return keys.pop() if len(keys) == 1 else ""
