"""What environments say of themselves that could be lost: notebooks not sent yet, terminals, git folders."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("environment", sa.Column("unsent", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("environment", sa.Column("terminals", sa.Integer(), nullable=True))
    op.add_column("environment", sa.Column("trees", sa.JSON(none_as_null=True), nullable=True))
