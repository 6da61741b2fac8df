"""Environments in the trash: beside them their person may have another one, and that one may have their disk."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0017"

_IS_LIVE = sa.text("state NOT IN ('none', 'trashed', 'purging')")


def upgrade() -> None:
    for name, columns in (("uq_environment_live", ["workspace_id", "user"]), ("uq_environment_disk", ["disk_id"])):
        op.drop_index(name, table_name="environment")
        op.create_index(name, "environment", columns, unique=True, sqlite_where=_IS_LIVE, postgresql_where=_IS_LIVE)
    with op.batch_alter_table("trash") as trash:
        trash.alter_column(
            "kind", existing_type=sa.String(length=10), type_=sa.String(length=12), existing_nullable=False
        )
