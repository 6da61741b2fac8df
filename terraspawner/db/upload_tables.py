"""The table of uploads, beside those of `tables`."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db.tables import UtcDateTime, metadata

upload = sa.Table(
    "upload",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), nullable=False, index=True),
    sa.Column("user", sa.ForeignKey("account.name"), nullable=False),
    sa.Column("path", sa.String(1024), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("expected", sa.String(300), nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Column("touched_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.String(300), nullable=False),
)
"""Files on their way in. The pieces lie in the bucket; a row is deleted when it is over or nobody goes on with it."""
