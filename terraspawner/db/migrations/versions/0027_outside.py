"""Libraries whose files lie on a drive from outside."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "library_outside",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("drive", sa.String(length=40), nullable=False),
        sa.Column("user", sa.String(length=200), nullable=False),
        sa.Column("path", sa.String(length=1000), nullable=False),
        sa.Column("library", sa.String(length=200), nullable=False),
        sa.Column("sealed_password", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["library.id"], name=op.f("fk_library_outside_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_outside")),
    )
