"""Groups whose people belong to billing projects."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "project_group",
        sa.Column("namespace", sa.String(length=40), nullable=False),
        sa.Column("group_name", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["namespace"], ["project.namespace"], name=op.f("fk_project_group_namespace_project")),
        sa.ForeignKeyConstraint(
            ["group_name"], ["person_group.name"], name=op.f("fk_project_group_group_name_person_group")
        ),
        sa.PrimaryKeyConstraint("namespace", "group_name", name=op.f("pk_project_group")),
    )
    op.create_index(op.f("ix_project_group_group_name"), "project_group", ["group_name"])
