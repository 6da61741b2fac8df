"""Environments on their way into the trash and back: the row stays, and so does the stopped container with its layer.

In the trash an environment is nobody's: its key is dead, the Hub knows nothing of it, its disk is kept for the next
one, and its person may have a newer one in the same workspace. Back it is the same row, paused, with the same
container, and with the disk that this container has; where that cannot be, a sentence says what has to be done first.
A container and its disk go for good in this order, as Docker removes no volume that a container refers to.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from terraspawner.db import disk_records, interval_records, member_records, records, trash_records
from terraspawner.domain import trash as rules
from terraspawner.domain.access import Action, permits
from terraspawner.domain.disk import Disk, DiskEvent, DiskState
from terraspawner.domain.environment import Environment, Event, State
from terraspawner.domain.trash import Item, ItemEvent, ItemState, Kind
from terraspawner.errors import DiskAttached, NotAllowed, TerraError, WrongState
from terraspawner.operations import audit, discarding, ledger
from terraspawner.operations.context import Context

BACK = "It was restored from the trash. Its container is the one that it had, with what was installed there."


def put(context: Context, connection: sa.Connection, environment: Environment, *, by: str) -> Item:
    """Its deletion is done, and its container is left."""
    return discarding.put_held(
        context, connection, environment, kind=Kind.ENVIRONMENT, called="environment in", size=None, by=by
    )


def put_back(context: Context, connection: sa.Connection, item: Item) -> None:
    """Paused again, with its container and its disk. Raises `WrongState`, `DiskAttached`, `NotAllowed`."""
    environment = ledger.load(connection, item.subject)
    _refuse(connection, environment)
    home, *_ = (_attach(context, connection, disk) for disk in _disks_of(connection, environment))
    was_used_since = home.last_used_at is not None and home.last_used_at > item.trashed_at
    told_of_its_disk: dict[str, Any] = {"unsent": [], "trees": None} if was_used_since else {}
    ledger.move(
        context, connection, environment, Event.RESTORE, reason=BACK, log="", kernels=[], terminals=None, asked={},
        deletes_disk=False, deletes_data_disk=False, outbox_pending=home.outbox_pending, **told_of_its_disk,
    )  # fmt: skip


def _attach(context: Context, connection: sa.Connection, disk: Disk) -> Disk:
    """To the environment that comes back; one in the trash leaves it."""
    for event in rules.DISK_OF_A_RESTORED[disk.state]:
        disk = ledger.move_disk(context, connection, disk, event)
        if event is DiskEvent.RESTORE and (own := trash_records.item_of(connection, Kind.DISK, disk.id)):
            state = rules.next_state(own.state, ItemEvent.RESTORE)
            trash_records.set_state(connection, own.id, state, context.now())
    return disk


def obstacle(connection: sa.Connection, environment: Environment) -> str:
    """Why it cannot be restored now, and what to do; empty where it can."""
    try:
        _refuse(connection, environment)
    except TerraError as error:
        return error.message
    return ""


def begin_purge(context: Context, connection: sa.Connection, environment: Environment) -> None:
    """Write that its container shall go; its disk is not touched. Again is no error."""
    if environment.state is not State.TRASHED:
        return
    ledger.move(context, connection, environment, Event.PURGE)
    item = trash_records.item_of(connection, Kind.ENVIRONMENT, environment.id)
    if item is not None and item.state is ItemState.HELD:
        trash_records.set_state(connection, item.id, rules.next_state(item.state, ItemEvent.PURGE))


def purging(context: Context) -> list[Environment]:
    with context.database.read() as connection:
        return records.environments_in(connection, frozenset({State.PURGING}))


def finish_purge(context: Context, environment_id: str) -> None:
    """The container is gone. Saying it again changes nothing."""
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if environment.state is not State.PURGING:
            return
        ledger.move(context, connection, environment, Event.DELETED, reason="")
        interval_records.close_interval(connection, environment.id, context.now())
        item = trash_records.item_of(connection, Kind.ENVIRONMENT, environment_id)
        if item is not None:
            trash_records.set_state(connection, item.id, rules.next_state(item.state, ItemEvent.PURGED), context.now())


def lost(context: Context, environment_id: str, reason: str) -> None:
    """Its container is not there any more, so there is nothing to restore: it leaves the trash."""
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        item = trash_records.item_of(connection, Kind.ENVIRONMENT, environment_id)
        if environment.state is State.TRASHED and item is not None:
            begin_purge(context, connection, environment)
            audit.note(
                context, connection, actor=context.origin.actor, action="trash-purged",
                subject=f"environment:{environment_id}", name=item.name, reason=reason,
            )  # fmt: skip


def _refuse(connection: sa.Connection, environment: Environment) -> None:
    """Raises what is in the way of a restore, the first first."""
    at = records.workspace_by_id(connection, environment.workspace_id)
    place = f"{at.namespace}/{at.name}"
    if at.trashed_at is not None:
        raise WrongState(
            f"The workspace {place} is in the trash. Restore it first, or ask one of its owners to; then restore your"
            " environment.",
            state=str(environment.state),
        )
    membership = member_records.membership_in(connection, environment.user, at.id)
    if membership is None:
        raise NotAllowed(
            f"You are no longer a member of {place}, so your environment there cannot come back. Ask an owner of the"
            " workspace to invite you."
        )
    if not (allowed := permits(membership.standing, Action.USE_ENVIRONMENT)):
        raise NotAllowed(
            f"In {place} {allowed.reason}, so your environment there cannot come back. Ask an owner of the workspace.",
            needed=allowed.needed,
        )
    for disk in _disks_of(connection, environment):
        _refuse_disk(disk, place)
    newer = records.environment_for(connection, at.id, environment.user)
    if newer is not None:
        raise WrongState(
            f"You have another environment in {place} by now, and everybody has one at a time. Delete that one (it goes"
            " into the trash in its turn), then restore this one.",
            environment=newer.id,
        )


def _refuse_disk(disk: Disk, place: str) -> None:
    if disk.state is DiskState.ATTACHED:
        raise DiskAttached(
            f"Its disk {disk.id} is attached to another environment of yours in {place} by now. Delete that one and"
            " keep its disk, then restore this one.",
            disk=disk.id,
        )
    if disk.state not in rules.DISK_OF_A_RESTORED:
        raise WrongState(
            f"Its disk {disk.id} was deleted for good, and without it the environment is of no use: delete it for good,"
            " too.",
            disk=disk.id,
        )


def _disks_of(connection: sa.Connection, environment: Environment) -> list[Disk]:
    """Those that its container has mounted, the home folder first."""
    ids = [environment.disk_id, *([environment.data_disk_id] if environment.data_disk_id else [])]
    found = disk_records.disks_by_id(connection, ids)
    return [found[each] for each in ids]  # their rows are kept for the ledger
