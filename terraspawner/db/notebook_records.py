"""Rows of notebooks, their versions and intents, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from terraspawner.db import notebook_tables as t
from terraspawner.domain.history import Deed, Intent, Notebook, NotebookState, NotebookVersion, VersionKind

_NOTEBOOK = tuple(column.name for column in t.notebook.columns)
_VERSION = tuple(column.name for column in t.notebook_version.columns)
_INTENT = tuple(column.name for column in t.notebook_intent.columns)
_AT_ONCE = 500
"""Values in one `IN`: every database takes as many."""

# What every save asks and says. Built once: that takes several times as long as the database's answer.
_AT = sa.select(t.notebook).where(
    t.notebook.c.workspace_id == sa.bindparam("workspace_id"),
    t.notebook.c.path == sa.bindparam("path"),
    t.notebook.c.state == str(NotebookState.LIVE),
)
_BY_ID = sa.select(t.notebook).where(t.notebook.c.id == sa.bindparam("id"))
_UPDATE = sa.update(t.notebook).where(t.notebook.c.id == sa.bindparam("this"))
_INSERT_VERSION = sa.insert(t.notebook_version)
_SAVED_AS = (
    sa.select(t.notebook_version)
    .where(
        t.notebook_version.c.notebook_id == sa.bindparam("notebook_id"),
        t.notebook_version.c.save_id == sa.bindparam("save_id"),
    )
    .order_by(t.notebook_version.c.number.desc())
)
_INSERT_INTENT = sa.insert(t.notebook_intent)
_DELETE_INTENT = sa.delete(t.notebook_intent).where(t.notebook_intent.c.token == sa.bindparam("token"))
_INTENT_OF = sa.select(t.notebook_intent).where(t.notebook_intent.c.notebook_id == sa.bindparam("notebook_id"))
_INTENT_TOWARDS = (
    sa.select(t.notebook_intent)
    .join(t.notebook, t.notebook.c.id == t.notebook_intent.c.notebook_id)
    .where(
        t.notebook.c.workspace_id == sa.bindparam("workspace_id"), t.notebook_intent.c.target == sa.bindparam("path")
    )
)


# --- notebooks ---


def insert_notebook(connection: sa.Connection, notebook: Notebook) -> None:
    connection.execute(sa.insert(t.notebook).values(**_values(notebook, _NOTEBOOK)))


def update_notebook(connection: sa.Connection, notebook_id: str, **values: object) -> None:
    connection.execute(_UPDATE, {"this": notebook_id, **_plain(values)})


def delete_notebook(connection: sa.Connection, notebook_id: str) -> None:
    """With its versions, its proposals and its intent."""
    for table in (t.notebook_intent, t.notebook_version, t.notebook_proposal):
        connection.execute(sa.delete(table).where(table.c.notebook_id == notebook_id))
    connection.execute(sa.delete(t.notebook).where(t.notebook.c.id == notebook_id))


def notebook_at(connection: sa.Connection, workspace_id: str, path: str) -> Notebook | None:
    """The one that is there, or on its way there for the first time."""
    return _one_notebook(connection, _AT, workspace_id=workspace_id, path=path)


def notebook_gone_from(connection: sa.Connection, workspace_id: str, path: str) -> Notebook | None:
    """The last one whose file was taken away there past us."""
    query = (
        sa.select(t.notebook)
        .where(
            t.notebook.c.workspace_id == workspace_id,
            t.notebook.c.path == path,
            t.notebook.c.state == str(NotebookState.GONE),
        )
        .order_by(t.notebook.c.since.desc(), t.notebook.c.id)
        .limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    return _notebook(row) if row else None


def notebook_by_id(connection: sa.Connection, notebook_id: str) -> Notebook | None:
    return _one_notebook(connection, _BY_ID, id=notebook_id)


def notebook_of_item(connection: sa.Connection, trash_item: str) -> Notebook | None:
    return _one_notebook(connection, sa.select(t.notebook).where(t.notebook.c.trash_item == trash_item))


def notebooks_in(connection: sa.Connection, *states: NotebookState) -> list[Notebook]:
    query = sa.select(t.notebook).where(t.notebook.c.state.in_([str(state) for state in states]))
    return [_notebook(row) for row in connection.execute(query.order_by(t.notebook.c.id)).mappings()]


def notebooks_of(connection: sa.Connection, workspace_id: str) -> list[Notebook]:
    query = sa.select(t.notebook).where(t.notebook.c.workspace_id == workspace_id).order_by(t.notebook.c.id)
    return [_notebook(row) for row in connection.execute(query).mappings()]


# --- versions ---


def insert_version(connection: sa.Connection, version: NotebookVersion) -> None:
    connection.execute(_INSERT_VERSION, _values(version, _VERSION))


def versions_of(connection: sa.Connection, notebook_id: str) -> list[NotebookVersion]:
    """The newest first. Thinning keeps them few."""
    query = sa.select(t.notebook_version).where(t.notebook_version.c.notebook_id == notebook_id)
    query = query.order_by(t.notebook_version.c.number.desc())
    return [_version(row) for row in connection.execute(query).mappings()]


def version_numbered(connection: sa.Connection, notebook_id: str, number: int) -> NotebookVersion | None:
    return _one_version(connection, notebook_id, t.notebook_version.c.number == number)


def version_called(connection: sa.Connection, notebook_id: str, version: str) -> NotebookVersion | None:
    """By the opaque version that the bucket gave it."""
    return _one_version(connection, notebook_id, t.notebook_version.c.version == version)


def version_saved_as(connection: sa.Connection, notebook_id: str, save_id: str) -> NotebookVersion | None:
    row = connection.execute(_SAVED_AS, {"notebook_id": notebook_id, "save_id": save_id}).mappings().first()
    return _version(row) if row else None


def name_version(connection: sa.Connection, version: NotebookVersion, name: str) -> None:
    connection.execute(
        sa.update(t.notebook_version)
        .where(t.notebook_version.c.notebook_id == version.notebook_id, t.notebook_version.c.number == version.number)
        .values(name=name)
    )


def delete_versions(connection: sa.Connection, notebook_id: str, numbers: Iterable[int]) -> None:
    wanted = sorted(numbers)
    for start in range(0, len(wanted), _AT_ONCE):
        connection.execute(
            sa.delete(t.notebook_version).where(
                t.notebook_version.c.notebook_id == notebook_id,
                t.notebook_version.c.number.in_(wanted[start : start + _AT_ONCE]),
            )
        )


def digests_in_use(connection: sa.Connection, workspace_id: str) -> set[str]:
    """The hashes of all bytes that a version or an intent in the workspace refers to."""
    ids = sa.select(t.notebook.c.id).where(t.notebook.c.workspace_id == workspace_id).scalar_subquery()
    return {
        digest
        for table in (t.notebook_version, t.notebook_intent)
        for (digest,) in connection.execute(sa.select(table.c.sha256).where(table.c.notebook_id.in_(ids)).distinct())
    }


# --- intents ---


def insert_intent(connection: sa.Connection, intent: Intent) -> None:
    connection.execute(_INSERT_INTENT, _values(intent, _INTENT))


def update_intent(connection: sa.Connection, intent: Intent) -> None:
    """As the same intent is now, by its token."""
    connection.execute(
        sa.update(t.notebook_intent).where(t.notebook_intent.c.token == intent.token).values(**_values(intent, _INTENT))
    )


def delete_intent(connection: sa.Connection, intent: Intent) -> None:
    connection.execute(_DELETE_INTENT, {"token": intent.token})


def intent_of(connection: sa.Connection, notebook_id: str) -> Intent | None:
    row = connection.execute(_INTENT_OF, {"notebook_id": notebook_id}).mappings().one_or_none()
    return _intent(row) if row else None


def intents(connection: sa.Connection) -> list[tuple[Intent, str]]:
    """All of them, the oldest first, each with the id of its workspace."""
    query = (
        sa.select(t.notebook_intent, t.notebook.c.workspace_id)
        .join(t.notebook, t.notebook.c.id == t.notebook_intent.c.notebook_id)
        .order_by(t.notebook_intent.c.at, t.notebook_intent.c.notebook_id)
    )
    return [(_intent(row), row["workspace_id"]) for row in connection.execute(query).mappings()]


def intent_towards(connection: sa.Connection, workspace_id: str, path: str) -> Intent | None:
    """One that is about to put a notebook at `path`."""
    row = connection.execute(_INTENT_TOWARDS, {"workspace_id": workspace_id, "path": path}).mappings().first()
    return _intent(row) if row else None


# --- rows ---


def _one_notebook(connection: sa.Connection, query: sa.Select[Any], **values: str) -> Notebook | None:
    row = connection.execute(query, values).mappings().one_or_none()
    return _notebook(row) if row else None


def _one_version(connection: sa.Connection, notebook_id: str, where: sa.ColumnElement[bool]) -> NotebookVersion | None:
    query = (
        sa.select(t.notebook_version)
        .where(t.notebook_version.c.notebook_id == notebook_id, where)
        .order_by(t.notebook_version.c.number.desc())
    )
    row = connection.execute(query).mappings().first()
    return _version(row) if row else None


def _notebook(row: sa.RowMapping) -> Notebook:
    return Notebook(**{name: row[name] for name in _NOTEBOOK} | {"state": NotebookState(row["state"])})


def _version(row: sa.RowMapping) -> NotebookVersion:
    return NotebookVersion(**{name: row[name] for name in _VERSION} | {"kind": VersionKind(row["kind"])})


def _intent(row: sa.RowMapping) -> Intent:
    kinds = {"kind": VersionKind(row["kind"]), "deed": Deed(row["deed"])}
    return Intent(**{name: row[name] for name in _INTENT} | kinds)


def _values(value: object, names: Iterable[str]) -> dict[str, object]:
    return _plain({name: getattr(value, name) for name in names})


def _plain(values: dict[str, object]) -> dict[str, object]:
    return {name: str(value) if isinstance(value, str) else value for name, value in values.items()}
