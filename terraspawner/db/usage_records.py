"""The ledger's intervals for the bill: with project and workspace, in one query. No rule stands here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.db import tag_records
from terraspawner.domain.tags import Tagged
from terraspawner.domain.tags import Wanted as Tag
from terraspawner.domain.usage import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; empty is everything."""

    begin: datetime
    end: datetime
    project: str = ""
    workspace: str = ""
    user: str = ""
    tags: Collection[Tag] = ()


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
    conditions += tag_records.having(interval.kind, interval.subject, interval.user, wanted.tags)
    joined = sa.join(t.state_interval, t.workspace, at.id == interval.workspace_id)
    subjects = sa.select(interval.subject).select_from(joined).where(*conditions)
    tags = {kind: tag_records.tags_of(connection, kind, subjects) for kind in (Tagged.ENVIRONMENT, Tagged.DISK)}
    query = (
        sa.select(
            interval.kind, interval.subject, at.namespace, at.name, interval.user, interval.state,
            interval.price_per_hour, interval.started_at, interval.ended_at,
        )
        .select_from(joined)
        .where(*conditions)
    )  # fmt: skip
    for kind, subject, namespace, name, user, state, price, started_at, ended_at in connection.execute(query):
        yield Interval(
            kind=kind, project=namespace, workspace=f"{namespace}/{name}", user=user, state=state, price=price,
            started_at=started_at, ended_at=ended_at, tags=tags[Tagged(kind)].get(subject, {}),
        )  # fmt: skip
