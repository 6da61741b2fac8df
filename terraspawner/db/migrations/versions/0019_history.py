"""Notebooks with their history, and what is under way with them."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    _make_notebooks()
    _make_versions()
    _make_intents()


def _make_notebooks() -> None:
    op.create_table(
        "notebook",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("workspace_id", sa.String(length=16), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.Column("trash_item", sa.String(length=16), nullable=True),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_notebook_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notebook")),
        sa.UniqueConstraint("trash_item", name=op.f("uq_notebook_trash_item")),
    )
    op.create_index(op.f("ix_notebook_workspace_id"), "notebook", ["workspace_id"])
    is_live = sa.text("state = 'live'")
    op.create_index(
        "uq_notebook_path",
        "notebook",
        ["workspace_id", "path"],
        unique=True,
        sqlite_where=is_live,
        postgresql_where=is_live,
    )


def _make_versions() -> None:
    op.create_table(
        "notebook_version",
        sa.Column("notebook_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("author", sa.String(length=255), nullable=False),
        sa.Column("environment", sa.String(length=16), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("save_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["notebook_id"], ["notebook.id"], name=op.f("fk_notebook_version_notebook_id_notebook")
        ),
        sa.PrimaryKeyConstraint("notebook_id", "number", name=op.f("pk_notebook_version")),
        sa.UniqueConstraint("notebook_id", "save_id", name=op.f("uq_notebook_version_notebook_id_save_id")),
    )
    op.create_index(op.f("ix_notebook_version_sha256"), "notebook_version", ["sha256"])


def _make_intents() -> None:
    op.create_table(
        "notebook_intent",
        sa.Column("notebook_id", sa.String(length=16), nullable=False),
        sa.Column("token", sa.String(length=16), nullable=False),
        sa.Column("deed", sa.String(length=10), nullable=False),
        sa.Column("base", sa.String(length=255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("author", sa.String(length=255), nullable=False),
        sa.Column("environment", sa.String(length=16), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("save_id", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=1024), nullable=False),
        sa.Column("trash_item", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["notebook_id"], ["notebook.id"], name=op.f("fk_notebook_intent_notebook_id_notebook")),
        sa.PrimaryKeyConstraint("notebook_id", name=op.f("pk_notebook_intent")),
    )
