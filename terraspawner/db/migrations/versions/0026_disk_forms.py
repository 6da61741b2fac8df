"""What a disk is on the machine. All that there are were made as plain volumes."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("disk", sa.Column("form", sa.String(length=10), nullable=True))
    op.execute(sa.update(sa.table("disk", sa.column("form"))).values(form="volume"))
