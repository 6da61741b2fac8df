"""What an environment last said of its memory."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("environment", sa.Column("memory_seen", sa.JSON(), server_default="{}", nullable=False))
