"""Rows of tags, in and out, and the condition that a list is narrowed by. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.domain.tags import Tagged, Wanted

OfSubjects = dict[str, dict[str, str]]


def tags_of(connection: sa.Connection, kind: Tagged, subjects: Iterable[str] | sa.Select[tuple[str]]) -> OfSubjects:
    """Id -> its tags by key, for those that have any, in one query."""
    ids = subjects if isinstance(subjects, sa.Select) else sorted(set(subjects))
    query = sa.select(t.tag.c.subject, t.tag.c.key, t.tag.c.value)
    found: OfSubjects = {}
    for subject, key, value in connection.execute(
        query.where(t.tag.c.kind == str(kind), t.tag.c.subject.in_(ids)).order_by(t.tag.c.key)
    ):
        found.setdefault(subject, {})[key] = value
    return found


def replace_tags(connection: sa.Connection, kind: Tagged, subject: str, tags: Mapping[str, str]) -> None:
    """All of them."""
    connection.execute(sa.delete(t.tag).where(t.tag.c.kind == str(kind), t.tag.c.subject == subject))
    rows = [{"kind": str(kind), "subject": subject, "key": key, "value": value} for key, value in tags.items()]
    if rows:
        connection.execute(sa.insert(t.tag), rows)


def having(
    kind: Tagged | sa.ColumnElement[str],
    subject: sa.ColumnElement[str],
    owner: sa.ColumnElement[str],
    wanted: Iterable[Wanted],
) -> list[sa.ColumnElement[bool]]:
    """What holds of the rows that are wanted, in a query that has joined their workspaces."""
    at = t.workspace.c
    of_kind = sa.literal(str(kind)) if isinstance(kind, Tagged) else kind
    computed: Mapping[str, sa.ColumnElement[Any]] = {
        "kind": of_kind,
        "project": at.namespace,
        "workspace": at.namespace + "/" + at.name,
        "owner": owner,
    }
    conditions: list[sa.ColumnElement[bool]] = []
    for each in wanted:
        if each.key not in computed:
            same = [t.tag.c.kind == of_kind, t.tag.c.subject == subject, t.tag.c.key == each.key]
            same += [t.tag.c.value == each.value] if each.value is not None else []
            conditions.append(sa.exists().where(*same))
        elif each.value is not None:
            conditions.append(computed[each.key] == each.value)
    return conditions
