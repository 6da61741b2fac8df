"""Changing the size of an environment that is there: container and disk stay, the price changes from now on.

What runs is given its size by `host` before the row says so: nobody pays for what he does not have. What is paused
takes it at its next start.
"""

from __future__ import annotations

from terraspawner.db import records
from terraspawner.domain.environment import IN_TRANSITION, Environment, State
from terraspawner.domain.size import Size
from terraspawner.errors import WrongState
from terraspawner.operations import audit, ledger
from terraspawner.operations.context import Context

UP = frozenset({State.RUNNING, State.FROZEN})
"""The container has its processes: a size is given to them at once."""


def refuse_in_transition(environment: Environment, what: str) -> None:
    """Raises `WrongState` while something else is under way with it. `what` is "size" or "image"."""
    if environment.state in IN_TRANSITION:
        raise WrongState(
            f"The environment is {environment.state}: its {what} cannot be changed now. Wait until that is done, then"
            " change it.",
            state=str(environment.state),
        )


def take(context: Context, environment_id: str, size: Size, *, user: str, given_to: int | None = None) -> None:
    """Write the new size and its price. `given_to` is the start whose container has it; None where nothing runs.

    Raises `WrongState` where another start has begun meanwhile, with the size that was.
    """
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        if given_to is None and environment.state is not State.PAUSED:
            refuse_in_transition(environment, "size")
            raise WrongState(
                f"The environment is {environment.state} meanwhile. Change its size again.",
                state=str(environment.state),
            )
        records.set_size(connection, environment.id, size)
        audit.note(
            context, connection, actor=user, action="environment-size-changed", subject=f"environment:{environment.id}",
            before=environment.size.name, after=size.name,
        )  # fmt: skip
        ledger.note_interval(context, connection, ledger.load(connection, environment.id))
