"""Libraries of the drive."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "library",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("comparable", sa.String(length=200), nullable=False),
        sa.Column("for_all", sa.String(length=10), nullable=True),
        sa.Column("size_limit", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["workspace.id"], name=op.f("fk_library_id")),
        sa.ForeignKeyConstraint(["owner"], ["account.name"], name=op.f("fk_library_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library")),
        sa.UniqueConstraint("owner", "comparable", name=op.f("uq_library_owner_comparable")),
    )
    op.create_index(op.f("ix_library_for_all"), "library", ["for_all"])
