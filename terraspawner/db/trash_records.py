"""Rows of the trash, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.domain.trash import Item, ItemState, Kind

_COLUMNS = ("id", "subject", "workspace_id", "user", "name", "size", "trashed_at", "trashed_by", "purge_at")


def insert_item(connection: sa.Connection, item: Item) -> None:
    values = {name: getattr(item, name) for name in _COLUMNS}
    connection.execute(sa.insert(t.trash).values(**values, kind=str(item.kind), state=str(item.state)))


def set_state(connection: sa.Connection, item_id: str, state: ItemState, ended_at: datetime | None = None) -> None:
    """`ended_at` is None while it is still there."""
    connection.execute(sa.update(t.trash).where(t.trash.c.id == item_id).values(state=str(state), ended_at=ended_at))


def change(connection: sa.Connection, item_id: str, **values: object) -> None:
    """Set columns of the table."""
    connection.execute(sa.update(t.trash).where(t.trash.c.id == item_id).values(**values))


def item_by_id(connection: sa.Connection, item_id: str) -> Item | None:
    row = connection.execute(sa.select(t.trash).where(t.trash.c.id == item_id)).mappings().one_or_none()
    return _item(row) if row else None


def item_of(connection: sa.Connection, kind: Kind, subject: str) -> Item | None:
    """The one that is in the trash, or on its way out of it for good."""
    query = sa.select(t.trash).where(t.trash.c.kind == str(kind), t.trash.c.subject == subject, _there())
    row = connection.execute(query).mappings().one_or_none()
    return _item(row) if row else None


def items_there(
    connection: sa.Connection, *, kind: Kind | None = None, user: str | None = None, within: Iterable[str] | None = None
) -> list[Item]:
    """What is in the trash, what was deleted last first; `within` are ids of workspaces."""
    query = sa.select(t.trash).where(_there())
    if kind is not None:
        query = query.where(t.trash.c.kind == str(kind))
    if user is not None:
        query = query.where(t.trash.c.user == user)
    if within is not None:
        query = query.where(t.trash.c.workspace_id.in_(sorted(within)))
    query = query.order_by(t.trash.c.trashed_at.desc(), t.trash.c.id)
    return [_item(row) for row in connection.execute(query).mappings()]


def items_due(connection: sa.Connection, now: datetime) -> list[Item]:
    """Whose time is over."""
    query = sa.select(t.trash).where(t.trash.c.state == str(ItemState.HELD), t.trash.c.purge_at <= now)
    return [_item(row) for row in connection.execute(query).mappings()]


def items_on_the_way(connection: sa.Connection, kind: Kind) -> list[Item]:
    """Neither here nor there, or on their way out for good; the oldest first."""
    states = [str(each) for each in (ItemState.DISCARDING, ItemState.RESTORING, ItemState.PURGING)]
    query = sa.select(t.trash).where(t.trash.c.state.in_(states), t.trash.c.kind == str(kind))
    return [_item(row) for row in connection.execute(query.order_by(t.trash.c.trashed_at, t.trash.c.id)).mappings()]


def items_purging(connection: sa.Connection, kind: Kind) -> list[Item]:
    query = sa.select(t.trash).where(t.trash.c.state == str(ItemState.PURGING), t.trash.c.kind == str(kind))
    return [_item(row) for row in connection.execute(query).mappings()]


def _there() -> sa.ColumnElement[bool]:
    return t.trash.c.state.not_in([str(ItemState.RESTORED), str(ItemState.PURGED)])


def _item(row: sa.RowMapping) -> Item:
    return Item(**{name: row[name] for name in _COLUMNS}, kind=Kind(row["kind"]), state=ItemState(row["state"]))
