"""A second disk of an environment."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0016"

LIVE = sa.text("state NOT IN ('none', 'trashed', 'purging')")


def upgrade() -> None:
    op.add_column("disk", sa.Column("kind", sa.String(length=10), server_default="home", nullable=False))
    with op.batch_alter_table("environment") as batch:
        batch.add_column(sa.Column("data_disk_id", sa.String(length=16), nullable=True))
        batch.add_column(sa.Column("deletes_data_disk", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.create_foreign_key(op.f("fk_environment_data_disk_id_disk"), "disk", ["data_disk_id"], ["id"])
    op.create_index(
        "uq_environment_data_disk",
        "environment",
        ["data_disk_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
