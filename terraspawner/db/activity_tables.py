"""The tables of what environments do, of what keeps them, and of what was decided, beside those of `tables`."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db.tables import UtcDateTime, metadata

activity = sa.Table(
    "activity",
    metadata,
    sa.Column("environment_id", sa.ForeignKey("environment.id"), primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("human_at", UtcDateTime, nullable=False),
    sa.Column("reported_at", UtcDateTime, nullable=True),
    sa.Column("hears_humans", sa.Boolean, nullable=False),
    sa.Column("busy_since", UtcDateTime, nullable=True),
    sa.Column("rests_since", UtcDateTime, nullable=True),
    sa.Column("work", sa.JSON, nullable=False),
    sa.Column("work_ended_at", UtcDateTime, nullable=True),
    sa.Column("cores", sa.Float, nullable=True),
    sa.Column("sampled_at", UtcDateTime, nullable=True),
    sa.Column("decided_at", UtcDateTime, nullable=True),
    sa.Column("alarmed", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("memory_short", sa.Text, nullable=False, server_default=""),
    sa.Column("next_look_at", UtcDateTime, nullable=False, index=True),
)
"""One row while an environment runs, stands still frozen, or is paused (`domain.activity.Clocks`). `revision` counts
changes; `decided_at` says when a decision about it was last taken, `alarmed` which alarms hold and which notices were
told since when, `memory_short` why a frozen one has to give its memory back, empty where it has not; before
`next_look_at` nothing can be due."""

keep_alive = sa.Table(
    "keep_alive",
    metadata,
    sa.Column("environment_id", sa.ForeignKey("environment.id"), primary_key=True),
    sa.Column("until", UtcDateTime, nullable=True),
    sa.Column("pid", sa.Integer, nullable=True),
    sa.Column("by", sa.String(255), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
"""Until when an environment's person wants it to be left alone; with `pid` instead while that process works."""

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("environment_id", sa.ForeignKey("environment.id"), nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("act", sa.String(10), nullable=False),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("decision", sa.JSON, nullable=False),
    sa.Column("who", sa.String(255), nullable=False),
)
"""What was done by itself and why, as it was told, with all that it was decided by: for people, and for replays."""
