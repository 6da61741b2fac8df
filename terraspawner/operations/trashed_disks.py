"""Disks in the trash, or on their way out of it for good."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import disk_records, records, trash_records
from terraspawner.domain import trash as rules
from terraspawner.domain.disk import Disk, DiskEvent, DiskState
from terraspawner.domain.trash import Item, ItemEvent, Kind
from terraspawner.operations import ledger
from terraspawner.operations.context import Context


def move(context: Context, connection: sa.Connection, item: Item, event: DiskEvent) -> None:
    """With the item that it is in the trash."""
    disk = disk_records.disk_by_id(connection, item.subject)
    assert disk is not None, "its row is kept for the ledger"  # noqa: S101 - for the type checker
    ledger.move_disk(context, connection, disk, event)


def to_delete(context: Context) -> list[Disk]:
    """Those that no container of an environment in the trash refers to any more: Docker would refuse."""
    with context.database.read() as connection:
        going = disk_records.disks_in(connection, DiskState.DELETING)
        return [disk for disk in going if not records.environments_in_trash(connection, disk_id=disk.id)]


def finish_delete(context: Context, disk_id: str) -> None:
    """The volume is gone. Saying it again changes nothing."""
    with context.database.write() as connection:
        disk = disk_records.disk_by_id(connection, disk_id)
        if disk is None or disk.state is not DiskState.DELETING:
            return
        ledger.move_disk(context, connection, disk, DiskEvent.PURGED)
        item = trash_records.item_of(connection, Kind.DISK, disk_id)
        if item is not None:
            trash_records.set_state(connection, item.id, rules.next_state(item.state, ItemEvent.PURGED), context.now())
