"""Rows of disks, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from terraspawner.db import records, tag_records
from terraspawner.db import tables as t
from terraspawner.domain.disk import HOLDS_VOLUME, Disk, DiskForm, DiskKind, DiskState, Folder
from terraspawner.domain.environment import Environment
from terraspawner.domain.tags import Tagged, Wanted
from terraspawner.domain.workspace import Workspace

_COLUMNS = (
    "id",
    "workspace_id",
    "user",
    "size",
    "created_at",
    "last_used_at",
    "outbox_pending",
    "used",
    "measured_at",
)
Held = tuple[Disk, Workspace, Environment | None]
"""A disk with the workspace that it belongs to and the environment that it is attached to."""


def insert_disk(connection: sa.Connection, disk: Disk) -> None:
    values = {name: getattr(disk, name) for name in _COLUMNS}
    values |= {
        "state": str(disk.state),
        "kind": str(disk.kind),
        "folders": _told(disk.folders),
        "form": disk.form and str(disk.form),
    }
    connection.execute(sa.insert(t.disk).values(**values))


def update_disk(connection: sa.Connection, disk_id: str, **values: Any) -> None:
    connection.execute(sa.update(t.disk).where(t.disk.c.id == disk_id).values(**values))


def note_measure(connection: sa.Connection, disk_id: str, folders: Iterable[Folder], **values: Any) -> None:
    update_disk(connection, disk_id, folders=_told(folders), **values)


def disk_by_id(connection: sa.Connection, disk_id: str) -> Disk | None:
    row = connection.execute(sa.select(t.disk).where(t.disk.c.id == disk_id)).mappings().one_or_none()
    return disk_of(row) if row else None


def disks_by_id(connection: sa.Connection, ids: Collection[str]) -> dict[str, Disk]:
    """Those of `ids`, in one query."""
    rows = connection.execute(sa.select(t.disk).where(t.disk.c.id.in_(ids))).mappings()
    return {row["id"]: disk_of(row) for row in rows}


def kept_by(connection: sa.Connection, workspace_id: str, user: str, kind: DiskKind = DiskKind.HOME) -> list[Disk]:
    """What `user` keeps of this kind in a workspace for an environment there, the oldest first."""
    query = sa.select(t.disk).where(
        t.disk.c.workspace_id == workspace_id,
        t.disk.c.user == user,
        t.disk.c.state == str(DiskState.KEPT),
        t.disk.c.kind == str(kind),
    )
    return [disk_of(row) for row in connection.execute(query.order_by(t.disk.c.created_at, t.disk.c.id)).mappings()]


def disks_in(connection: sa.Connection, state: DiskState) -> list[Disk]:
    query = sa.select(t.disk).where(t.disk.c.state == str(state))
    return [disk_of(row) for row in connection.execute(query).mappings()]


def kept_sizes(connection: sa.Connection, workspace_ids: Collection[str]) -> dict[str, int]:
    """Bytes of all disks together that are attached or kept in each of these workspaces; those without are left out."""
    of = t.disk.c.workspace_id
    query = sa.select(of, sa.func.sum(t.disk.c.size)).where(
        of.in_(workspace_ids), t.disk.c.state.in_([str(DiskState.ATTACHED), str(DiskState.KEPT)])
    )
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(of))}


def disks_of_workspace(connection: sa.Connection, workspace_id: str) -> list[Disk]:
    """All that have a volume."""
    query = sa.select(t.disk).where(t.disk.c.workspace_id == workspace_id, _there())
    return [disk_of(row) for row in connection.execute(query.order_by(t.disk.c.user, t.disk.c.created_at)).mappings()]


def held_disks(
    connection: sa.Connection,
    *,
    user: str | None = None,
    namespace: str | None = None,
    disk_id: str | None = None,
    wanted: Iterable[Wanted] = (),
) -> list[Held]:
    """All that have a volume; of one person, of one billing project, only the one, or all there are, and with the tags
    that are wanted. In three queries."""
    joined = sa.select(t.disk).join(t.workspace, t.workspace.c.id == t.disk.c.workspace_id).where(_there())
    if user is not None:
        joined = joined.where(t.disk.c.user == user)
    if disk_id is not None:
        joined = joined.where(t.disk.c.id == disk_id)
    if namespace is not None:
        joined = joined.where(t.workspace.c.namespace == namespace)
    joined = joined.where(*tag_records.having(Tagged.DISK, t.disk.c.id, t.disk.c.user, wanted))
    joined = joined.order_by(t.workspace.c.namespace, t.workspace.c.name, t.disk.c.user, t.disk.c.created_at)
    found = [disk_of(row) for row in connection.execute(joined).mappings()]
    ids = joined.with_only_columns(t.disk.c.id).order_by(None)
    places = joined.with_only_columns(t.disk.c.workspace_id).order_by(None)
    at = {
        row["id"]: records.workspace_of(row)
        for row in connection.execute(sa.select(t.workspace).where(t.workspace.c.id.in_(places))).mappings()
    }
    has_one = sa.or_(t.environment.c.disk_id.in_(ids), t.environment.c.data_disk_id.in_(ids))
    live = sa.select(t.environment).where(has_one, records.is_live())
    found_on = [records.environment_of(row) for row in connection.execute(live).mappings()]
    on = {each.disk_id: each for each in found_on} | {each.data_disk_id: each for each in found_on}
    return [(disk, at[disk.workspace_id], on.get(disk.id)) for disk in found]


def disk_of(row: sa.RowMapping) -> Disk:
    return Disk(
        **{name: row[name] for name in _COLUMNS},
        state=DiskState(row["state"]),
        kind=DiskKind(row["kind"]),
        form=DiskForm(row["form"]) if row["form"] else None,
        folders=tuple(Folder(**folder) for folder in row["folders"]),
    )


def _there() -> sa.ColumnElement[bool]:
    return t.disk.c.state.in_([str(state) for state in HOLDS_VOLUME])


def _told(folders: Iterable[Folder]) -> list[dict[str, Any]]:
    return [asdict(folder) for folder in folders]
