"""Rows of groups and who is in them. No rule stands here."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import tables as t


def is_managed(connection: sa.Connection, name: str) -> bool | None:
    """None where there is no such group."""
    return connection.scalar(sa.select(t.person_group.c.is_managed).where(t.person_group.c.name == name))


def all_groups(connection: sa.Connection) -> list[tuple[str, bool]]:
    """Names, and whether each is managed."""
    query = sa.select(t.person_group.c.name, t.person_group.c.is_managed).order_by(t.person_group.c.name)
    return [(row.name, row.is_managed) for row in connection.execute(query)]


def people_by_group(connection: sa.Connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in connection.execute(sa.select(t.group_member).order_by(t.group_member.c.user)).mappings():
        found.setdefault(row["group_name"], []).append(row["user"])
    return found


def insert(connection: sa.Connection, name: str, *, is_managed: bool, now: datetime) -> None:
    connection.execute(sa.insert(t.person_group).values(name=name, is_managed=is_managed, created_at=now))


def groups_of(connection: sa.Connection, user: str, *, is_managed: bool | None = None) -> list[str]:
    """The groups that the person is in, by name."""
    query = (
        sa.select(t.group_member.c.group_name)
        .join(t.person_group, t.person_group.c.name == t.group_member.c.group_name)
        .where(t.group_member.c.user == user)
    )
    if is_managed is not None:
        query = query.where(t.person_group.c.is_managed == is_managed)
    return list(connection.scalars(query.order_by(t.group_member.c.group_name)))


def members_of(connection: sa.Connection, name: str) -> list[str]:
    table = t.group_member
    return list(connection.scalars(sa.select(table.c.user).where(table.c.group_name == name).order_by(table.c.user)))


def join(connection: sa.Connection, name: str, user: str) -> None:
    connection.execute(sa.insert(t.group_member).values(group_name=name, user=user))


def leave(connection: sa.Connection, name: str, user: str) -> None:
    table = t.group_member
    connection.execute(sa.delete(table).where(table.c.group_name == name, table.c.user == user))
