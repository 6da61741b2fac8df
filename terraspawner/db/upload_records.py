"""Rows of uploads, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from terraspawner.db.upload_tables import upload
from terraspawner.domain.data_file import Upload

_COLUMNS = tuple(column.name for column in upload.columns)


def insert_upload(connection: sa.Connection, made: Upload) -> None:
    connection.execute(sa.insert(upload).values(**{name: getattr(made, name) for name in _COLUMNS}))


def upload_by_id(connection: sa.Connection, upload_id: str) -> Upload | None:
    row = connection.execute(sa.select(upload).where(upload.c.id == upload_id)).mappings().one_or_none()
    return Upload(**row) if row else None


def uploads_of(connection: sa.Connection, workspace_id: str) -> list[Upload]:
    query = sa.select(upload).where(upload.c.workspace_id == workspace_id).order_by(upload.c.id)
    return [Upload(**row) for row in connection.execute(query).mappings()]


def advance(connection: sa.Connection, upload_id: str, received: int, to: int, at: datetime) -> None:
    """To the byte `to`, unless somebody else went on from `received`."""
    connection.execute(
        sa.update(upload)
        .where(upload.c.id == upload_id, upload.c.received == received)
        .values(received=to, touched_at=at)
    )


def finish(connection: sa.Connection, made: Upload, version: str, at: datetime) -> None:
    connection.execute(
        sa.update(upload).where(upload.c.id == made.id).values(received=made.size, version=version, touched_at=at)
    )


def delete_upload(connection: sa.Connection, upload_id: str) -> None:
    connection.execute(sa.delete(upload).where(upload.c.id == upload_id))
