"""Rows of billing projects and who belongs to them. No rule stands here."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.db.role_records import IN_PROJECTS
from terraspawner.domain.access import ProjectRole, highest
from terraspawner.domain.holder import Holder
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
        ProjectMember(name=project.owner, is_group=False, role=ProjectRole.OWNER, since=project.created_at),
    )


def set_title(connection: sa.Connection, namespace: str, title: str) -> None:
    connection.execute(sa.update(t.project).where(t.project.c.namespace == namespace).values(title=title))


def projects_of(connection: sa.Connection, user: str) -> list[ProjectMembership]:
    """The personal one first, then by name."""
    return _memberships(connection, user)


def membership(connection: sa.Connection, user: str, namespace: str) -> ProjectMembership | None:
    return next(iter(_memberships(connection, user, t.project.c.namespace == namespace)), None)


def members_of(connection: sa.Connection, namespace: str) -> list[ProjectMember]:
    """People first, then groups, by name."""
    return [
        ProjectMember(name=who.name, is_group=who.is_group, role=ProjectRole(row["role"]), since=row["since"])
        for who, row in IN_PROJECTS.rows(connection, namespace)
    ]


def able_owners(connection: sa.Connection, namespace: str) -> list[str]:
    """People who own the project by name and can sign in; held until the transaction ends."""
    return IN_PROJECTS.able_owners(connection, namespace)


def put_member(connection: sa.Connection, namespace: str, member: ProjectMember) -> None:
    """In place of what was under this name; since when stays."""
    IN_PROJECTS.put(connection, namespace, member, {"role": str(member.role)}, since=member.since)


def remove_member(connection: sa.Connection, namespace: str, who: Holder) -> None:
    IN_PROJECTS.remove(connection, namespace, who)


def _memberships(connection: sa.Connection, user: str, *which: sa.ColumnElement[bool]) -> list[ProjectMembership]:
    """One for each project."""
    held = IN_PROJECTS.held()
    query = (
        sa.select(t.project, held.c.role)
        .join(held, held.c.namespace == t.project.c.namespace)
        .where(held.c.user == user, *which)
        .order_by(sa.and_(t.project.c.is_personal, t.project.c.owner == user).desc(), t.project.c.namespace)
    )
    rows: dict[str, list[Row]] = {}
    for row in connection.execute(query).mappings():
        rows.setdefault(row["namespace"], []).append(row)
    return [
        ProjectMembership(project=_project(same[0]), role=highest(ProjectRole(row["role"]) for row in same))
        for same in rows.values()
    ]


def _project(row: Row) -> Project:
    return Project(**{name: row[name] for name in _COLUMNS})
