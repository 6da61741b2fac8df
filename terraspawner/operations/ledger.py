"""Every step of an environment's life, with its interval in the ledger (J2): the only way a state changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from terraspawner.db import disk_records, interval_records, records
from terraspawner.domain import disk as disks
from terraspawner.domain import price
from terraspawner.domain.disk import HOLDS_VOLUME, Disk, DiskEvent
from terraspawner.domain.environment import Environment, Event, State, next_state
from terraspawner.domain.size import Size
from terraspawner.errors import EnvironmentMissing
from terraspawner.operations.context import Context

USES_DISK = frozenset({State.CREATING, State.STARTING, State.RUNNING, State.FREEZING, State.FROZEN, State.PAUSING})
"""States in which something may write to the disk."""


def move(
    context: Context, connection: sa.Connection, environment: Environment, event: Event, **values: Any
) -> Environment:
    """One step of the life cycle, with its interval in the ledger (J2)."""
    state = next_state(environment.state, event)
    records.update_environment(connection, environment.id, state=str(state), since=context.now(), **values)
    if environment.state in USES_DISK:
        disk_records.update_disk(connection, environment.disk_id, last_used_at=context.now())
    moved = load(connection, environment.id)
    note_interval(context, connection, moved)
    return moved


def note_interval(context: Context, connection: sa.Connection, environment: Environment) -> None:
    interval_records.close_interval(connection, environment.id, context.now())
    interval_records.open_interval(
        connection,
        kind="environment",
        subject=environment.id,
        workspace_id=environment.workspace_id,
        user=environment.user,
        state=str(environment.state),
        size=environment.size,
        disk_size=0,
        price_per_hour=price.per_hour(
            prices(context, environment.size), environment.state, waits_for_turn=environment.waits_for_turn
        ),
        now=context.now(),
    )


def move_disk(context: Context, connection: sa.Connection, disk: Disk, event: DiskEvent, **values: Any) -> Disk:
    """One step of a disk's life, with its interval in the ledger: the only way its state changes."""
    state = disks.next_state(disk.state, event)
    disk_records.update_disk(connection, disk.id, state=str(state), **values)
    return note_disk_interval(context, connection, disk.id)


def note_disk_interval(context: Context, connection: sa.Connection, disk_id: str) -> Disk:
    """What it is now, and costs, from now on; nothing more once its volume is gone."""
    interval_records.close_interval(connection, disk_id, context.now())
    disk = disk_records.disk_by_id(connection, disk_id)
    assert disk is not None, "its row is kept for the ledger"  # noqa: S101 - for the type checker
    if disk.state in HOLDS_VOLUME:
        interval_records.open_interval(
            connection,
            kind="disk",
            subject=disk.id,
            workspace_id=disk.workspace_id,
            user=disk.user,
            state=str(disk.state),
            size=Size(cpu=0, memory=0),
            disk_size=disk.size,
            price_per_hour=price.disk_per_hour(prices(context), disk.size),
            now=context.now(),
        )
    return disk


def load(connection: sa.Connection, environment_id: str) -> Environment:
    environment = records.environment_by_id(connection, environment_id)
    if environment is None:
        raise EnvironmentMissing(f"There is no environment {environment_id!r}.")
    return environment


def prices(context: Context, size: Size | None = None) -> price.Prices:
    """What an environment of this size costs; that of the default size where there is none, or it has no prices."""
    rates = (size and size.rates) or context.catalogue.size_named(None).rates
    return price.Prices(
        running=rates.running,
        frozen=rates.frozen,
        paused=rates.paused,
        disk=Decimal(str(context.settings.price_disk)),
    )
