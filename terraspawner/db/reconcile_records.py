"""What the reconciler asks of our rows: all of a kind at once, whatever there are. No rule stands here."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from terraspawner.db import records
from terraspawner.db import tables as t
from terraspawner.domain.disk import DiskKind, DiskState
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.workspace import Workspace


def environments_with_workspace(
    connection: sa.Connection, states: frozenset[State]
) -> list[tuple[Environment, Workspace]]:
    """All in one of `states`, in two queries."""
    found = records.environments_in(connection, states)
    theirs = sa.select(t.environment.c.workspace_id).where(t.environment.c.state.in_([str(state) for state in states]))
    rows = connection.execute(sa.select(t.workspace).where(t.workspace.c.id.in_(theirs))).mappings() if found else ()
    at = {row["id"]: records.workspace_of(row) for row in rows}
    return [(each, at[each.workspace_id]) for each in found]


def known_environments(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """Those of `ids` that there are, or were."""
    return set(connection.scalars(sa.select(t.environment.c.id).where(t.environment.c.id.in_(ids)))) if ids else set()


def disk_states(connection: sa.Connection, with_volume: Collection[str]) -> dict[str, DiskState]:
    """Of all disks that are not gone, and of those gone ones that are `with_volume`."""
    query = sa.select(t.disk.c.id, t.disk.c.state).where(
        sa.or_(t.disk.c.state != str(DiskState.DELETED), t.disk.c.id.in_(with_volume))
    )
    return {identifier: DiskState(state) for identifier, state in connection.execute(query)}


def used_disks(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """Those of `ids` on which an environment has run. A data disk is told by its last use: an environment that it was
    taken from does not remember it."""
    ran = (
        sa.select(t.environment.c.disk_id)
        .join(t.state_interval, t.state_interval.c.subject == t.environment.c.id)
        .where(t.environment.c.disk_id.in_(ids), t.state_interval.c.state == str(State.RUNNING))
    )
    data = sa.select(t.disk.c.id).where(
        t.disk.c.id.in_(ids), t.disk.c.kind == str(DiskKind.DATA), t.disk.c.last_used_at.is_not(None)
    )
    return set(connection.scalars(sa.union(ran, data))) if ids else set()
