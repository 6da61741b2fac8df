"""What was proposed for notebooks, and what became of it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "notebook_proposal",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("notebook_id", sa.String(length=16), nullable=False),
        sa.Column("proposer", sa.String(length=255), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("closed_by", sa.String(length=255), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("word", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["notebook_id"], ["notebook.id"], name=op.f("fk_notebook_proposal_notebook_id_notebook")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notebook_proposal")),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(op.f("ix_notebook_proposal_notebook_id"), "notebook_proposal", ["notebook_id"])
    op.create_index(op.f("ix_notebook_proposal_proposer"), "notebook_proposal", ["proposer"])
    op.create_index(
        "uq_notebook_proposal_open",
        "notebook_proposal",
        ["notebook_id", "proposer"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
