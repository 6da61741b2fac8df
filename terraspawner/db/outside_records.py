"""Rows of libraries on drives from outside, in and out, as functions of a connection."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.db.library_tables import library
from terraspawner.db.library_tables import library_outside as table
from terraspawner.domain.outside import Connection


def insert(connection: sa.Connection, library_id: str, where: Connection, sealed_password: str) -> None:
    values = {"drive": where.drive, "user": where.user, "path": where.path, "library": where.library}
    connection.execute(sa.insert(table).values(id=library_id, sealed_password=sealed_password, **values))


def set_account(connection: sa.Connection, library_id: str, user: str, sealed_password: str) -> None:
    change = sa.update(table).where(table.c.id == library_id)
    connection.execute(change.values(user=user, sealed_password=sealed_password))


def delete(connection: sa.Connection, library_id: str) -> None:
    """Done already is done."""
    connection.execute(sa.delete(table).where(table.c.id == library_id))


def connections_of(connection: sa.Connection, ids: Collection[str]) -> dict[str, Connection]:
    """By library; those that lie here have none."""
    query = sa.select(table).where(table.c.id.in_(sorted(ids)))
    return {row["id"]: _connection(row) for row in connection.execute(query).mappings()}


def count_owned(connection: sa.Connection, owner: str) -> int:
    """How many `owner` has, in the trash or not."""
    query = sa.select(sa.func.count()).select_from(table.join(library, library.c.id == table.c.id))
    return connection.scalar(query.where(library.c.owner == owner)) or 0


def wanted(connection: sa.Connection) -> list[tuple[str, Connection, str]]:
    """Those that are not in the trash: library, where it lies, sealed password."""
    query = sa.select(table).join(t.workspace, t.workspace.c.id == table.c.id)
    rows = connection.execute(query.where(t.workspace.c.trashed_at.is_(None)).order_by(table.c.id)).mappings()
    return [(row["id"], _connection(row), row["sealed_password"]) for row in rows]


def _connection(row: sa.RowMapping) -> Connection:
    return Connection(drive=row["drive"], user=row["user"], path=row["path"], library=row["library"])
