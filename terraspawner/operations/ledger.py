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
from terraspawner.operations import activity, audit, lease_endings
from terraspawner.operations.audit import Change
from terraspawner.operations.context import HUB, Context

USES_DISK = frozenset({State.CREATING, State.STARTING, State.RUNNING, State.FREEZING, State.FROZEN, State.PAUSING})
"""States in which something may write to the disk."""
_HAS_RUN = frozenset({State.RUNNING, State.FREEZING, State.FROZEN})
"""States in which its container came up, with all of its volumes."""
_IS_ASKED_FOR = frozenset({Event.PAUSE, Event.STOPPED})
"""What the Hub carries out because somebody asked for it."""
_RELEASES = frozenset({State.FROZEN, State.PAUSED, State.DELETING, State.NONE})
"""States in which no session of an environment saves any more: while it is being paused or frozen it still does."""
_BY_ITS_PERSON = frozenset({Event.START, Event.WAKE})
"""Nobody starts another's: whoever asked the Hub for it was its person."""


def move(
    context: Context, connection: sa.Connection, environment: Environment, event: Event, **values: Any
) -> Environment:
    """One step of the life cycle, with its interval in the ledger (J2) and its line in the audit (B7)."""
    state = next_state(environment.state, event)
    records.update_environment(connection, environment.id, state=str(state), since=context.now(), **values)
    if environment.state in USES_DISK:
        disk_records.update_disk(connection, environment.disk_id, last_used_at=context.now())
    if environment.state in _HAS_RUN and environment.data_disk_id:
        disk_records.update_disk(connection, environment.data_disk_id, last_used_at=context.now())
    moved = load(connection, environment.id)
    if moved.state in _RELEASES:
        lease_endings.release_of_environment(context, connection, moved.id)
    activity.follow(context, connection, moved, event)
    note_interval(context, connection, moved)
    note_change(context, connection, environment, moved, event, reason=str(values.get("reason", "")))
    return moved


def note_change(
    context: Context,
    connection: sa.Connection,
    before: Environment | None,
    after: Environment,
    event: Event,
    *,
    reason: str = "",
) -> None:
    """A line in the audit. What the Hub carries out is the act of who asked for it."""
    actor, request, asked = context.origin.actor, "", after.asked
    if actor == HUB and event in _BY_ITS_PERSON:
        by_rule = "start" in asked and asked["start"] == str(after.start_number + 1)
        actor, reason = (asked["actor"], reason or asked["why"]) if by_rule else (after.user, reason)
    if actor == HUB and event in _IS_ASKED_FOR and asked and "start" not in asked:
        actor, request, reason = asked["actor"], asked["request"], reason or asked["why"]
    change = Change(
        old=str(before.state if before else State.NONE), new=str(after.state), person=after.user, reason=reason,
        at=records.workspace_by_id(connection, after.workspace_id),
    )  # fmt: skip
    audit.note(
        context, connection, actor=actor, action=f"environment-{event}", subject=f"environment:{after.id}",
        change=change, request=request,
    )  # fmt: skip


def note_asked(context: Context, environment_id: str, why: str = "") -> None:
    """Who asks that it be stopped, and why: the Hub, which carries it out, is not told."""
    with context.database.write() as connection:
        records.update_environment(connection, environment_id, asked=asked_by(context, context.origin.actor, why))


def asked_by(context: Context, actor: str, why: str) -> dict[str, str]:
    return {"actor": actor, "request": context.origin.request, "why": why}


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
    """One step of a disk's life, with its interval in the ledger and its line in the audit: the only way its state
    changes."""
    state = disks.next_state(disk.state, event)
    disk_records.update_disk(connection, disk.id, state=str(state), **values)
    at = records.workspace_by_id(connection, disk.workspace_id)
    audit.note(
        context, connection, actor=context.origin.actor, action=f"disk-{event}", subject=f"disk:{disk.id}",
        change=Change(old=str(disk.state), new=str(state), person=disk.user, at=at),
    )  # fmt: skip
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
        raise missing(environment_id)
    return environment


def missing(environment_id: str) -> EnvironmentMissing:
    return EnvironmentMissing(f"There is no environment {environment_id!r}.")


def prices(context: Context, size: Size | None = None) -> price.Prices:
    """What an environment of this size costs; that of the default size where there is none, or it has no prices."""
    rates = (size and size.rates) or context.catalogue.size_named(None).rates
    return price.Prices(
        running=rates.running,
        frozen=rates.frozen,
        paused=rates.paused,
        disk=Decimal(str(context.settings.price_disk)),
    )
