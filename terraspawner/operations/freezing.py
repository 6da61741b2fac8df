"""Freezing and waking, in our rows. Each step is one transaction.

The start goes on over a freeze: its number, its key and the server's token stay, as the processes that hold them do.
"""

from __future__ import annotations

from dataclasses import dataclass

from terraspawner.db import records
from terraspawner.domain.environment import Event, State, is_possible
from terraspawner.operations import admission, ledger, withdrawals
from terraspawner.operations.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """How many environments are frozen, and how much memory in bytes they keep together."""

    environments: int
    memory: int


def begin(context: Context, environment_id: str) -> None:
    """Write that it shall be frozen; the Hub's stop reads that. Raises `WrongState` where nothing runs."""
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        ledger.move(context, connection, environment, Event.FREEZE, frozen_memory=0)


def is_wanted(context: Context, environment_id: str) -> bool:
    """Whether the stop that the Hub was asked for is a freeze."""
    with context.database.read() as connection:
        return ledger.load(connection, environment_id).state is State.FREEZING


def frozen(context: Context, environment_id: str, start_number: int, memory: int, unsaved: str = "") -> None:
    """Its processes stand still; `memory` in bytes is what they keep, `unsaved` says what could not be saved before.
    Saying it again changes nothing."""
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if environment.start_number == start_number and is_possible(environment.state, Event.FROZEN):
            ledger.move(
                context, connection, environment, Event.FROZEN, frozen_memory=memory, reason=unsaved, log="", asked={}
            )


def wake(context: Context, environment_id: str, start_number: int, *, user: str, slug: str) -> bool:
    """Check that `user` may use it, as at a start, and write that it is on its way.

    False where it is not frozen, and where it may write what `user` may not any more: it has to be started anew.

    Raises `WorkspaceMissing`, `NotAllowed`.
    """
    with context.database.write() as connection:
        _, member = admission.check(connection, user=user, slug=slug)
        environment = ledger.load(connection, environment_id)
        if environment.start_number == start_number and is_possible(environment.state, Event.FROZEN):
            environment = ledger.move(context, connection, environment, Event.FROZEN)
        is_another = environment.start_number != start_number or withdrawals.writes_too_much(environment, member)
        if is_another or not is_possible(environment.state, Event.WAKE):
            return False
        ledger.move(context, connection, environment, Event.WAKE, reason="", log="", steps=[])
        return True


def total(context: Context) -> Frozen:
    with context.database.read() as connection:
        environments, memory = records.frozen_sum(connection)
    return Frozen(environments=environments, memory=memory)
