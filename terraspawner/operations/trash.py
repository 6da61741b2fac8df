"""The trash: what was deleted waits here for its time, is restored, or is purged.

What shall be destroyed is written into its row first; the worker carries it out from there, again if need be, so that a
kill at any point leaves either everything or a row that is gone on from. How each kind comes back and goes for good
stands with its kind (`_restored`, `_purging`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from terraspawner.db import disk_records, records, trash_records
from terraspawner.domain import price
from terraspawner.domain import trash as rules
from terraspawner.domain.disk import Disk, DiskEvent, DiskState
from terraspawner.domain.trash import Item, ItemEvent, ItemState, Kind
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import TrashMissing
from terraspawner.operations import audit, ledger
from terraspawner.operations.context import Context, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Trashed:
    """An item as people see it. `price_per_month` is what it costs until it is purged."""

    item: Item
    workspace: Workspace
    price_per_month: Decimal


def put(
    context: Context,
    connection: sa.Connection,
    *,
    kind: Kind,
    subject: str,
    workspace_id: str,
    user: str,
    name: str,
    size: int | None,
    by: str,
) -> Item:
    """A new item, in the transaction that takes the thing away from where it was."""
    now = context.now()
    item = Item(
        id=new_id(),
        kind=kind,
        subject=subject,
        workspace_id=workspace_id,
        user=user,
        name=name,
        size=size,
        state=ItemState.HELD,
        trashed_at=now,
        trashed_by=by,
        purge_at=rules.purge_time(now, context.settings.trash_days),
    )
    trash_records.insert_item(connection, item)
    return item


def list_trash(context: Context, user: str) -> list[Trashed]:
    """What `user` may restore, the last first."""
    with context.database.read() as connection:
        return [_described(context, connection, item) for item in trash_records.items_there(connection, user=user)]


def describe(context: Context, item: Item) -> Trashed:
    """An item that the caller knows of, as people see it."""
    with context.database.read() as connection:
        return _described(context, connection, item)


def of_disks(connection: sa.Connection) -> dict[str, Item]:
    """The items of disks, by the disk's id."""
    return {item.subject: item for item in trash_records.items_there(connection, kind=Kind.DISK)}


def restore(context: Context, *, user: str, item_id: str) -> Trashed:
    """Have it back. Raises `TrashMissing`, `WrongState` where it is too late."""
    with context.database.write() as connection:
        item = _one(connection, user, item_id)
        state = rules.next_state(item.state, ItemEvent.RESTORE)
        _restored(context, connection, item)
        trash_records.set_state(connection, item.id, state, context.now())
        _note(context, connection, user, "trash-restored", item)
        return _described(context, connection, _one(connection, user, item_id))


def purge(context: Context, *, user: str, item_id: str) -> Trashed:
    """Write that it shall be gone for good, now. Raises `TrashMissing`; asking again is no error."""
    with context.database.write() as connection:
        item = _one(connection, user, item_id)
        if item.state is not ItemState.PURGING:
            _begin(context, connection, item)
            _note(context, connection, user, "trash-purged", item)
        return _described(context, connection, _one(connection, user, item_id))


def begin_due(context: Context) -> int:
    """Write down all whose time is over; returns how many there were."""
    now = context.now()
    with context.database.read() as connection:
        if not trash_records.items_due(connection, now):
            return 0  # no writing transaction at each sweep
    with context.database.write() as connection:
        due = [item for item in trash_records.items_due(connection, now) if item.is_due(now)]
        for item in due:
            _begin(context, connection, item)
            _note(context, connection, PURGER, "trash-purged", item)
        return len(due)


PURGER = "(trash)"
"""The actor in the audit where time was over; no account can be called that."""


# --- disks ---


def disks_to_delete(context: Context) -> list[Disk]:
    with context.database.read() as connection:
        return disk_records.disks_in(connection, DiskState.DELETING)


def finish_disk_delete(context: Context, disk_id: str) -> None:
    """The volume is gone. Saying it again changes nothing."""
    with context.database.write() as connection:
        disk = disk_records.disk_by_id(connection, disk_id)
        if disk is None or disk.state is not DiskState.DELETING:
            return
        ledger.move_disk(context, connection, disk, DiskEvent.PURGED)
        item = trash_records.item_of(connection, Kind.DISK, disk_id)
        if item is not None:
            trash_records.set_state(connection, item.id, rules.next_state(item.state, ItemEvent.PURGED), context.now())


# --- steps ---


def _restored(context: Context, connection: sa.Connection, item: Item) -> None:
    disk = disk_records.disk_by_id(connection, item.subject)
    assert disk is not None, "its row is kept for the ledger"  # noqa: S101 - for the type checker
    ledger.move_disk(context, connection, disk, DiskEvent.RESTORE)


def _begin(context: Context, connection: sa.Connection, item: Item) -> None:
    trash_records.set_state(connection, item.id, rules.next_state(item.state, ItemEvent.PURGE))
    disk = disk_records.disk_by_id(connection, item.subject)
    assert disk is not None, "its row is kept for the ledger"  # noqa: S101 - for the type checker
    ledger.move_disk(context, connection, disk, DiskEvent.PURGE)


def _one(connection: sa.Connection, user: str, item_id: str) -> Item:
    item = trash_records.item_by_id(connection, item_id)
    if item is None or item.user != user or item.state is ItemState.PURGED:
        raise TrashMissing
    return item


def _described(context: Context, connection: sa.Connection, item: Item) -> Trashed:
    cost = price.disk_per_month(ledger.prices(context), item.size or 0) if item.kind is Kind.DISK else Decimal(0)
    workspace = records.workspace_by_id(connection, item.workspace_id)
    return Trashed(item=item, workspace=workspace, price_per_month=cost)


def _note(context: Context, connection: sa.Connection, actor: str, action: str, item: Item) -> None:
    audit.note(
        context, connection, actor=actor, action=action, subject=f"{item.kind}:{item.subject}"[:255], name=item.name
    )
