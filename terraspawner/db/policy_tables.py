"""The tables of what is said about pausing and starting by itself, beside those of `tables`."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db.tables import UtcDateTime, metadata

workspace_policy = sa.Table(
    "workspace_policy",
    metadata,
    sa.Column("workspace_id", sa.ForeignKey("workspace.id"), primary_key=True),
    sa.Column("rules", sa.JSON, nullable=False),
    sa.Column("said_at", UtcDateTime, nullable=False),
)
environment_policy = sa.Table(
    "environment_policy",
    metadata,
    sa.Column("environment_id", sa.ForeignKey("environment.id"), primary_key=True),
    sa.Column("rules", sa.JSON, nullable=False),
    sa.Column("said_at", UtcDateTime, nullable=False),
)
"""What is said at each level, as `domain.policy.Rules` writes it, and since when."""

appointment = sa.Table(
    "appointment",
    metadata,
    sa.Column("environment_id", sa.ForeignKey("environment.id"), primary_key=True),
    sa.Column("stop_seen", UtcDateTime, nullable=True),
    sa.Column("start_seen", UtcDateTime, nullable=True),
    sa.Column("stop_due", UtcDateTime, nullable=True),
)
"""Which daily stops and autostarts were judged (`domain.timetable.Appointments`): none is judged twice."""
