"""Rows of libraries, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from terraspawner.db import member_records, outside_records, project_records, records
from terraspawner.db import tables as t
from terraspawner.db.library_tables import library as table
from terraspawner.db.library_tables import library_outside
from terraspawner.domain.access import Role
from terraspawner.domain.library import NAMESPACE, Access, Library
from terraspawner.domain.outside import Connection
from terraspawner.domain.workspace import LIBRARY, Workspace

_ACCESS = {str(Role.READER): Access.READ, str(Role.WRITER): Access.WRITE}
_JOINED = sa.select(table, t.workspace.c.title, t.workspace.c.created_at).join(
    t.workspace, t.workspace.c.id == table.c.id
)


def insert(connection: sa.Connection, library: Library, comparable: str) -> None:
    """With the workspace that it is. The project that all of them stand in has no members: nobody sees it."""
    if project_records.named(connection, NAMESPACE) is None:
        values = {"namespace": NAMESPACE, "owner": library.owner, "is_personal": False, "title": ""}
        connection.execute(sa.insert(t.project).values(**values, created_at=library.created_at))
    at = Workspace(
        id=library.id,
        namespace=NAMESPACE,
        name=library.id,
        slug=f"{NAMESPACE}-{library.id}",
        storage=LIBRARY,
        created_by=library.owner,
        created_at=library.created_at,
        title=library.name,
    )
    records.insert_workspace(connection, at, library.id)
    used = None if library.outside else 0
    connection.execute(sa.insert(table).values(id=library.id, owner=library.owner, comparable=comparable, used=used))


def libraries_of(connection: sa.Connection, user: str) -> list[Library]:
    """Those that `user` has in any way, in no order; in a fixed number of queries."""
    held = member_records.memberships_of(connection, user, storage=LIBRARY)
    return list(libraries_by_id(connection, [each.workspace.id for each in held]).values())


def libraries_by_id(connection: sa.Connection, ids: Collection[str]) -> dict[str, Library]:
    """Those of `ids`, in the trash or not."""
    if not ids:
        return {}
    rows = connection.execute(_JOINED.where(table.c.id.in_(sorted(ids)))).mappings().all()
    people = _shares(connection, t.workspace_member, t.workspace_member.c.user, ids)
    groups = _shares(connection, t.workspace_group, t.workspace_group.c.group_name, ids)
    outside = outside_records.connections_of(connection, ids)
    return {
        each: _library(row, people.get(each, {}), groups.get(each, {}), outside.get(each))
        for row in rows
        for each in (row["id"],)
    }


def owned_like(connection: sa.Connection, owner: str, comparable: str) -> str | None:
    """The id of the library of `owner` that has this name."""
    query = sa.select(table.c.id).where(table.c.owner == owner, table.c.comparable == comparable)
    return connection.scalar(query)


def count_owned(connection: sa.Connection, owner: str) -> int:
    """How many `owner` has that are not in the trash."""
    return int(
        connection.scalar(sa.select(sa.func.count()).select_from(_there().where(table.c.owner == owner).subquery()))
        or 0
    )


def change(connection: sa.Connection, library_id: str, **values: object) -> None:
    """Set columns of `library_tables`."""
    connection.execute(sa.update(table).where(table.c.id == library_id).values(**values))


def count(connection: sa.Connection, library_id: str, more: int) -> None:
    """So many bytes more are in use, or fewer where it is negative: none at the least, since what goes may have been
    put there past us and never counted."""
    used = sa.func.coalesce(table.c.used, 0) + more
    change(connection, library_id, used=sa.case((used > 0, used), else_=0))


def reserve(connection: sa.Connection, library_id: str, more: int) -> bool:
    """The same for more bytes, in one statement with the look whether they fit. Whether they did."""
    used = sa.func.coalesce(table.c.used, 0) + more
    fits = sa.or_(table.c.size_limit.is_(None), used <= table.c.size_limit)
    query = sa.update(table).where(table.c.id == library_id, fits).values(used=used)
    return connection.execute(query).rowcount == 1


def rename(connection: sa.Connection, library_id: str, name: str, comparable: str) -> None:
    change(connection, library_id, comparable=comparable)
    records.set_workspace_title(connection, library_id, name)


def trash(connection: sa.Connection, library_id: str, now: datetime) -> None:
    """From here on nobody finds it, and its name is free."""
    change(connection, library_id, comparable=library_id)
    records.trash_workspace(connection, library_id, now)


def restore(connection: sa.Connection, library_id: str, name: str, comparable: str) -> None:
    records.restore_workspace(connection, library_id, library_id, library_id)
    rename(connection, library_id, name, comparable)


def ids_there(connection: sa.Connection) -> list[str]:
    """Of all that are not in the trash."""
    return list(connection.scalars(_there()))


def ids_here(connection: sa.Connection) -> list[str]:
    """Of those whose files are on this machine."""
    return list(connection.scalars(_there().where(table.c.id.not_in(sa.select(library_outside.c.id)))))


def _there() -> sa.Select[tuple[str]]:
    query = sa.select(table.c.id).join(t.workspace, t.workspace.c.id == table.c.id)
    return query.where(t.workspace.c.trashed_at.is_(None)).order_by(table.c.id)


def _shares(
    connection: sa.Connection, members: sa.Table, name: sa.Column[str], ids: Iterable[str]
) -> dict[str, dict[str, Access]]:
    found: dict[str, dict[str, Access]] = {}
    query = sa.select(members.c.workspace_id, name.label("holder"), members.c.role)
    for row in connection.execute(query.where(members.c.workspace_id.in_(sorted(ids))).order_by(name)).mappings():
        if row["role"] in _ACCESS:  # the owner has it by the library's own row
            found.setdefault(row["workspace_id"], {})[row["holder"]] = _ACCESS[row["role"]]
    return found


def _library(
    row: sa.RowMapping, people: dict[str, Access], groups: dict[str, Access], outside: Connection | None
) -> Library:
    told: dict[str, Any] = {name: row[name] for name in ("id", "owner", "created_at", "size_limit", "used")}
    for_all = Access(row["for_all"]) if row["for_all"] else None
    return Library(**told, name=row["title"], for_all=for_all, people=people, groups=groups, outside=outside)
