"""Rows of workspaces and environments, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from terraspawner.db import tables as t
from terraspawner.db import tag_records
from terraspawner.domain.environment import LIVE, Environment, State
from terraspawner.domain.language import Language
from terraspawner.domain.size import Rates, Size
from terraspawner.domain.start import Step
from terraspawner.domain.tags import Tagged, Wanted
from terraspawner.domain.workspace import DRIVE, Workspace

Row = sa.RowMapping

# What each request of an environment asks. Built once: that takes several times as long as the database's answer.
_WORKSPACE_BY_ID = sa.select(t.workspace).where(t.workspace.c.id == sa.bindparam("id"))


# --- workspaces ---


def insert_workspace(connection: sa.Connection, workspace: Workspace, comparable: str) -> None:
    values = {name: getattr(workspace, name) for name in _WORKSPACE_COLUMNS}
    connection.execute(sa.insert(t.workspace).values(comparable=comparable, **values))


def set_workspace_title(connection: sa.Connection, workspace_id: str, title: str) -> None:
    connection.execute(sa.update(t.workspace).where(t.workspace.c.id == workspace_id).values(title=title))


def trash_workspace(connection: sa.Connection, workspace_id: str, now: datetime) -> None:
    """From here on nobody finds it by its name, which is free."""
    values = {"trashed_at": now, "comparable": workspace_id}
    connection.execute(sa.update(t.workspace).where(t.workspace.c.id == workspace_id).values(**values))


def restore_workspace(connection: sa.Connection, workspace_id: str, name: str, comparable: str) -> None:
    values = {"trashed_at": None, "name": name, "comparable": comparable}
    connection.execute(sa.update(t.workspace).where(t.workspace.c.id == workspace_id).values(**values))


def is_slug_taken(connection: sa.Connection, slug: str) -> bool:
    return connection.scalar(sa.select(sa.literal(1)).where(t.workspace.c.slug == slug)) is not None


def workspace_like(connection: sa.Connection, namespace: str, comparable: str) -> Workspace | None:
    row = _one(
        connection,
        sa.select(t.workspace).where(t.workspace.c.namespace == namespace, t.workspace.c.comparable == comparable),
    )
    return workspace_of(row) if row else None


def workspace_by_id(connection: sa.Connection, workspace_id: str) -> Workspace:
    row = connection.execute(_WORKSPACE_BY_ID, {"id": workspace_id}).mappings().one()
    return workspace_of(row)


def workspace_ids(connection: sa.Connection) -> list[str]:
    """Of all that have a bucket, in the trash or not; those of purged ones have none any more."""
    query = sa.select(t.workspace.c.id).where(t.workspace.c.storage != DRIVE).order_by(t.workspace.c.id)
    whole = t.trash.c.kind.in_(("workspace", "library"))
    purged = sa.select(t.trash.c.subject).where(whole, t.trash.c.state == "purged")
    return [row.id for row in connection.execute(query.where(t.workspace.c.id.not_in(purged)))]


def workspaces_by_id(connection: sa.Connection, ids: Collection[str]) -> dict[str, Workspace]:
    """Those of `ids`, in one query."""
    query = sa.select(t.workspace).where(t.workspace.c.id.in_(ids))
    return {row["id"]: workspace_of(row) for row in connection.execute(query).mappings()}


def workspace_by_slug(connection: sa.Connection, slug: str) -> Workspace | None:
    row = _one(connection, sa.select(t.workspace).where(t.workspace.c.slug == slug))
    return workspace_of(row) if row else None


# --- environments ---


def insert_environment(connection: sa.Connection, environment: Environment) -> None:
    values = {name: getattr(environment, name) for name in _ENVIRONMENT_COLUMNS}
    connection.execute(
        sa.insert(t.environment).values(
            **values,
            state=str(environment.state),
            **_size_values(environment.size),
            kernels=[dict(kernel) for kernel in environment.kernels],
            steps=[step.as_json() for step in environment.steps],
            language=str(environment.language),
        )
    )


def update_environment(connection: sa.Connection, environment_id: str, **values: Any) -> None:
    connection.execute(sa.update(t.environment).where(t.environment.c.id == environment_id).values(**values))


def set_size(connection: sa.Connection, environment_id: str, size: Size) -> None:
    update_environment(connection, environment_id, **_size_values(size))


def note_steps(
    connection: sa.Connection, environment_id: str, start_number: int, states: frozenset[State], steps: list[Any]
) -> None:
    """Of this start, while it is in one of `states`."""
    connection.execute(
        sa.update(t.environment)
        .where(
            t.environment.c.id == environment_id,
            t.environment.c.start_number == start_number,
            t.environment.c.state.in_([str(state) for state in states]),
        )
        .values(steps=steps)
    )


def environment_by_id(connection: sa.Connection, environment_id: str) -> Environment | None:
    row = _one(connection, sa.select(t.environment).where(t.environment.c.id == environment_id))
    return environment_of(row) if row else None


def environment_for(connection: sa.Connection, workspace_id: str, user: str) -> Environment | None:
    """The environment that `user` has in a workspace, if any."""
    here = sa.and_(t.environment.c.workspace_id == workspace_id, t.environment.c.user == user)
    row = _one(connection, sa.select(t.environment).where(here, is_live()))
    return environment_of(row) if row else None


def environments_of(connection: sa.Connection, user: str, wanted: Iterable[Wanted] = ()) -> list[Environment]:
    """All of `user` that have the tags that are wanted."""
    here = t.environment.c
    query = sa.select(t.environment).join(t.workspace, t.workspace.c.id == here.workspace_id)
    query = query.where(here.user == user, is_live())
    query = query.where(*tag_records.having(Tagged.ENVIRONMENT, here.id, here.user, wanted))
    return [environment_of(row) for row in connection.execute(query.order_by(t.environment.c.created_at)).mappings()]


def environments_at(connection: sa.Connection, workspace_id: str) -> list[Environment]:
    """Everybody's in a workspace, but those in the trash."""
    query = sa.select(t.environment).where(t.environment.c.workspace_id == workspace_id, is_live())
    query = query.order_by(t.environment.c.user)
    return [environment_of(row) for row in connection.execute(query).mappings()]


def environments_in(connection: sa.Connection, states: frozenset[State]) -> list[Environment]:
    query = sa.select(t.environment).where(t.environment.c.state.in_([str(state) for state in states]))
    return [environment_of(row) for row in connection.execute(query).mappings()]


def environments_in_trash(
    connection: sa.Connection, *, workspace_id: str | None = None, disk_id: str | None = None
) -> list[Environment]:
    """Those that are in the trash or on their way out of it, so that their containers may be there: of a workspace,
    or with a disk."""
    query = sa.select(t.environment).where(t.environment.c.state.in_([str(State.TRASHED), str(State.PURGING)]))
    if workspace_id is not None:
        query = query.where(t.environment.c.workspace_id == workspace_id)
    if disk_id is not None:
        query = query.where(sa.or_(t.environment.c.disk_id == disk_id, t.environment.c.data_disk_id == disk_id))
    rows = connection.execute(query.order_by(t.environment.c.created_at, t.environment.c.id)).mappings()
    return [environment_of(row) for row in rows]


def count_trashed(connection: sa.Connection, workspace_id: str, user: str) -> int:
    """How many of `user`'s of a workspace can be had back from the trash."""
    here = sa.and_(t.environment.c.workspace_id == workspace_id, t.environment.c.user == user)
    trashed = t.environment.c.state == str(State.TRASHED)
    return connection.scalar(sa.select(sa.func.count()).select_from(t.environment).where(here, trashed)) or 0


def is_live() -> sa.ColumnElement[bool]:
    """Whether it is somebody's environment now, so that it is found by its place."""
    return t.environment.c.state.in_(sorted(map(str, LIVE)))


def frozen_sum(connection: sa.Connection) -> tuple[int, int]:
    """How many environments are frozen, and the bytes of memory that they keep."""
    total = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(t.environment.c.frozen_memory), 0))
    count, memory = connection.execute(total.where(t.environment.c.state == str(State.FROZEN))).one()
    return count, int(memory)


# --- rows to values ---

_WORKSPACE_COLUMNS = ("id", "namespace", "name", "slug", "storage", "created_by", "created_at", "title", "trashed_at")
_ENVIRONMENT_COLUMNS = (
    "id",
    "workspace_id",
    "user",
    "since",
    "reason",
    "log",
    "start_number",
    "image",
    "image_name",
    "disk_id",
    "data_disk_id",
    "container_id",
    "deletes_disk",
    "deletes_data_disk",
    "outbox_pending",
    "startup_script",
    "startup_log",
    "frozen_memory",
    "writes_bucket",
    "asked",
    "terminals",
    "created_at",
)


def _one(connection: sa.Connection, query: sa.Select[Any]) -> Row | None:
    return connection.execute(query).mappings().one_or_none()


def workspace_of(row: Row) -> Workspace:
    return Workspace(**{name: row[name] for name in _WORKSPACE_COLUMNS})


def environment_of(row: Row) -> Environment:
    return Environment(
        **{name: row[name] for name in _ENVIRONMENT_COLUMNS},
        state=State(row["state"]),
        size=Size(cpu=row["cpu"], memory=row["memory"], name=row["size_name"], rates=_rates(row)),
        kernels=tuple(row["kernels"]),
        memory_seen=row["memory_seen"],
        unsent=tuple(row["unsent"]),
        trees=None if row["trees"] is None else tuple(row["trees"]),
        steps=tuple(Step.from_json(step) for step in row["steps"]),
        language=Language(row["language"]),
    )


def _size_values(size: Size) -> dict[str, Any]:
    rates = size.rates
    return {
        "cpu": size.cpu,
        "memory": size.memory,
        "size_name": size.name,
        "price_running": rates and rates.running,
        "price_frozen": rates and rates.frozen,
        "price_paused": rates and rates.paused,
    }


def _rates(row: Row) -> Rates | None:
    if row["price_running"] is None:
        return None
    return Rates(running=row["price_running"], frozen=row["price_frozen"], paused=row["price_paused"])
