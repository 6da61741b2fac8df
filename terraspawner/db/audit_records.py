"""Rows of the audit: written once, never changed (triggers of migration 0011 see to that). No rule stands here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from terraspawner.db import tables as t

Row = sa.RowMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is asked for; empty is everything. `begin` is in, `end` is out, `before` is a row's number."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    project: str = ""
    workspace: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whose acts a person may read: the own ones, those on what is the own, and those in what the person owns."""

    user: str
    projects: Collection[str]
    workspaces: Collection[str]


def insert(connection: sa.Connection, values: Mapping[str, Any]) -> None:
    connection.execute(sa.insert(t.audit).values(**values))


def rows(connection: sa.Connection, wanted: Filter, *, reach: Reach | None, limit: int) -> list[Row]:
    """The newest first; `reach` None is everywhere."""
    table = t.audit.c
    equal = {
        table.actor: wanted.actor,
        table.action: wanted.action,
        table.subject: wanted.subject,
        table.project: wanted.project,
        table.workspace: wanted.workspace,
    }
    conditions = [column == value for column, value in equal.items() if value]
    if wanted.begin:
        conditions.append(table.at >= wanted.begin)
    if wanted.end:
        conditions.append(table.at < wanted.end)
    if wanted.before is not None:
        conditions.append(table.id < wanted.before)
    if reach is not None:
        conditions.append(_within(reach))
    query = sa.select(t.audit).where(*conditions).order_by(table.id.desc()).limit(limit)
    return list(connection.execute(query).mappings())


def _within(reach: Reach) -> sa.ColumnElement[bool]:
    table = t.audit.c
    return sa.or_(
        table.actor == reach.user,
        table.person == reach.user,
        table.subject == f"account:{reach.user}",
        table.project.in_(reach.projects),
        table.workspace.in_(reach.workspaces),
    )
