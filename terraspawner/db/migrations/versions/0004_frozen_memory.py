"""What memory a frozen environment keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("environment", sa.Column("frozen_memory", sa.BigInteger(), server_default="0", nullable=False))
