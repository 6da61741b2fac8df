"""The steps of the last start, and the startup script with its log."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("environment", sa.Column("steps", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("environment", sa.Column("startup_script", sa.Text(), server_default="", nullable=False))
    op.add_column("environment", sa.Column("startup_log", sa.Text(), server_default="", nullable=False))
