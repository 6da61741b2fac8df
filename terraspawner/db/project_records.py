"""Rows of billing projects and who belongs to them. No rule stands here."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.domain.access import ProjectRole
from terraspawner.domain.project import Project, ProjectMember, ProjectMembership

Row = sa.RowMapping
_COLUMNS = ("namespace", "title", "owner", "is_personal", "created_at")


def named(connection: sa.Connection, namespace: str) -> Project | None:
    row = connection.execute(sa.select(t.project).where(t.project.c.namespace == namespace)).mappings().one_or_none()
    return _project(row) if row else None


def insert(connection: sa.Connection, project: Project) -> None:
    """With its first owner."""
    connection.execute(sa.insert(t.project).values({name: getattr(project, name) for name in _COLUMNS}))
    put_member(
        connection,
        project.namespace,
        ProjectMember(user=project.owner, role=ProjectRole.OWNER, since=project.created_at),
    )


def set_title(connection: sa.Connection, namespace: str, title: str) -> None:
    connection.execute(sa.update(t.project).where(t.project.c.namespace == namespace).values(title=title))


def projects_of(connection: sa.Connection, user: str) -> list[ProjectMembership]:
    """The personal one first, then by name."""
    query = _memberships(user).order_by(
        sa.and_(t.project.c.is_personal, t.project.c.owner == user).desc(), t.project.c.namespace
    )
    return [_membership(row) for row in connection.execute(query).mappings()]


def membership(connection: sa.Connection, user: str, namespace: str) -> ProjectMembership | None:
    query = _memberships(user).where(t.project.c.namespace == namespace)
    row = connection.execute(query).mappings().one_or_none()
    return _membership(row) if row else None


def members_of(connection: sa.Connection, namespace: str) -> list[ProjectMember]:
    table = t.project_member
    query = sa.select(table).where(table.c.namespace == namespace).order_by(table.c.user)
    return [
        ProjectMember(user=row["user"], role=ProjectRole(row["role"]), since=row["since"])
        for row in connection.execute(query).mappings()
    ]


def able_owners(connection: sa.Connection, namespace: str) -> list[str]:
    """People who own the project and can sign in; held until the transaction ends, so that two cannot go at once."""
    query = (
        sa.select(t.project_member.c.user)
        .join(t.account, t.account.c.name == t.project_member.c.user)
        .where(
            t.project_member.c.namespace == namespace,
            t.project_member.c.role == str(ProjectRole.OWNER),
            sa.not_(t.account.c.is_disabled),
            sa.not_(t.account.c.is_let_go),
        )
    )
    return list(connection.scalars(query.with_for_update()))


def put_member(connection: sa.Connection, namespace: str, member: ProjectMember) -> None:
    """In place of what the person was there; since when stays."""
    table = t.project_member
    changed = connection.execute(
        sa.update(table)
        .where(table.c.namespace == namespace, table.c.user == member.user)
        .values(role=str(member.role))
    )
    if not changed.rowcount:
        values = {"user": member.user, "role": str(member.role), "since": member.since}
        connection.execute(sa.insert(table).values(namespace=namespace, **values))


def remove_member(connection: sa.Connection, namespace: str, user: str) -> None:
    table = t.project_member
    connection.execute(sa.delete(table).where(table.c.namespace == namespace, table.c.user == user))


def _memberships(user: str) -> sa.Select[Any]:
    return (
        sa.select(t.project, t.project_member.c.role)
        .join(t.project_member, t.project_member.c.namespace == t.project.c.namespace)
        .where(t.project_member.c.user == user)
    )


def _project(row: Row) -> Project:
    return Project(**{name: row[name] for name in _COLUMNS})


def _membership(row: Row) -> ProjectMembership:
    return ProjectMembership(project=_project(row), role=ProjectRole(row["role"]))
