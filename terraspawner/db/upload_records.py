"""Rows of uploads, in and out, as functions of a connection. No rule stands here."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from terraspawner.db.upload_tables import upload
from terraspawner.domain.data_file import LIFETIME, UnderWay, Upload

_COLUMNS = tuple(column.name for column in upload.columns)


def insert_upload(connection: sa.Connection, made: Upload) -> None:
    connection.execute(sa.insert(upload).values(**{name: getattr(made, name) for name in _COLUMNS}))


def upload_by_id(connection: sa.Connection, upload_id: str) -> Upload | None:
    row = connection.execute(sa.select(upload).where(upload.c.id == upload_id)).mappings().one_or_none()
    return Upload(**row) if row else None


def uploads_of(connection: sa.Connection, workspace_id: str) -> list[Upload]:
    query = sa.select(upload).where(upload.c.workspace_id == workspace_id).order_by(upload.c.id)
    return [Upload(**row) for row in connection.execute(query).mappings()]


def under_way(connection: sa.Connection, workspace_id: str, user: str, now: datetime) -> UnderWay:
    """What neither is done nor has waited too long."""
    query = sa.select(upload.c.workspace_id, upload.c.user).where(
        upload.c.version == "",
        upload.c.touched_at > now - LIFETIME,
        sa.or_(upload.c.workspace_id == workspace_id, upload.c.user == user),
    )
    found = [tuple(row) for row in connection.execute(query)]
    return UnderWay(
        here=found.count((workspace_id, user)),
        own=sum(whose == user for _, whose in found),
        of_all=sum(where == workspace_id for where, _ in found),
    )


def announced(connection: sa.Connection, workspace_id: str, now: datetime) -> int:
    """Bytes that the files will have which are under way there."""
    query = sa.select(sa.func.coalesce(sa.func.sum(upload.c.size), 0)).where(
        upload.c.workspace_id == workspace_id, upload.c.version == "", upload.c.touched_at > now - LIFETIME
    )
    return int(connection.scalar(query) or 0)


def forget_done(connection: sa.Connection, workspace_id: str, user: str, keep: int) -> None:
    """Those of `user` that were done, but for the last `keep`."""
    query = sa.select(upload.c.id).where(
        upload.c.workspace_id == workspace_id, upload.c.user == user, upload.c.version != ""
    )
    old = connection.scalars(query.order_by(upload.c.touched_at.desc(), upload.c.id).offset(keep)).all()
    connection.execute(sa.delete(upload).where(upload.c.id.in_(old)))


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
