"""Very many environments that run, written past the rules that would have made them one by one."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from terraspawner.db import activity_tables as a
from terraspawner.db import tables as t
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket


def copies(context: Context, ticket: Ticket, count: int) -> Sequence[str]:
    """So many others, whose rows are those of this one. Their ids."""
    ids = [f"{number:016x}" for number in range(count)]
    here = ticket.environment
    rows = (
        (t.workspace, t.workspace.c.id == here.workspace_id, ("id", "name", "comparable", "slug")),
        (t.disk, t.disk.c.id == here.disk_id, ("id", "workspace_id")),
        (t.environment, t.environment.c.id == here.id, ("id", "workspace_id", "disk_id", "key_hash")),
        (a.activity, a.activity.c.environment_id == here.id, ("environment_id",)),
    )
    with context.database.write() as connection:
        for table, is_it, own in rows:
            row = dict(connection.execute(sa.select(table).where(is_it)).mappings().one())
            connection.execute(sa.insert(table), [row | dict.fromkeys(own, each) for each in ids])
    return ids
