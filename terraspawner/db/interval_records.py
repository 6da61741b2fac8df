"""Rows of the ledger: what was in which state from when to when, at which price. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.domain.size import Size


def close_interval(connection: sa.Connection, subject: str, now: datetime) -> None:
    connection.execute(
        sa.update(t.state_interval)
        .where(t.state_interval.c.subject == subject, t.state_interval.c.ended_at.is_(None))
        .values(ended_at=now)
    )


def open_interval(
    connection: sa.Connection,
    *,
    kind: str,
    subject: str,
    workspace_id: str,
    user: str,
    state: str,
    size: Size,
    disk_size: int,
    price_per_hour: Decimal,
    now: datetime,
) -> None:
    connection.execute(
        sa.insert(t.state_interval).values(
            kind=kind,
            subject=subject,
            workspace_id=workspace_id,
            user=user,
            state=state,
            cpu=size.cpu,
            memory=size.memory,
            disk_size=disk_size,
            price_per_hour=price_per_hour,
            started_at=now,
        )
    )


def last_ends(connection: sa.Connection, subjects: Iterable[str], state: str) -> dict[str, datetime]:
    """Subject -> when it was last in `state` and left it, for those that have been."""
    of = t.state_interval.c
    ends = sa.select(of.subject, sa.func.max(of.ended_at).label("end")).group_by(of.subject)
    found = connection.execute(ends.where(of.subject.in_(sorted(subjects)), of.state == state)).all()
    return {subject: end for subject, end in found if end is not None}


def intervals_of(connection: sa.Connection, subject: str) -> list[dict[str, Any]]:
    query = sa.select(t.state_interval).where(t.state_interval.c.subject == subject).order_by(t.state_interval.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]
