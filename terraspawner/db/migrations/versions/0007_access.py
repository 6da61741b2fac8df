"""Who may do what: members of billing projects, compute, groups, and what an environment's container may write."""

import sqlalchemy as sa
from alembic import op

from terraspawner.db.tables import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("account", sa.Column("may_create_projects", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("project", sa.Column("title", sa.String(length=120), server_default="", nullable=False))
    op.add_column("workspace", sa.Column("title", sa.String(length=120), server_default="", nullable=False))
    op.add_column("environment", sa.Column("writes_bucket", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("workspace_member", sa.Column("may_compute", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_index(op.f("ix_workspace_member_user"), "workspace_member", ["user"])
    op.create_table(
        "project_member",
        sa.Column("namespace", sa.String(length=40), nullable=False),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["namespace"], ["project.namespace"], name=op.f("fk_project_member_namespace")),
        sa.ForeignKeyConstraint(["user"], ["account.name"], name=op.f("fk_project_member_user")),
        sa.PrimaryKeyConstraint("namespace", "user", name=op.f("pk_project_member")),
    )
    op.create_index(op.f("ix_project_member_user"), "project_member", ["user"])
    op.create_table(
        "person_group",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("is_managed", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_person_group")),
    )
    op.create_table(
        "group_member",
        sa.Column("group_name", sa.String(length=255), nullable=False),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["group_name"], ["person_group.name"], name=op.f("fk_group_member_group_name")),
        sa.ForeignKeyConstraint(["user"], ["account.name"], name=op.f("fk_group_member_user")),
        sa.PrimaryKeyConstraint("group_name", "user", name=op.f("pk_group_member")),
    )
    op.create_index(op.f("ix_group_member_user"), "group_member", ["user"])
    op.create_table(
        "workspace_group",
        sa.Column("workspace_id", sa.String(length=16), nullable=False),
        sa.Column("group_name", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("may_compute", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_workspace_group_workspace_id")),
        sa.ForeignKeyConstraint(["group_name"], ["person_group.name"], name=op.f("fk_workspace_group_group_name")),
        sa.PrimaryKeyConstraint("workspace_id", "group_name", name=op.f("pk_workspace_group")),
    )
    op.create_index(op.f("ix_workspace_group_group_name"), "workspace_group", ["group_name"])
    _carry_over()


def _carry_over() -> None:
    """Who owned a project is its first member; readers had no environment, and have none now."""
    project = sa.table("project", sa.column("namespace"), sa.column("owner"), sa.column("created_at"))
    member = sa.table(
        "project_member", sa.column("namespace"), sa.column("user"), sa.column("role"), sa.column("since")
    )
    owners = sa.select(project.c.namespace, project.c.owner, sa.literal("owner"), project.c.created_at)
    op.execute(sa.insert(member).from_select(["namespace", "user", "role", "since"], owners))
    of_workspace = sa.table("workspace_member", sa.column("role"), sa.column("may_compute", sa.Boolean()))
    op.execute(sa.update(of_workspace).where(of_workspace.c.role == "reader").values(may_compute=sa.false()))
