"""Rows of what was decided, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from terraspawner.db.activity_tables import decision as d


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A decision that was taken, as JSON, with the facts that it was taken by. `who` carried it out."""

    id: int
    environment_id: str
    at: datetime
    act: str
    name: str
    facts: Mapping[str, Any]
    decision: Mapping[str, Any]
    who: str


def insert(
    connection: sa.Connection,
    *,
    environment_id: str,
    at: datetime,
    facts: Mapping[str, Any],
    decision: Mapping[str, Any],
    who: str,
) -> None:
    values = {"act": decision["act"], "name": decision["name"] or "", "facts": dict(facts), "decision": dict(decision)}
    connection.execute(sa.insert(d).values(environment_id=environment_id, at=at, who=who, **values))


def of_environment(connection: sa.Connection, environment_id: str, limit: int) -> list[Record]:
    """The newest first."""
    query = sa.select(d).where(d.c.environment_id == environment_id).order_by(d.c.id.desc()).limit(limit)
    return [_record(row) for row in connection.execute(query).mappings()]


def between(
    connection: sa.Connection, *, first: datetime | None, last: datetime | None, after: int, limit: int
) -> list[Record]:
    """The oldest first, after the record of that number."""
    query = sa.select(d).where(d.c.id > after)
    if first is not None:
        query = query.where(d.c.at >= first)
    if last is not None:
        query = query.where(d.c.at < last)
    return [_record(row) for row in connection.execute(query.order_by(d.c.id).limit(limit)).mappings()]


def _record(row: sa.RowMapping) -> Record:
    return Record(**row)
