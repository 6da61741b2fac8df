"""What environments do, until when they are kept, and what was decided about them."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("environment_id", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("human_at", sa.DateTime(), nullable=False),
        sa.Column("reported_at", sa.DateTime(), nullable=True),
        sa.Column("hears_humans", sa.Boolean(), nullable=False),
        sa.Column("busy_since", sa.DateTime(), nullable=True),
        sa.Column("rests_since", sa.DateTime(), nullable=True),
        sa.Column("work", sa.JSON(), nullable=False),
        sa.Column("work_ended_at", sa.DateTime(), nullable=True),
        sa.Column("cores", sa.Float(), nullable=True),
        sa.Column("sampled_at", sa.DateTime(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("alarmed", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("next_look_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environment.id"], name=op.f("fk_activity_environment_id_environment")
        ),
        sa.PrimaryKeyConstraint("environment_id", name=op.f("pk_activity")),
    )
    op.create_index(op.f("ix_activity_next_look_at"), "activity", ["next_look_at"])
    op.create_table(
        "keep_alive",
        sa.Column("environment_id", sa.String(length=16), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=True),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environment.id"], name=op.f("fk_keep_alive_environment_id_environment")
        ),
        sa.PrimaryKeyConstraint("environment_id", name=op.f("pk_keep_alive")),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("decision", sa.JSON(), nullable=False),
        sa.Column("who", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environment.id"], name=op.f("fk_decision_environment_id_environment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_environment_id"), "decision", ["environment_id"])
    op.create_index(op.f("ix_decision_at"), "decision", ["at"])
    _begin_for_what_runs()


def _begin_for_what_runs() -> None:
    """What runs at the update is taken as if its person had come at that moment: it is never stopped too early."""
    now = sa.literal(datetime.now(UTC).replace(tzinfo=None), sa.DateTime())
    environment = sa.table("environment", sa.column("id"), sa.column("state"))
    instants = ("started_at", "human_at", "next_look_at")
    activity = sa.table(
        "activity",
        *(sa.column(name) for name in ("environment_id", "revision", "hears_humans", "work", *instants)),
    )
    up = sa.select(
        environment.c.id, sa.literal(1), sa.false(), sa.literal([], sa.JSON()), *(now for _ in instants)
    ).where(environment.c.state.in_(["running", "freezing", "frozen", "pausing"]))
    op.execute(sa.insert(activity).from_select([each.name for each in activity.columns], up))
