"""The trash: what was deleted waits here for its time, is restored, or is purged.

What shall be destroyed is written into its row first; the worker carries it out from there, again if need be, so that a
kill at any point leaves either everything or a row that is gone on from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import sqlalchemy as sa

from terraspawner.db import disk_records, member_records, records, trash_records
from terraspawner.domain import price
from terraspawner.domain import trash as rules
from terraspawner.domain.access import Action, permits
from terraspawner.domain.disk import DiskEvent, DiskState
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.trash import Item, ItemEvent, ItemState, Kind
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import Refused, TerraError, TrashMissing, Unavailable
from terraspawner.operations import (
    audit,
    ledger,
    libraries,
    trashed_disks,
    trashed_environments,
    trashed_files,
    trashed_folders,
    trashed_notebooks,
    trashed_workspaces,
)
from terraspawner.operations.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Trashed:
    """An item as people see it. `price_per_month` is what it costs until it is purged.

    Of an environment: itself, `price_per_hour` of its container, the state of the `disk` that it had, and the
    `obstacle` that keeps it from coming back now, with what to do. Of a disk: `along` are the items of environments
    that go for good with it.
    """

    item: Item
    workspace: Workspace
    price_per_month: Decimal
    environment: Environment | None = None
    price_per_hour: Decimal = Decimal(0)
    disk: DiskState | None = None
    obstacle: str = ""
    along: tuple[str, ...] = ()


def list_trash(context: Context, user: str) -> list[Trashed]:
    """What `user` may restore, the last first: own environments and disks, notebooks and files of workspaces where
    `user` may write them, and workspaces and libraries that were `user`'s to delete."""
    with context.database.read() as connection:
        own = [
            item
            for kind in (Kind.ENVIRONMENT, Kind.DISK)
            for item in trash_records.items_there(connection, kind=kind, user=user)
        ]
        writable = {
            held.workspace.id
            for held in member_records.memberships_of(connection, user)
            if permits(held.standing, Action.WRITE_NOTEBOOKS)
        }
        shared = [
            item
            for kind in _OF_WORKSPACES
            for item in trash_records.items_there(connection, kind=kind, within=writable)
        ]
        owned = {
            held.workspace.id
            for held in member_records.memberships_of(connection, user, in_trash=True)
            if permits(held.standing, Action.DELETE_WORKSPACE)
        }
        whole = [
            item
            for kind in (Kind.WORKSPACE, Kind.LIBRARY)
            for item in trash_records.items_there(connection, kind=kind, within=owned)
        ]
        found = sorted([*own, *shared, *whole], key=lambda item: item.trashed_at, reverse=True)
        return _described(context, connection, found)


def describe(context: Context, item: Item) -> Trashed:
    """An item that the caller knows of, as people see it."""
    with context.database.read() as connection:
        return _described(context, connection, [item])[0]


def restore(context: Context, *, user: str, item_id: str, name: str | None = None) -> Trashed:
    """Have it back, a notebook, a file, a folder or a workspace under another `name` if that is said. The files of a
    folder come one after the other, after this (`trashed_folders`).

    Raises `TrashMissing`, `WrongState` where it is too late, `NameTaken` where something else has its name by now,
    `Refused` for a name that it cannot have; of an environment also `WrongState`, `DiskAttached` and `NotAllowed`, as
    `trashed_environments` says.
    """
    with context.database.read() as connection:
        item = _one(connection, user, item_id)
    event = ItemEvent.BRING_BACK if item.kind is Kind.FOLDER else ItemEvent.RESTORE
    rules.next_state(item.state, event)
    if item.kind is Kind.NOTEBOOK:
        trashed_notebooks.put_back(context, item, name, user)
    elif item.kind is Kind.FILE:
        trashed_files.put_back(context, item, name)
    elif item.kind is Kind.FOLDER:
        item = trashed_folders.going_back(context, item, name)
    elif item.kind in _ONES_OWN and name is not None:
        raise Refused(f"The {item.kind} has no name that could be changed.")
    with context.database.write() as connection:
        now = _one(connection, user, item_id)
        state = rules.next_state(now.state, event)
        if item.kind is Kind.DISK:
            trashed_disks.move(context, connection, item, DiskEvent.RESTORE)
        if item.kind is Kind.ENVIRONMENT:
            trashed_environments.put_back(context, connection, item)
        if item.kind is Kind.WORKSPACE:
            trashed_workspaces.put_back(connection, item, name)
        if item.kind is Kind.LIBRARY:
            libraries.put_back(connection, item, name)
        is_back = state is ItemState.RESTORED
        trash_records.set_state(connection, item.id, state, context.now() if is_back else None)
        trash_records.change(connection, item.id, subject=item.subject)
        _note(context, connection, user, "trash-restored", item)
        (described,) = _described(context, connection, [replace(now, subject=item.subject, state=state)])
    if item.kind is Kind.NOTEBOOK:
        trashed_notebooks.forget(context, item)
    return described


def purge(context: Context, *, user: str, item_id: str) -> Trashed:
    """Write that it shall be gone for good, now. Raises `TrashMissing`; asking again is no error."""
    with context.database.write() as connection:
        item = _one(connection, user, item_id)
        if item.state is not ItemState.PURGING:
            begin_purge(context, connection, item)
            _note(context, connection, user, "trash-purged", item)
        return _described(context, connection, [_one(connection, user, item_id)])[0]


AT_ONCE = 200
"""In one transaction: more would keep all others from writing for seconds. The next sweep goes on."""


def begin_due(context: Context, most: int = AT_ONCE) -> int:
    """Write down those whose time is over, some at a time; returns how many there were."""
    now = context.now()
    with context.database.read() as connection:
        if not trash_records.items_due(connection, now):
            return 0  # no writing transaction at each sweep
    with context.database.write() as connection:
        due = [item for item in trash_records.items_due(connection, now) if item.is_due(now)][:most]
        for item in due:
            now_of_it = trash_records.item_by_id(connection, item.id)
            if now_of_it is None or now_of_it.state is not ItemState.HELD:
                continue  # it went along with another one
            begin_purge(context, connection, item)
            _note(context, connection, PURGER, "trash-purged", item)
        return len(due)


PURGER = "(trash)"
"""The actor in the audit where time was over; no account can be called that."""


# --- notebooks and files ---


def purge_kept(context: Context) -> None:
    """Delete the bytes of what shall be gone, for some seconds: the next sweep goes on. A bucket's trouble holds up no
    other's, and is raised at the end."""
    with context.database.read() as connection:
        going = [item for kind in _SINGLE for item in trash_records.items_purging(connection, kind)]
    until, is_begun, away, wrong = context.now() + trashed_folders.AT_ONCE, False, set[str](), None
    for item in going:
        if is_begun and context.now() >= until:
            break
        if item.workspace_id in away:
            continue
        try:
            (trashed_files if item.kind is Kind.FILE else trashed_notebooks).forget(context, item)
        except TerraError as error:
            if isinstance(error, Unavailable):
                away.add(item.workspace_id)
            wrong = error
            continue
        with context.database.write() as connection:
            trash_records.set_state(connection, item.id, ItemState.PURGED, context.now())
        is_begun = True
    if wrong:
        raise wrong


# --- steps ---


def begin_purge(context: Context, connection: sa.Connection, item: Item) -> None:
    """Write that it shall be gone for good: from here on there is no way back."""
    trash_records.set_state(connection, item.id, rules.next_state(item.state, ItemEvent.PURGE))
    if item.kind is Kind.DISK:
        trashed_disks.move(context, connection, item, DiskEvent.PURGE)
        for environment in records.environments_in_trash(connection, disk_id=item.subject):
            trashed_environments.begin_purge(context, connection, environment)
    if item.kind is Kind.ENVIRONMENT:
        trashed_environments.begin_purge(context, connection, ledger.load(connection, item.subject))


_ONES_OWN = frozenset({Kind.DISK, Kind.ENVIRONMENT})
_SINGLE = (Kind.NOTEBOOK, Kind.FILE)
_OF_WORKSPACES = (*_SINGLE, Kind.FOLDER)


def _one(connection: sa.Connection, user: str, item_id: str) -> Item:
    item = trash_records.item_by_id(connection, item_id)
    if item is None or item.state is ItemState.PURGED or not _is_for(connection, user, item):
        raise TrashMissing
    return item


def _is_for(connection: sa.Connection, user: str, item: Item) -> bool:
    """An environment and a disk are their person's alone; a notebook, a file and a folder are the workspace's, a
    workspace its owners': for those who could have deleted it."""
    if item.kind in _ONES_OWN:
        return item.user == user
    if item.kind in (Kind.WORKSPACE, Kind.LIBRARY):
        is_there = item.state is ItemState.RESTORED
        owner = member_records.membership_in(connection, user, item.workspace_id, in_trash=not is_there)
        return owner is not None and bool(permits(owner.standing, Action.DELETE_WORKSPACE))
    held = member_records.membership_in(connection, user, item.workspace_id)
    return held is not None and bool(permits(held.standing, Action.WRITE_NOTEBOOKS))


def _described(context: Context, connection: sa.Connection, items: Sequence[Item]) -> list[Trashed]:
    """A disk costs for its size, a workspace for the disks that went into the trash with it, an environment what it
    costs paused."""
    places = records.workspaces_by_id(connection, {item.workspace_id for item in items})
    whole = {item.subject for item in items if item.kind is Kind.WORKSPACE}
    sizes = disk_records.kept_sizes(connection, whole) if whole else {}
    sizes |= {item.subject: item.size or 0 for item in items if item.kind is Kind.DISK}
    prices = ledger.prices(context)
    return [
        Trashed(
            item=item,
            workspace=places[item.workspace_id],
            price_per_month=price.disk_per_month(prices, sizes.get(item.subject, 0)),
            along=_along(connection, item),
        )
        if item.kind is not Kind.ENVIRONMENT
        else _environment(context, connection, item, places[item.workspace_id])
        for item in items
    ]


def _environment(context: Context, connection: sa.Connection, item: Item, at: Workspace) -> Trashed:
    here = ledger.load(connection, item.subject)
    disk = disk_records.disk_by_id(connection, here.disk_id)
    prices = ledger.prices(context, here.size)
    hourly = price.per_hour(prices, State.TRASHED)
    is_held = item.state is ItemState.HELD
    return Trashed(
        item=item,
        workspace=at,
        price_per_month=price.per_month(prices, hourly, 0),
        environment=here,
        price_per_hour=hourly,
        disk=disk.state if disk else None,
        obstacle=trashed_environments.obstacle(connection, here) if is_held else "",
    )


def _along(connection: sa.Connection, item: Item) -> tuple[str, ...]:
    """The items of environments that have this disk."""
    if item.kind is not Kind.DISK:
        return ()
    here = records.environments_in_trash(connection, disk_id=item.subject)
    found = (trash_records.item_of(connection, Kind.ENVIRONMENT, each.id) for each in here)
    return tuple(each.id for each in found if each is not None)


def _note(context: Context, connection: sa.Connection, actor: str, action: str, item: Item) -> None:
    audit.note(
        context, connection, actor=actor, action=action, subject=f"{item.kind}:{item.subject}"[:255], name=item.name
    )
