"""Rows of environments with the place and the disk that they have, a page at a time. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from terraspawner.db import disk_records, records, tag_records
from terraspawner.db import tables as t
from terraspawner.domain.disk import Disk
from terraspawner.domain.environment import Environment
from terraspawner.domain.tags import Tagged, Wanted
from terraspawner.domain.workspace import Workspace

_ORDER = (t.workspace.c.namespace, t.workspace.c.comparable, t.environment.c.user, t.environment.c.id)
"""None of it changes while an environment is there, so that a page begins where the last one ended."""
_JOINED = t.environment.join(t.workspace, t.workspace.c.id == t.environment.c.workspace_id)


Row = tuple[Environment, Workspace, Disk | None, Disk | None]
"""An environment with its workspace, its disk and its data disk."""


def environments_after(
    connection: sa.Connection, *, after: str, limit: int, namespace: str | None = None, wanted: Iterable[Wanted] = ()
) -> list[Row]:
    """At most `limit` of those that there are and have the tags that are wanted, of one billing project or of all,
    after the environment `after` if that is not empty; by project, workspace and person, in three queries. None where
    `after` has never been."""
    query = sa.select(t.environment).select_from(_JOINED).where(records.is_live()).order_by(*_ORDER).limit(limit)
    if namespace is not None:
        query = query.where(t.workspace.c.namespace == namespace)
    here = t.environment.c
    query = query.where(*tag_records.having(Tagged.ENVIRONMENT, here.id, here.user, wanted))
    if after:
        place = connection.execute(sa.select(*_ORDER).select_from(_JOINED).where(t.environment.c.id == after)).first()
        if place is None:
            return []
        query = query.where(sa.tuple_(*_ORDER) > sa.tuple_(*place))
    found = [records.environment_of(row) for row in connection.execute(query).mappings()]
    at = _by_id(connection, t.workspace, {each.workspace_id for each in found})
    ids = {each.disk_id for each in found} | {each.data_disk_id for each in found if each.data_disk_id}
    disks = {key: disk_records.disk_of(row) for key, row in _by_id(connection, t.disk, ids).items()}
    return [
        (
            each,
            records.workspace_of(at[each.workspace_id]),
            disks.get(each.disk_id),
            disks.get(each.data_disk_id or ""),
        )
        for each in found
    ]


def _by_id(connection: sa.Connection, table: sa.Table, ids: set[str]) -> dict[str, sa.RowMapping]:
    query = sa.select(table).where(table.c.id.in_(sorted(ids)))
    return {row["id"]: row for row in connection.execute(query).mappings()}
