"""The first tables: accounts, projects, workspaces, environments, disks, the ledger's intervals."""

import sqlalchemy as sa
from alembic import op

from terraspawner.db.tables import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=320), server_default="", nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("is_operator", sa.Boolean(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
    )
    op.create_table(
        "project",
        sa.Column("namespace", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("is_personal", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["account.name"], name=op.f("fk_project_owner")),
        sa.PrimaryKeyConstraint("namespace", name=op.f("pk_project")),
    )
    op.create_index(
        "uq_project_personal",
        "project",
        ["owner"],
        unique=True,
        sqlite_where=sa.text("is_personal"),
        postgresql_where=sa.text("is_personal"),
    )
    op.create_table(
        "workspace",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("namespace", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("comparable", sa.String(length=50), nullable=False),
        sa.Column("slug", sa.String(length=30), nullable=False),
        sa.Column("storage", sa.String(length=10), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.name"], name=op.f("fk_workspace_created_by")),
        sa.ForeignKeyConstraint(["namespace"], ["project.namespace"], name=op.f("fk_workspace_namespace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("namespace", "comparable", name=op.f("uq_workspace_namespace_comparable")),
        sa.UniqueConstraint("slug", name=op.f("uq_workspace_slug")),
    )
    op.create_table(
        "disk",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=16), nullable=False),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["account.name"], name=op.f("fk_disk_user")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_disk_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disk")),
    )
    op.create_table(
        "state_interval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=16), nullable=False),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cpu", sa.Float(), nullable=False),
        sa.Column("memory", sa.BigInteger(), nullable=False),
        sa.Column("disk_size", sa.BigInteger(), nullable=False),
        sa.Column("price_per_hour", sa.Numeric(precision=12, scale=6), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["account.name"], name=op.f("fk_state_interval_user")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_state_interval_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_interval")),
    )
    op.create_index("ix_state_interval_subject", "state_interval", ["subject", "ended_at"], unique=False)
    op.create_table(
        "workspace_member",
        sa.Column("workspace_id", sa.String(length=16), nullable=False),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["account.name"], name=op.f("fk_workspace_member_user")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_workspace_member_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "user", name=op.f("pk_workspace_member")),
    )
    op.create_table(
        "environment",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=16), nullable=False),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("log", sa.Text(), server_default="", nullable=False),
        sa.Column("start_number", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=True),
        sa.Column("cpu", sa.Float(), nullable=False),
        sa.Column("memory", sa.BigInteger(), nullable=False),
        sa.Column("image", sa.String(length=255), nullable=False),
        sa.Column("disk_id", sa.String(length=16), nullable=False),
        sa.Column("container_id", sa.String(length=64), server_default="", nullable=False),
        sa.Column("deletes_disk", sa.Boolean(), nullable=False),
        sa.Column("outbox_pending", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kernels", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["disk_id"], ["disk.id"], name=op.f("fk_environment_disk_id")),
        sa.ForeignKeyConstraint(["user"], ["account.name"], name=op.f("fk_environment_user")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_environment_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environment")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_environment_key_hash")),
    )
    op.create_index(
        "uq_environment_live",
        "environment",
        ["workspace_id", "user"],
        unique=True,
        sqlite_where=sa.text("state != 'none'"),
        postgresql_where=sa.text("state != 'none'"),
    )
