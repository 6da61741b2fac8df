"""Drives: what of the libraries the drive of an environment shows. Whoever mounts it makes the view exactly that."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from terraspawner.db import group_records, library_records, records
from terraspawner.domain.environment import Environment
from terraspawner.domain.library import NAMESPACE, Shown, shown
from terraspawner.domain.notebook_list import Wanted
from terraspawner.errors import Unavailable, WorkspaceMissing
from terraspawner.operations import notebook_lists
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo

FIRST = 10
"""So many notebooks of each library are shown beside each other; all of them on the library's own page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A library of a drive with its first notebooks, by path, of `total`."""

    shown: Shown
    notebooks: tuple[NotebookInfo, ...]
    total: int

    @property
    def more(self) -> bool:
        return self.total > len(self.notebooks)


def view_of(context: Context, environment: Environment) -> tuple[Shown, ...]:
    """What the drive of `environment` shows now, by folder and name; nothing where its workspace has no drive."""
    with context.database.read() as connection:
        if not records.workspace_by_id(connection, environment.workspace_id).has_drive:
            return ()
        return on_drive_of(connection, environment.user)


def on_drive_of(connection: sa.Connection, user: str) -> tuple[Shown, ...]:
    """What the drives of `user` show."""
    groups = frozenset(group_records.groups_of(connection, user))
    return shown(library_records.libraries_of(connection, user), user, groups)


def notebooks_on(context: Context, user: str) -> list[Shelf]:
    """The libraries on the drives of `user` with their notebooks; one that cannot be read now is without any."""
    with context.database.read() as connection:
        found = on_drive_of(connection, user)
    return [_shelf(context, user, each) for each in found]


def _shelf(context: Context, user: str, each: Shown) -> Shelf:
    wanted = Wanted(limit=FIRST)
    try:
        page = notebook_lists.list_page(context, user=user, namespace=NAMESPACE, name=each.id, wanted=wanted)
    except (Unavailable, WorkspaceMissing):  # its folder does not answer; it was withdrawn in this moment
        return Shelf(shown=each, notebooks=(), total=0)
    return Shelf(shown=each, notebooks=tuple(page.items), total=page.total)
