"""Rows of leases, in and out, as functions of a connection. No rule stands here.

A row is changed by one compare-and-set statement: it is written only where it still is what was read. Writers come one
after the other in any case (`engine`); this holds where they would not, on another database or by a later change.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from terraspawner.db import lease_tables as t
from terraspawner.domain.lease import Countdown, Editor, Lease, Request, Reservation

_SERVICE = "workspaces"

# What every save and renewal asks. Built once: that takes several times as long as the database's answer.
_IS_AT = sa.and_(t.lease.c.workspace_id == sa.bindparam("at_workspace"), t.lease.c.path == sa.bindparam("at_path"))
_AT = sa.select(t.lease).where(_IS_AT)
_PUT = sa.update(t.lease).where(_IS_AT, t.lease.c.revision == sa.bindparam("at_revision"))
_HEARTBEAT = sa.select(t.heartbeat.c.at).where(t.heartbeat.c.name == _SERVICE)


def lease_at(connection: sa.Connection, workspace_id: str, path: str) -> Lease:
    """The lease of a notebook; one that nobody ever had where there is no row."""
    row = connection.execute(_AT, {"at_workspace": workspace_id, "at_path": path}).mappings().one_or_none()
    return lease_of(row) if row else Lease(workspace_id=workspace_id, path=path)


def put(connection: sa.Connection, lease: Lease) -> bool:
    """Write it, if the row is still at the revision that `lease` was read with. False where somebody was quicker."""
    values = _values(lease) | {"revision": lease.revision + 1}
    if lease.revision:
        read = {"at_workspace": lease.workspace_id, "at_path": lease.path, "at_revision": lease.revision}
        return connection.execute(_PUT, read | values).rowcount == 1
    insert = _insert(connection, t.lease).values(values).on_conflict_do_nothing()
    return connection.scalar(insert.returning(t.lease.c.revision)) is not None


def leases_in(connection: sa.Connection, workspace_id: str) -> list[Lease]:
    """Those of a workspace that somebody has or has reserved, by path."""
    is_of_use = sa.or_(t.lease.c.user.is_not(None), t.lease.c.reserved_for.is_not(None))
    query = sa.select(t.lease).where(t.lease.c.workspace_id == workspace_id, is_of_use).order_by(t.lease.c.path)
    return [lease_of(row) for row in connection.execute(query).mappings()]


def leases_of(connection: sa.Connection, environment_id: str) -> list[Lease]:
    """Those that sessions of an environment have."""
    query = sa.select(t.lease).where(t.lease.c.environment == environment_id)
    return [lease_of(row) for row in connection.execute(query).mappings()]


def leases_after(connection: sa.Connection, moment: datetime) -> list[Lease]:
    """Those of which something ends after `moment`."""
    ends = (t.lease.c.expires_at, t.lease.c.taken_at, t.lease.c.reserved_until)
    query = sa.select(t.lease).where(sa.or_(*(column > moment for column in ends)))
    return [lease_of(row) for row in connection.execute(query).mappings()]


def last_heartbeat(connection: sa.Connection) -> datetime | None:
    """When the service said last that it lives."""
    return connection.scalar(_HEARTBEAT)


def note_heartbeat(connection: sa.Connection, now: datetime) -> None:
    beat = _insert(connection, t.heartbeat).values(name=_SERVICE, at=now)
    connection.execute(beat.on_conflict_do_update(index_elements=[t.heartbeat.c.name], set_={"at": now}))


# --- rows to values ---


def lease_of(row: sa.RowMapping) -> Lease:
    is_held, is_taken, is_reserved = (row[name] is not None for name in ("user", "taker", "reserved_for"))
    return Lease(
        workspace_id=row["workspace_id"],
        path=row["path"],
        fence=row["fence"],
        revision=row["revision"],
        holder=Editor(user=row["user"], environment=row["environment"], session=row["session"]) if is_held else None,
        since=row["since"],
        expires_at=row["expires_at"],
        requests=tuple(_request_of(each) for each in row["requests"]),
        countdown=Countdown(by=row["taker"], at=row["taken_at"]) if is_taken else None,
        reservation=Reservation(user=row["reserved_for"], until=row["reserved_until"]) if is_reserved else None,
    )


def _values(lease: Lease) -> dict[str, Any]:
    holder, countdown, reservation = lease.holder, lease.countdown, lease.reservation
    return {
        "workspace_id": lease.workspace_id,
        "path": lease.path,
        "fence": lease.fence,
        "user": holder and holder.user,
        "environment": holder and holder.environment,
        "session": holder and holder.session,
        "since": lease.since,
        "expires_at": lease.expires_at,
        "requests": [_told(each) for each in lease.requests],
        "taker": countdown and countdown.by,
        "taken_at": countdown and countdown.at,
        "reserved_for": reservation and reservation.user,
        "reserved_until": reservation and reservation.until,
    }


def _told(request: Request) -> dict[str, str | None]:
    declined = request.declined_at.isoformat() if request.declined_at else None
    return {"user": request.user, "at": request.at.isoformat(), "declined_at": declined}


def _request_of(told: dict[str, str | None]) -> Request:
    declined = told["declined_at"]
    return Request(
        user=str(told["user"]),
        at=datetime.fromisoformat(str(told["at"])),
        declined_at=datetime.fromisoformat(declined) if declined else None,
    )


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that says what to do where the row is there already: both databases can, in words of their own."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
