"""The libraries of a drive with their first notebooks, beside each other."""

from __future__ import annotations

from dataclasses import dataclass

from terraspawner.domain.library import NAMESPACE, Shown
from terraspawner.domain.notebook_list import Wanted
from terraspawner.errors import Unavailable, WorkspaceMissing
from terraspawner.operations import drives, notebook_lists
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo

FIRST = 10
"""So many notebooks of each library are shown beside each other; all of them on the library's own page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A library of a drive with its first notebooks, by path, of `total`; `is_away` where they cannot be read now."""

    shown: Shown
    notebooks: tuple[NotebookInfo, ...]
    total: int
    is_away: bool = False

    @property
    def more(self) -> bool:
        return self.total > len(self.notebooks)


def notebooks_on(context: Context, user: str) -> list[Shelf]:
    """The libraries on the drives of `user`; one that cannot be read now is without notebooks."""
    with context.database.read() as connection:
        found = drives.on_drive_of(connection, user)
    until = context.now() + drives.FOR_OUTSIDE
    return [
        _away(each) if each.is_outside and context.now() >= until else _shelf(context, user, each) for each in found
    ]


def _shelf(context: Context, user: str, each: Shown) -> Shelf:
    try:
        page = notebook_lists.list_page(
            context, user=user, namespace=NAMESPACE, name=each.id, wanted=Wanted(limit=FIRST)
        )
    except (Unavailable, WorkspaceMissing):  # its folder does not answer; it was withdrawn in this moment
        return _away(each)
    return Shelf(shown=each, notebooks=tuple(page.items), total=page.total)


def _away(each: Shown) -> Shelf:
    return Shelf(shown=each, notebooks=(), total=0, is_away=True)
