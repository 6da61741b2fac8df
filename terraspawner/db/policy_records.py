"""Rows of policies and of what was judged by them, in and out. No rule stands here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from terraspawner.db import policy_tables as p
from terraspawner.db import records
from terraspawner.db import tables as t
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.policy import NOTHING, Rules
from terraspawner.domain.timetable import NOTHING_SEEN, Appointments
from terraspawner.domain.workspace import BUCKET, Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What both levels say about one environment in a workspace of this `storage`, since when, and what was judged."""

    storage: str = BUCKET
    workspace: Rules = NOTHING
    own: Rules = NOTHING
    at: datetime | None = None
    appointments: Appointments = NOTHING_SEEN


def workspace_rules(connection: sa.Connection, workspace_id: str) -> Rules:
    query = sa.select(p.workspace_policy.c.rules).where(p.workspace_policy.c.workspace_id == workspace_id)
    return Rules.from_json(connection.scalar(query) or {})


def said(connection: sa.Connection, environments: Collection[Environment]) -> dict[str, Said]:
    """Environment id -> what is said about it, in one query."""
    query = with_rules(t.environment.c.id).where(t.environment.c.id.in_([each.id for each in environments]))
    return {row["id"]: said_of(row) for row in connection.execute(query).mappings()} if environments else {}


def governed(connection: sa.Connection, states: Collection[State]) -> list[tuple[Environment, Workspace, Said]]:
    """Those in one of `states` about which something is said."""
    query = with_rules(t.environment).where(
        t.environment.c.state.in_([str(state) for state in states]),
        sa.or_(p.environment_policy.c.rules.is_not(None), p.workspace_policy.c.rules.is_not(None)),
    )
    found = [(records.environment_of(row), said_of(row)) for row in connection.execute(query).mappings()]
    at = records.workspaces_by_id(connection, {here.workspace_id for here, _ in found}) if found else {}
    return [(here, at[here.workspace_id], what) for here, what in found]


def lock(connection: sa.Connection, environment_id: str) -> None:
    """Whoever else judges it waits until this transaction ends. SQLite has one that writes at a time as it is."""
    query = sa.select(t.environment.c.id).where(t.environment.c.id == environment_id)
    connection.execute(query.with_for_update())


def say_of_workspace(connection: sa.Connection, workspace_id: str, rules: Rules, now: datetime) -> None:
    _put(connection, p.workspace_policy.c.workspace_id, workspace_id, rules=rules.as_json(), said_at=now)


def say_of_environment(connection: sa.Connection, environment_id: str, rules: Rules, now: datetime) -> None:
    _put(connection, p.environment_policy.c.environment_id, environment_id, rules=rules.as_json(), said_at=now)


def keep(connection: sa.Connection, environment_id: str, appointments: Appointments) -> None:
    _put(connection, p.appointment.c.environment_id, environment_id, **asdict(appointments))


def _put(connection: sa.Connection, key: sa.Column[Any], identifier: str, **values: object) -> None:
    done = connection.execute(sa.update(key.table).where(key == identifier).values(**values))
    if not done.rowcount:
        connection.execute(sa.insert(key.table).values({key.name: identifier, **values}))


def with_rules(*columns: Any) -> sa.Select[Any]:
    """A query of environments, with what is said about each."""
    own, workspace, kept, here = p.environment_policy, p.workspace_policy, p.appointment, t.environment
    return (
        sa.select(
            *columns,
            own.c.rules.label("own_rules"),
            own.c.said_at.label("own_said_at"),
            workspace.c.rules.label("workspace_rules"),
            workspace.c.said_at.label("workspace_said_at"),
            kept.c.stop_seen,
            kept.c.start_seen,
            kept.c.stop_due,
            t.workspace.c.storage,
        )
        .select_from(here)
        .join(t.workspace, t.workspace.c.id == here.c.workspace_id)
        .outerjoin(own, own.c.environment_id == here.c.id)
        .outerjoin(workspace, workspace.c.workspace_id == here.c.workspace_id)
        .outerjoin(kept, kept.c.environment_id == here.c.id)
    )


def said_of(row: Any) -> Said:
    """Of a row of such a query."""
    return Said(
        storage=row["storage"],
        workspace=Rules.from_json(row["workspace_rules"] or {}),
        own=Rules.from_json(row["own_rules"] or {}),
        at=max((at for at in (row["own_said_at"], row["workspace_said_at"]) if at), default=None),
        appointments=Appointments(stop_seen=row["stop_seen"], start_seen=row["start_seen"], stop_due=row["stop_due"]),
    )
