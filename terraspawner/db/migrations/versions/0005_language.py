"""Which image an environment is made from, by its language; all there were are Python."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("environment", sa.Column("language", sa.String(10), server_default="python", nullable=False))
