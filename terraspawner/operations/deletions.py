"""Deleting environments: written into the row first, carried out from it, again if need be.

A disk that goes with its environment goes into the trash (`operations.trash`), from where it can be had back.
"""

from __future__ import annotations

from typing import Any

from terraspawner.db import interval_records, records
from terraspawner.domain.environment import Environment, Event, State
from terraspawner.operations import disks, ledger
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
            raise disks.unsent(environment.outbox_pending)
        values: dict[str, Any] = {} if deletes_disk is None else {"deletes_disk": deletes_disk}
        if environment.state is not State.DELETING:
            ledger.move(context, connection, environment, Event.DELETE, key_hash=None, **values)
        elif values:
            records.update_environment(connection, environment.id, **values)
        return ledger.load(connection, environment_id)


def finish_delete(context: Context, environment_id: str) -> None:
    """The container is gone. The disk is kept, or put into the trash where that was asked for."""
    now = context.now()
    with context.database.write() as connection:
        environment = records.environment_by_id(connection, environment_id)
        if environment is None or environment.state is not State.DELETING:
            return
        ledger.move(context, connection, environment, Event.DELETED, reason="")
        interval_records.close_interval(connection, environment.id, now)
        disk = disks.detach(context, connection, environment)
        if disk is not None and environment.deletes_disk:
            disks.put_into_trash(context, connection, disk, by=environment.user)
