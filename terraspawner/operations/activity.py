"""What environments do, written down as it is heard: the rows that `stops` decides by.

A row begins when an environment comes up and goes on over a freeze, with the age of the start; what it was busy with
begins anew when its person wakes it. While it is paused the row knows of no work, and keeps when it is to be looked at
next and what its person was told; it ends with the next start, and with the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from terraspawner.db import activity_records, records
from terraspawner.db.activity_records import Kept
from terraspawner.domain import activity
from terraspawner.domain.activity import Clocks, Report
from terraspawner.domain.environment import Environment, Event, State
from terraspawner.operations.context import Context

GRACE = timedelta(minutes=5)
"""After an outage nothing is stopped for so long: whoever could not be heard meanwhile is heard first."""
GRACE_UNTIL = "grace"
_RUNS_ON = frozenset({State.RUNNING, State.FREEZING, State.FROZEN, State.PAUSING})
_IDLE = "idle"
"""The alarm that work in the outbox keeps it from being destroyed; others are over with the next report."""
_WORTH_WRITING = 0.01
"""Cores."""


def follow(context: Context, connection: sa.Connection, moved: Environment, event: Event) -> None:
    """A step of its life, in the transaction that writes it."""
    now = context.now()
    before = activity_records.kept(connection, [moved.id]).get(moved.id)
    if event is Event.READY:
        _put(connection, moved.id, before, activity.woken(before.clocks, now) if before else activity.begun(now), now)
    elif before and event is Event.WAKE:
        _put(connection, moved.id, before, before.clocks, now)
        if before.memory_short:  # somebody uses it again
            activity_records.note(connection, moved.id, memory_short="", revision=before.revision + 1)
    elif before and moved.state in _RUNS_ON:
        settled = activity.settled(before.clocks, now) if event is Event.FREEZE else before.clocks
        _put(connection, moved.id, before, settled, now)
        if moved.state is State.FROZEN:
            activity_records.note(connection, moved.id, decided_at=None)  # what was on its way has come
    else:
        activity_records.end(connection, moved.id)
        if moved.state is State.PAUSED:
            _rest(connection, moved.id, before, now)


def reported(before: Kept | None, said: Report, now: datetime) -> Kept:
    """What is written of a running one after its report; `before` None where nothing was."""
    if before is None:
        clocks = activity.reported(activity.begun(now), said, now)
        return Kept(clocks=clocks, revision=1, next_look_at=now)
    clocks = activity.reported(before.clocks, said, now)
    held = before.keep_alive
    is_over = held is not None and held.pid is not None and held.pid not in {each.pid for each in said.work}
    stays = {_IDLE} if clocks.human_at == before.clocks.human_at else set()
    return replace(
        before,
        clocks=clocks,
        revision=before.revision + _is_news(before, clocks),
        alarmed={name: at for name, at in before.alarmed.items() if name in stays},
        keep_alive=None if is_over else held,
    )


def note_outbox(context: Context, connection: sa.Connection, environment_id: str, pending: int) -> None:
    """So many saves of it wait, which were others before."""
    before = activity_records.kept(connection, [environment_id]).get(environment_id)
    if before and before.alarmed and not pending:
        _keep_alarms(connection, environment_id, before, set(before.alarmed) - {_IDLE})
    activity_records.look_soon(connection, context.now(), environment_id=environment_id)


def _keep_alarms(connection: sa.Connection, environment_id: str, before: Kept, stays: set[str]) -> None:
    alarmed = {name: at.isoformat() for name, at in before.alarmed.items() if name in stays}
    activity_records.note(connection, environment_id, alarmed=alarmed)


def note_human(context: Context, connection: sa.Connection, environment_id: str) -> None:
    """A person did something with it at this moment, past its own pages."""
    now = context.now()
    if before := activity_records.kept(connection, [environment_id]).get(environment_id):
        _put(connection, environment_id, before, activity.human(before.clocks, now, now), now)


def came(context: Context, environment_id: str) -> None:
    """Its person asked for it, which runs already: to open something in it."""
    with context.database.write() as connection:
        note_human(context, connection, environment_id)


def sample(context: Context, cores: Mapping[str, float]) -> None:
    """What the Engine says of the CPU of running environments, by id."""
    now = context.now()
    with context.database.write() as connection:
        for environment_id, before in activity_records.kept(connection, list(cores)).items():
            clocks = activity.sampled(before.clocks, cores[environment_id], now)
            is_news = abs((before.clocks.cores or 0.0) - cores[environment_id]) >= _WORTH_WRITING
            if is_news or before.clocks.reported_at is None:
                _put(connection, environment_id, before, clocks, now)


def never_heard(context: Context) -> list[str]:
    """The ids of what runs and has not said since its start what it does."""
    with context.database.read() as connection:
        return activity_records.without_reports(connection)


def deaf(context: Context) -> list[tuple[str, str, str]]:
    """Of what runs, id, person and server of those that do not say when a person was there, as in other images."""
    with context.database.read() as connection:
        found = activity_records.without_humans(connection)
        at = records.workspaces_by_id(connection, {each.workspace_id for each in found}) if found else {}
    return [(each.id, each.user, at[each.workspace_id].slug) for each in found]


def note_traffic(context: Context, seen: Mapping[str, datetime]) -> None:
    """When something was last sent to environments that do not say when a person was there, by id: that is taken for
    one. An open page is enough, so they are stopped rather too late than too early; a streak goes on."""
    now = context.now()
    with context.database.write() as connection:
        for environment_id, before in activity_records.kept(connection, list(seen)).items():
            clocks = activity.visited(before.clocks, seen[environment_id], now)
            if clocks != before.clocks and not before.clocks.hears_humans:
                _put(connection, environment_id, before, clocks, now)


def after_away(context: Context) -> None:
    """The Hub or the Engine was away and is back: whoever could not come or be heard is given time."""
    with context.database.write() as connection:
        give_grace(context, connection)


def look_at_all(context: Context) -> None:
    """The deployment's bounds may be others than when this was last decided."""
    with context.database.write() as connection:
        activity_records.look_soon(connection, context.now())


def after_outage(context: Context, connection: sa.Connection, gap: timedelta) -> None:
    """For `gap` until now nobody could be heard. Everybody gets that time, and a round of grace, where reports were
    missed: a machine that is slow for some seconds, again and again, must not put off every stop."""
    now = context.now()
    running = activity_records.clocks_of_running(connection)
    right = {each: activity.after_outage(clocks, now - gap, now) for each, clocks in running.items()}
    activity_records.put_all(connection, right)
    if gap >= activity.SILENCE:
        give_grace(context, connection)


def give_grace(context: Context, connection: sa.Connection) -> None:
    """Nothing is stopped for a while. Given again while it lasts, it begins anew."""
    activity_records.note_moment(connection, GRACE_UNTIL, context.now() + GRACE)


def grace_until(context: Context, connection: sa.Connection) -> datetime | None:
    """Until when nothing is stopped; None where nothing is waited for. A clock that was set back makes it no longer."""
    return grace_of(activity_records.moment(connection, GRACE_UNTIL), context.now())


def grace_of(until: datetime | None, now: datetime) -> datetime | None:
    """The same, from what is written."""
    return min(until, now + GRACE) if until and until > now else None


def _rest(connection: sa.Connection, environment_id: str, before: Kept | None, now: datetime) -> None:
    """It is paused: from now on it is looked at for how long it is."""
    clocks = activity.rested(before.clocks, now) if before else activity.begun(now)
    revision = (before.revision if before else 0) + 1
    activity_records.put(connection, environment_id, clocks, revision=revision, next_look_at=now)


def _put(connection: sa.Connection, environment_id: str, before: Kept | None, clocks: Clocks, now: datetime) -> None:
    revision = (before.revision if before else 0) + _is_news(before, clocks)
    activity_records.put(connection, environment_id, clocks, revision=revision, next_look_at=now)


def _is_news(before: Kept | None, clocks: Clocks) -> bool:
    return before is None or _told(clocks) != _told(before.clocks)


def _told(clocks: Clocks) -> Clocks:
    """What a decision hangs on: a report that only comes again is no news."""
    return replace(clocks, reported_at=clocks.reported_at and clocks.started_at, cores=None, sampled_at=None)
