"""Why a frozen environment has to give its memory back."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("activity", sa.Column("memory_short", sa.Text(), server_default="", nullable=False))
