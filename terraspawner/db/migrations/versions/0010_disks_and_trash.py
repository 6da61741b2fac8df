"""Disks with a life of their own: one environment at a time, what was measured, the trash."""

import sqlalchemy as sa
from alembic import op

from terraspawner.db.tables import UtcDateTime

revision = "0010"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("disk", sa.Column("last_used_at", UtcDateTime(), nullable=True))
    op.add_column("disk", sa.Column("outbox_pending", sa.Integer(), server_default="0", nullable=False))
    op.add_column("disk", sa.Column("used", sa.BigInteger(), nullable=True))
    op.add_column("disk", sa.Column("measured_at", UtcDateTime(), nullable=True))
    op.add_column("disk", sa.Column("folders", sa.JSON(), server_default="[]", nullable=False))
    op.create_index(op.f("ix_disk_user"), "disk", ["user"])
    op.create_index(
        "uq_environment_disk",
        "environment",
        ["disk_id"],
        unique=True,
        sqlite_where=sa.text("state != 'none'"),
        postgresql_where=sa.text("state != 'none'"),
    )
    op.add_column("workspace", sa.Column("trashed_at", UtcDateTime(), nullable=True))
    op.create_table(
        "trash",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=1024), nullable=False),
        sa.Column("workspace_id", sa.String(length=16), nullable=False),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("trashed_at", UtcDateTime(), nullable=False),
        sa.Column("trashed_by", sa.String(length=255), nullable=False),
        sa.Column("purge_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_trash_workspace_id")),
        sa.ForeignKeyConstraint(["user"], ["account.name"], name=op.f("fk_trash_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trash")),
    )
    op.create_index("ix_trash_state", "trash", ["state", "purge_at"])
    op.create_index("ix_trash_workspace_id", "trash", ["workspace_id"])
    disk = sa.table("disk", sa.column("state"))
    op.execute(sa.update(disk).where(disk.c.state == "detached").values(state="kept"))
