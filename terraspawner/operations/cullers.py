"""Whether the culler is there: it is heard of each time that it asks for facts.

A stop is promised only while somebody would carry it out; where the culler is away for long, that is an alarm.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from terraspawner.db import activity_records
from terraspawner.operations import activity
from terraspawner.operations.context import Context

NAME = "culler"
"""The Hub service that carries stops out."""
MISSED = timedelta(minutes=5)
"""A culler that was not heard of for so long is away."""


def heard(context: Context, connection: sa.Connection) -> None:
    """It asks. Where it was away for long, nobody could be told of a stop in time, so nothing is stopped at once."""
    now, last = context.now(), activity_records.moment(connection, NAME)
    if last is not None and now - last > MISSED:
        activity.give_grace(context, connection)
    activity_records.note_moment(connection, NAME, now)


def is_there(context: Context, connection: sa.Connection) -> bool:
    return is_heard(activity_records.moment(connection, NAME), context.now())


def is_heard(last: datetime | None, now: datetime) -> bool:
    """`last`: when it was heard of, None where never."""
    return last is not None and now - last <= MISSED


def presence(context: Context) -> tuple[datetime | None, bool]:
    """When it was heard of last, None where this deployment never had one, and whether it is there."""
    with context.database.read() as connection:
        return activity_records.moment(connection, NAME), is_there(context, connection)
