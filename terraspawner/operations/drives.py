"""Drives: what of the libraries they show, and where an address below a drive workspace leads.

Whoever mounts a drive makes its view exactly `on_drive_of`. Notebooks have addresses below a drive workspace as well,
by the name that their library has on the caller's drive: ``Survey (ada)/a.ipynb``. So JupyterLab in an environment has
all libraries of its person below the one folder ``edit/``, and knows of none of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from terraspawner.db import group_records, library_records, member_records, records
from terraspawner.domain.access import Action, permits
from terraspawner.domain.environment import State
from terraspawner.domain.library import NAMESPACE, OF_BUCKETS, ON_A_DRIVE, Shown, shown
from terraspawner.domain.workspace import DRIVE, Workspace
from terraspawner.errors import NotebookMissing, Refused
from terraspawner.operations import names_given, workspaces
from terraspawner.operations.context import Context

FOR_OUTSIDE = timedelta(seconds=3)
"""So long who looks at all of a drive waits for libraries from outside. Others shared them, and their servers may hang:
those that are not asked by then are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where an address leads. `library` is the id of the one that it goes through, `shelf` its name on the drive and
    `path` what follows that; all empty where the workspace has notebooks of its own."""

    library: str = ""
    shelf: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where notebooks of a workspace are: what their paths `begin` with there, and the workspace that they are in."""

    begin: str
    at: Workspace
    is_outside: bool = False


def on_drive_of(connection: sa.Connection, user: str) -> tuple[Shown, ...]:
    """What the drives of `user` show now, by folder and name. Not more than there may be: a view that is refused as a
    whole would go on showing what was withdrawn."""
    groups = frozenset(group_records.groups_of(connection, user))
    return shown(library_records.libraries_of(connection, user), user, groups)[:ON_A_DRIVE]


def reach(
    context: Context, *, user: str, namespace: str, name: str, path: str | None, actions: Collection[Action]
) -> Reach:
    """Where `user` comes to by the notebook's `path` below this workspace, or by its own address where that is None,
    and may do all of `actions`: what is done to notebooks to the library that the path goes through.

    Raises `WorkspaceMissing`, `NotAllowed`, `NotebookMissing` where no library on the drive is called so.
    """
    with context.database.read() as connection:
        at = workspaces.member(connection, user=user, namespace=namespace, name=name)
        found = _through(connection, user, path) if at.workspace.has_drive and path is not None else Reach()
        for action in actions:
            through = found.library and action in OF_BUCKETS
            here = workspaces.member(connection, user=user, namespace=NAMESPACE, name=found.library) if through else at
            if not (at.workspace.has_drive and path is None and action is Action.READ_NOTEBOOKS):
                workspaces.allowed(here, action)  # a drive's list is those of its libraries, each asked by itself
        return found


def shelves(context: Context, *, user: str, namespace: str, name: str, action: Action) -> list[Shelf]:
    """Where the notebooks of a workspace are, if `user` may do `action` there: in itself; those of a drive workspace in
    the libraries on the drive of `user`.

    Raises `WorkspaceMissing`, `NotAllowed`.
    """
    with context.database.read() as connection:
        at = workspaces.member(connection, user=user, namespace=namespace, name=name)
        if not at.workspace.has_drive:
            return [Shelf(begin="", at=workspaces.allowed(at, action).workspace)]
        found = on_drive_of(connection, user)
        there = records.workspaces_by_id(connection, {each.id for each in found})
        return [Shelf(begin=f"{each.name}/", at=there[each.id], is_outside=each.is_outside) for each in found]


def desk_of(context: Context, user: str) -> Workspace | None:
    """The drive workspace in which a library's notebooks open for `user`: one that runs, else the first by name. None
    where there is none in which `user` may have an environment."""
    with context.database.read() as connection:
        held = member_records.memberships_of(connection, user, storage=DRIVE)
        desks = [each.workspace for each in held if permits(each.standing, Action.USE_ENVIRONMENT)]
        up = {each.workspace_id for each in records.environments_of(connection, user) if each.state in _UP}
    return next(iter(sorted(desks, key=lambda desk: desk.id not in up)), None)


_UP = frozenset({State.STARTING, State.RUNNING, State.FREEZING, State.FROZEN})


def _through(connection: sa.Connection, user: str, path: str) -> Reach:
    shelf, _, rest = path.partition("/")
    called = unicodedata.normalize("NFC", shelf)
    found = next((each for each in on_drive_of(connection, user) if each.name == called), None)
    if found is None and not rest:
        raise Refused(
            "A notebook of a drive workspace lies in a library. Put it into a folder that is called like a library on"
            " your drive."
        )
    if found is None:
        raise NotebookMissing(
            f"There is no library {names_given.shown(shelf)} on your drive. It may have been renamed, or is no longer"
            " shared with you."
        )
    return Reach(library=found.id, shelf=found.name, path=rest)
