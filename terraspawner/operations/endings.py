"""The end of an environment that runs, in our rows: begun before it is asked to save, so that its key still opens what
it has to send, and its page says what goes on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from terraspawner.db import records
from terraspawner.domain.environment import Event, State
from terraspawner.domain.layer import MOST_NAMED
from terraspawner.operations import ledger, withdrawals
from terraspawner.operations.context import Context


class Ending(Enum):
    """Its processes end, or they stand still."""

    PAUSE = auto()
    FREEZE = auto()


_UNDER_WAY = {
    State.RUNNING: Ending.PAUSE,
    State.PAUSING: Ending.PAUSE,
    State.DELETING: Ending.PAUSE,
    State.FREEZING: Ending.FREEZE,
}


def begin(context: Context, environment_id: str, start_number: int) -> Ending | None:
    """The stop that the Hub was asked for; None where nothing runs that could save. What runs is being paused from here
    on, unless it shall be frozen or deleted.

    None as well where its person may not have it any more: while it saves its address answers, and what it would send
    is not taken. Its text is on its disk.
    """
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if environment.start_number != start_number or withdrawals.is_withdrawn(connection, environment):
            return None
        if environment.state is State.RUNNING:
            ledger.move(context, connection, environment, Event.PAUSE)
        return _UNDER_WAY.get(environment.state)


def note_unsent(context: Context, environment_id: str, start_number: int, unsent: Sequence[str]) -> None:
    """What it has on its disk alone, as it said to the spawner: where our service cannot be reached from there, it
    could not tell that itself."""
    with context.database.write() as connection:
        if ledger.load(connection, environment_id).start_number == start_number:
            records.update_environment(
                connection, environment_id, outbox_pending=len(unsent), unsent=list(unsent[:MOST_NAMED])
            )
