"""The tables of leases, beside those of `tables`."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db.tables import UtcDateTime, metadata

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), primary_key=True),
    sa.Column("path", sa.String(1024), primary_key=True),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("user", sa.String(255), nullable=True),
    sa.Column("environment", sa.String(16), nullable=True, index=True),
    sa.Column("session", sa.String(64), nullable=True),
    sa.Column("since", UtcDateTime, nullable=True),
    sa.Column("expires_at", UtcDateTime, nullable=True),
    sa.Column("requests", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("taker", sa.String(255), nullable=True),
    sa.Column("taken_at", UtcDateTime, nullable=True),
    sa.Column("reserved_for", sa.String(255), nullable=True),
    sa.Column("reserved_until", UtcDateTime, nullable=True),
)
"""One row per notebook that was ever edited; none is deleted, so that no fence is ever given twice. `environment` is
empty where a person's program holds it; all of the holder's columns are null where nobody does."""

heartbeat = sa.Table(
    "heartbeat",
    metadata,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
)
"""When a process said last that it lives, by the database's clock."""
