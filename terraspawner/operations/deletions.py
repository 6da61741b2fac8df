"""Deleting environments and disks: written into the row first, carried out from it, again if need be."""

from __future__ import annotations

from typing import Any

from terraspawner.db import interval_records, records
from terraspawner.domain.environment import Disk, DiskState, Environment, Event, State
from terraspawner.errors import DiskAttached, DiskMissing, OutboxNotEmpty
from terraspawner.operations import ledger
from terraspawner.operations.context import Context


def mark_deleting(
    context: Context, environment_id: str, *, deletes_disk: bool | None = None, loses_unsent: bool = False
) -> Environment:
    """Write that the environment shall go; everything after is carried out from this row, again if need be.

    `deletes_disk` None leaves what was said before (keep, unless said). Raises `OutboxNotEmpty` where the disk
    holds work that is not in the workspace and the user did not say that it may be lost.
    """
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if deletes_disk and environment.outbox_pending and not loses_unsent:
            raise OutboxNotEmpty(
                f"The disk holds {environment.outbox_pending} notebook(s) whose last changes are not in the workspace"
                " yet. Resume the environment so that they can be saved, or delete with force to lose them.",
                pending=environment.outbox_pending,
            )
        values: dict[str, Any] = {} if deletes_disk is None else {"deletes_disk": deletes_disk}
        if environment.state is not State.DELETING:
            ledger.move(context, connection, environment, Event.DELETE, key_hash=None, **values)
        elif values:
            records.update_environment(connection, environment.id, **values)
        return ledger.load(connection, environment_id)


def finish_delete(context: Context, environment_id: str) -> None:
    """The container is gone. The disk is detached, or marked for deletion where that was asked for."""
    now = context.now()
    with context.database.write() as connection:
        environment = records.environment_by_id(connection, environment_id)
        if environment is None or environment.state is not State.DELETING:
            return
        ledger.move(context, connection, environment, Event.DELETED, reason="")
        interval_records.close_interval(connection, environment.id, now)
        following = DiskState.DELETING if environment.deletes_disk else DiskState.DETACHED
        records.set_disk_state(connection, environment.disk_id, following)


def mark_disk_deleting(context: Context, *, user: str, disk_id: str) -> Disk:
    """Write that an unattached disk shall go. Raises `DiskMissing`, `DiskAttached`."""
    with context.database.write() as connection:
        disk = records.disk_by_id(connection, disk_id)
        if disk is None or disk.user != user or disk.state is DiskState.DELETED:
            raise DiskMissing(f"There is no disk {disk_id!r} of yours.")
        if disk.state is DiskState.ATTACHED:
            raise DiskAttached(f"The disk {disk_id} is attached to an environment. Delete the environment first.")
        records.set_disk_state(connection, disk_id, DiskState.DELETING)
        return disk


def disks_to_delete(context: Context) -> list[Disk]:
    with context.database.read() as connection:
        return records.disks_in(connection, DiskState.DELETING)


def finish_disk_delete(context: Context, disk_id: str) -> None:
    """The volume is gone."""
    with context.database.write() as connection:
        records.set_disk_state(connection, disk_id, DiskState.DELETED)
        interval_records.close_interval(connection, disk_id, context.now())
