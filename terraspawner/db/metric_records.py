"""Sums over all rows, as functions of a connection: for who watches the deployment, and naming nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import activity_tables as a
from terraspawner.db import tables as t
from terraspawner.db.records import is_live
from terraspawner.domain.disk import DiskState
from terraspawner.domain.environment import State


def by_state(connection: sa.Connection) -> Mapping[State, int]:
    """How many environments are in each state in which there are any."""
    state = t.environment.c.state
    query = sa.select(state, sa.func.count()).where(state != str(State.NONE)).group_by(state)
    return {State(name): count for name, count in connection.execute(query)}


def silent(connection: sa.Connection, since: datetime) -> int:
    """How many run, have reported before, and have not since then."""
    here = a.activity.join(t.environment, t.environment.c.id == a.activity.c.environment_id)
    query = sa.select(sa.func.count()).select_from(here)
    query = query.where(t.environment.c.state == str(State.RUNNING), a.activity.c.reported_at <= since)
    return connection.scalar(query) or 0


def decisions(connection: sa.Connection) -> Mapping[tuple[str, str], int]:
    """Act and name of a rule -> how often that was decided since there are records."""
    act, name = a.decision.c.act, a.decision.c.name
    query = sa.select(act, name, sa.func.count()).group_by(act, name)
    return {(done, rule): count for done, rule, count in connection.execute(query)}


def outbox_pending(connection: sa.Connection) -> int:
    """Saves that have not reached their workspaces, as environments say, and disks that belong to none."""
    here, disk = t.environment.c, t.disk.c
    lies = disk.state.in_([str(DiskState.KEPT), str(DiskState.TRASHED)])
    of_environments = sa.select(sa.func.coalesce(sa.func.sum(here.outbox_pending), 0)).where(is_live())
    of_disks = sa.select(sa.func.coalesce(sa.func.sum(disk.outbox_pending), 0)).where(lies)
    return int(connection.scalar(of_environments) or 0) + int(connection.scalar(of_disks) or 0)
