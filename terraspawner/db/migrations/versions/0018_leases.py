"""Leases on notebooks, and the service's heartbeat, by which an outage is known."""

import sqlalchemy as sa
from alembic import op

from terraspawner.db.tables import UtcDateTime

revision = "0018"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("workspace_id", sa.String(length=16), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("user", sa.String(length=255), nullable=True),
        sa.Column("environment", sa.String(length=16), nullable=True),
        sa.Column("session", sa.String(length=64), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("requests", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("taker", sa.String(length=255), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("reserved_for", sa.String(length=255), nullable=True),
        sa.Column("reserved_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_lease_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "path", name=op.f("pk_lease")),
    )
    op.create_index(op.f("ix_lease_environment"), "lease", ["environment"])
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
