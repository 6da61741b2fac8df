"""Rows of what environments do, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from terraspawner.db import activity_tables as a
from terraspawner.db import lease_tables
from terraspawner.db import tables as t
from terraspawner.db.records import environment_of
from terraspawner.domain.activity import Clocks, Work
from terraspawner.domain.environment import Environment, State

_CLOCKS = [each.name for each in fields(Clocks) if each.name != "work"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlive:
    """Until a time, or while the process `pid` works."""

    until: datetime | None
    pid: int | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is written about one environment. `decided_at`: when a decision was last taken; `alarmed`: since when which
    alarms hold; `memory_short`: why it has to give its memory back."""

    clocks: Clocks
    revision: int
    next_look_at: datetime
    decided_at: datetime | None = None
    alarmed: Mapping[str, datetime] = field(default_factory=dict)
    keep_alive: KeepAlive | None = None
    memory_short: str = ""


# --- what it does ---


def kept(connection: sa.Connection, environment_ids: Collection[str]) -> dict[str, Kept]:
    """Environment id -> what is written; those of which nothing is are left out. One query."""
    if not environment_ids:
        return {}
    query = _with_keep_alive(a.activity).where(a.activity.c.environment_id.in_(environment_ids))
    return {row["environment_id"]: kept_of(row) for row in connection.execute(query).mappings()}


def put(connection: sa.Connection, environment_id: str, clocks: Clocks, **values: Any) -> None:
    """Write the clocks of one that may have been written before; `values` are the other columns."""
    said = values_of(clocks)
    change = sa.update(a.activity).where(a.activity.c.environment_id == environment_id)
    if not connection.execute(change.values(**said, **values)).rowcount:
        connection.execute(sa.insert(a.activity).values(environment_id=environment_id, **said, **values))


def put_all(connection: sa.Connection, found: Mapping[str, Clocks]) -> None:
    """Write the clocks of many that were written before, in one statement: each by itself would take the database from
    all others for seconds."""
    if found:
        change = sa.update(a.activity).where(a.activity.c.environment_id == sa.bindparam("at"))
        connection.execute(change, [{"at": each, **values_of(clocks)} for each, clocks in found.items()])


def note(connection: sa.Connection, environment_id: str, **values: Any) -> None:
    """Write columns beside the clocks."""
    connection.execute(sa.update(a.activity).where(a.activity.c.environment_id == environment_id).values(**values))


def look_soon(
    connection: sa.Connection, now: datetime, *, workspace_id: str | None = None, environment_id: str | None = None
) -> None:
    """What may be due has changed for all of them, for those of a workspace, or for one."""
    change = sa.update(a.activity).values(next_look_at=now, revision=a.activity.c.revision + 1)
    if environment_id is not None:
        change = change.where(a.activity.c.environment_id == environment_id)
    if workspace_id is not None:
        here = sa.select(t.environment.c.id).where(t.environment.c.workspace_id == workspace_id)
        change = change.where(a.activity.c.environment_id.in_(here))
    connection.execute(change)


def end(connection: sa.Connection, environment_id: str) -> None:
    """What ran has ended: nothing is written of it any more, and nothing keeps it."""
    for table in (a.activity, a.keep_alive):
        connection.execute(sa.delete(table).where(table.c.environment_id == environment_id))


def watched(
    connection: sa.Connection, *, due_at: datetime | None, after: str, limit: int
) -> list[tuple[Environment, Kept]]:
    """Those that run, stand still or are paused, by id, that may be due; all of them where `due_at` is None."""
    query = _with_keep_alive(t.environment, a.activity).join(
        t.environment, t.environment.c.id == a.activity.c.environment_id
    )
    query = query.where(a.activity.c.environment_id > after)
    if due_at is not None:
        query = query.where(a.activity.c.next_look_at <= due_at)
    rows = connection.execute(query.order_by(a.activity.c.environment_id).limit(limit)).mappings()
    return [(environment_of(row), kept_of(row)) for row in rows]


def clocks_of_running(connection: sa.Connection) -> dict[str, Clocks]:
    query = sa.select(a.activity).join(t.environment, t.environment.c.id == a.activity.c.environment_id)
    query = query.where(t.environment.c.state == str(State.RUNNING))
    return {row["environment_id"]: _clocks_of(row) for row in connection.execute(query).mappings()}


def without_reports(connection: sa.Connection) -> list[str]:
    """The ids of those that run and have not reported since their start."""
    here = a.activity.c
    query = sa.select(here.environment_id).join(t.environment, t.environment.c.id == here.environment_id)
    query = query.where(t.environment.c.state == str(State.RUNNING), here.reported_at.is_(None))
    return list(connection.scalars(query.order_by(here.environment_id)))


def without_humans(connection: sa.Connection) -> list[Environment]:
    """Those that run and do not say when a person was there."""
    query = sa.select(t.environment).join(a.activity, a.activity.c.environment_id == t.environment.c.id)
    query = query.where(t.environment.c.state == str(State.RUNNING), sa.not_(a.activity.c.hears_humans))
    return [environment_of(row) for row in connection.execute(query).mappings()]


def standing_still(connection: sa.Connection) -> list[tuple[Environment, str]]:
    """Those that are frozen, and those whose pause is under way because their memory is wanted; each with why."""
    short = a.activity.c.memory_short
    query = sa.select(t.environment, short).join(a.activity, a.activity.c.environment_id == t.environment.c.id)
    state = t.environment.c.state
    query = query.where((state == str(State.FROZEN)) | ((state == str(State.PAUSING)) & (short != "")))
    return [(environment_of(row), row["memory_short"]) for row in connection.execute(query).mappings()]


# --- what keeps it ---


def keep_until(connection: sa.Connection, environment_id: str, held: KeepAlive, now: datetime) -> None:
    end_keeping(connection, environment_id)
    values = {"until": held.until, "pid": held.pid, "by": held.by, "at": now}
    connection.execute(sa.insert(a.keep_alive).values(environment_id=environment_id, **values))


def end_keeping(connection: sa.Connection, environment_id: str) -> bool:
    """False where nothing kept it."""
    gone = sa.delete(a.keep_alive).where(a.keep_alive.c.environment_id == environment_id)
    return connection.execute(gone).rowcount > 0


# --- moments of the processes ---


def moment(connection: sa.Connection, name: str) -> datetime | None:
    beat = lease_tables.heartbeat
    return connection.scalar(sa.select(beat.c.at).where(beat.c.name == name))


def note_moment(connection: sa.Connection, name: str, at: datetime) -> None:
    beat = lease_tables.heartbeat
    if not connection.execute(sa.update(beat).where(beat.c.name == name).values(at=at)).rowcount:
        connection.execute(sa.insert(beat).values(name=name, at=at))


# --- rows to values ---


def _with_keep_alive(*columns: Any) -> sa.Select[Any]:
    held = a.keep_alive
    joined = a.activity.outerjoin(held, held.c.environment_id == a.activity.c.environment_id)
    return sa.select(*columns, *kept_by(held)).select_from(joined)


def kept_by(held: sa.Table) -> tuple[sa.Label[Any], ...]:
    """What `kept_of` reads of what keeps it."""
    return held.c.until.label("kept_until"), held.c.pid.label("kept_pid"), held.c.by.label("kept_by")


def kept_of(row: sa.RowMapping) -> Kept:
    """Of a row with the columns of activity and `kept_by`."""
    by = row["kept_by"]
    return Kept(
        clocks=_clocks_of(row),
        revision=row["revision"],
        next_look_at=row["next_look_at"],
        decided_at=row["decided_at"],
        alarmed={name: datetime.fromisoformat(at) for name, at in row["alarmed"].items()},
        keep_alive=KeepAlive(until=row["kept_until"], pid=row["kept_pid"], by=by) if by else None,
        memory_short=row["memory_short"],
    )


def values_of(clocks: Clocks) -> dict[str, Any]:
    """The columns that they are written in."""
    return {name: getattr(clocks, name) for name in _CLOCKS} | {"work": [each.as_json() for each in clocks.work]}


def _clocks_of(row: sa.RowMapping) -> Clocks:
    return Clocks(**{name: row[name] for name in _CLOCKS}, work=tuple(Work.from_json(each) for each in row["work"]))
