"""Accounts that an identity provider signs in, and whether it has let the person go."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("account", sa.Column("subject", sa.String(length=600), nullable=True))
    op.create_index(op.f("uq_account_subject"), "account", ["subject"], unique=True)
    op.add_column("account", sa.Column("is_let_go", sa.Boolean(), server_default=sa.false(), nullable=False))
