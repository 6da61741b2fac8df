"""The ledger's intervals for the bill: with project and workspace, in one query. No rule stands here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.domain.usage import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; empty is everything."""

    begin: datetime
    end: datetime
    project: str = ""
    workspace: str = ""
    user: str = ""


def intervals(
    connection: sa.Connection, wanted: Wanted, *, of: str | None, or_of: Collection[str] = ()
) -> Iterator[Interval]:
    """Those that touch the span: of the user `of` and in the projects `or_of`; `of` None for all."""
    interval, at = t.state_interval.c, t.workspace.c
    conditions = [
        interval.started_at < wanted.end,
        sa.or_(interval.ended_at.is_(None), interval.ended_at > wanted.begin),
    ]
    if of is not None:
        conditions.append(sa.or_(interval.user == of, at.namespace.in_(or_of)))
    if wanted.project:
        conditions.append(at.namespace == wanted.project)
    if wanted.workspace:
        conditions.append(at.namespace + "/" + at.name == wanted.workspace)
    if wanted.user:
        conditions.append(interval.user == wanted.user)
    query = (
        sa.select(
            interval.kind, at.namespace, at.name, interval.user, interval.state, interval.price_per_hour,
            interval.started_at, interval.ended_at,
        )
        .join(t.workspace, at.id == interval.workspace_id)
        .where(*conditions)
    )  # fmt: skip
    for kind, namespace, name, user, state, price, started_at, ended_at in connection.execute(query):
        yield Interval(
            kind=kind, project=namespace, workspace=f"{namespace}/{name}", user=user, state=state, price=price,
            started_at=started_at, ended_at=ended_at,
        )  # fmt: skip
