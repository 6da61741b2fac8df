"""Deleting environments: written into the row first, carried out from it, again if need be.

What came up once goes into the trash with its stopped container (`operations.trashed_environments`), and a disk that
goes with its environment does so (`operations.trash`); from there they can be had back.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from terraspawner.db import interval_records, records
from terraspawner.domain.environment import DESTROYED, Environment, Event, State
from terraspawner.domain.unsaved import joined, unsent
from terraspawner.operations import data_disks, disks, ledger, trash, trashed_environments
from terraspawner.operations.context import Context


def mark_deleting(
    context: Context,
    environment_id: str,
    *,
    deletes_disk: bool | None = None,
    deletes_data_disk: bool | None = None,
    loses_unsent: bool = False,
) -> Environment:
    """Write that the environment shall go; everything after is carried out from this row, again if need be.

    `deletes_disk` and `deletes_data_disk` None leave what was said before (keep, unless said). Raises `OutboxNotEmpty`
    where the disk holds work that is not in the workspace and the user did not say that it may be lost.
    """
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if deletes_disk and environment.outbox_pending and not loses_unsent:
            raise disks.unsent(environment.outbox_pending, **({"data_disk": "delete"} if deletes_data_disk else {}))
        wishes = {"deletes_disk": deletes_disk, "deletes_data_disk": deletes_data_disk}
        values: dict[str, Any] = {name: wish for name, wish in wishes.items() if wish is not None}
        if environment.state is not State.DELETING:
            asked = ledger.asked_by(context, context.origin.actor, "")
            ledger.move(context, connection, environment, Event.DELETE, key_hash=None, asked=asked, **values)
        elif values:
            records.update_environment(connection, environment.id, **values)
        return ledger.load(connection, environment_id)


def begin_by_rule(
    context: Context, connection: sa.Connection, environment: Environment, *, by: str, why: str, destroys: bool = False
) -> None:
    """The same for a rule, in the transaction that writes down why: with its disk, which nothing waits on. What it
    `destroys` goes past the trash, a data disk included."""
    if environment.outbox_pending:
        raise disks.unsent(environment.outbox_pending)
    asked = ledger.asked_by(context, by, why) | (DESTROYED if destroys else {})
    ledger.move(
        context, connection, environment, Event.DELETE, key_hash=None, deletes_disk=True, deletes_data_disk=destroys,
        reason=why, asked=asked,
    )  # fmt: skip


def finish_destroying(context: Context, environment_id: str, unsent: int) -> None:
    """Container and Hub have let go of it. Its disks go now, unless somebody said meanwhile that they shall be kept.

    `unsent` saves were found in the outbox on its disk, of which nobody had told: then that is kept, and the next
    environment of its person in the workspace sends them.
    """
    with context.database.write() as connection:
        here = records.environment_by_id(connection, environment_id)
        if here is None or here.state is not State.DELETING:
            return
        ledger.move(context, connection, here, Event.DELETED, reason="")
        interval_records.close_interval(connection, here.id, context.now())
        home = disks.detach(context, connection, here, unsent)
        data = data_disks.detach(context, connection, here.data_disk_id) if here.data_disk_id else None
        going = [(home, here.deletes_disk and not unsent), (data, here.deletes_data_disk)]
        for disk in (disk for disk, goes in going if disk is not None and goes):
            item = disks.put_into_trash(context, connection, disk, by=here.asked.get("actor") or here.user)
            trash.begin_purge(context, connection, item)


def finish_delete(context: Context, environment_id: str, container_id: str = "") -> None:
    """The Hub has let go of it, and `container_id` is the stopped container that is left; empty where none is.

    It goes into the trash with that if it came up in it, and else is gone. Its disks are kept, or put into the trash
    where that was asked for.
    """
    with context.database.write() as connection:
        environment = records.environment_by_id(connection, environment_id)
        if environment is None or environment.state is not State.DELETING:
            return
        by = environment.asked.get("actor") or environment.user
        if environment.came_up_in(container_id):
            # where a rule put it there its person reads that, and what it could not send, whoever did
            why = joined(environment.asked.get("why", ""), unsent(environment.outbox_pending, environment.unsent))
            ledger.move(context, connection, environment, Event.TRASHED, reason=why)
            trashed_environments.put(context, connection, environment, by=by)
        else:
            ledger.move(context, connection, environment, Event.DELETED, reason="")
            interval_records.close_interval(connection, environment.id, context.now())
        disk = disks.detach(context, connection, environment)
        if disk is not None and environment.deletes_disk:
            disks.put_into_trash(context, connection, disk, by=by)
        data = data_disks.detach(context, connection, environment.data_disk_id) if environment.data_disk_id else None
        if data is not None and environment.deletes_data_disk:
            disks.put_into_trash(context, connection, data, by=by)
