"""Which size and image of the catalogue an environment has, and its prices as they were when the size was chosen."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0010"

PRICES = ("price_running", "price_frozen", "price_paused")


def upgrade() -> None:
    op.add_column("environment", sa.Column("size_name", sa.String(40), server_default="", nullable=False))
    op.add_column("environment", sa.Column("image_name", sa.String(255), server_default="", nullable=False))
    for price in PRICES:
        op.add_column("environment", sa.Column(price, sa.Numeric(12, 6), nullable=True))
    # until now there was one size, and an image for each language
    op.execute("UPDATE environment SET size_name = 'standard', image_name = language")
