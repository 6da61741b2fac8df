"""When environments pause and start by themselves: what is said, and which times were judged."""

import sqlalchemy as sa
from alembic import op

from terraspawner.db.tables import UtcDateTime

revision = "0017"
down_revision = "0012"


def upgrade() -> None:
    for owner in ("workspace", "environment"):
        name = f"{owner}_policy"
        op.create_table(
            name,
            sa.Column(f"{owner}_id", sa.String(length=16), nullable=False),
            sa.Column("rules", sa.JSON(), nullable=False),
            sa.Column("said_at", UtcDateTime(), nullable=False),
            sa.ForeignKeyConstraint([f"{owner}_id"], [f"{owner}.id"], name=op.f(f"fk_{name}_{owner}_id")),
            sa.PrimaryKeyConstraint(f"{owner}_id", name=op.f(f"pk_{name}")),
        )
    op.create_table(
        "appointment",
        sa.Column("environment_id", sa.String(length=16), nullable=False),
        sa.Column("stop_seen", UtcDateTime(), nullable=True),
        sa.Column("start_seen", UtcDateTime(), nullable=True),
        sa.Column("stop_due", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["environment_id"], ["environment.id"], name=op.f("fk_appointment_environment_id")),
        sa.PrimaryKeyConstraint("environment_id", name=op.f("pk_appointment")),
    )
