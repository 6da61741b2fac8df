"""What is paused is looked at too: for how long it is."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Nobody was told of anything yet, so each notice comes first and stands for its time, however long it is paused."""
    environment = sa.table("environment", sa.column("id"), sa.column("state"), sa.column("since"))
    instants = ("started_at", "human_at", "next_look_at")
    activity = sa.table(
        "activity",
        *(sa.column(name) for name in ("environment_id", "revision", "hears_humans", "work", *instants)),
    )
    here = environment.c
    rests = sa.select(
        here.id, sa.literal(1), sa.false(), sa.literal([], sa.JSON()), *(here.since for _ in instants)
    ).where(here.state == "paused")
    op.execute(sa.insert(activity).from_select([each.name for each in activity.columns], rests))
