"""Pausing and deleting environments by their id: one's own, and those of others for who pays. The disk is kept.

REST and pages ask through here. Several are asked for at once, and what became of each is told apart.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from terraspawner.domain.environment import Event, State, is_possible
from terraspawner.errors import TerraError, WrongState
from terraspawner.operations import ledger, oversight
from terraspawner.operations.oversight import Overseen
from terraspawner.web.parts import Parts

_PAUSED = frozenset({State.PAUSED, State.PAUSING})
_LATER = frozenset({State.DELETING, State.FREEZING})


class Ending(enum.StrEnum):
    PAUSE = "pause"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one: `fault` is empty where it was carried out."""

    environment_id: str
    fault: str = ""


def is_of_use(ending: Ending, state: State) -> bool:
    """Whether something in `state` would be changed by it."""
    return is_possible(state, Event.PAUSE if ending is Ending.PAUSE else Event.DELETE)


async def pause(parts: Parts, actor: str, environment_id: str) -> Overseen:
    """Stop it; container and disk are kept. Raises `EnvironmentMissing`, `WrongState`, `HubUnavailable`."""
    found = await parts.deeds(oversight.allow_pause, actor=actor, environment_id=environment_id)
    here = found.environment
    if here.state in _LATER:
        raise WrongState(f"The environment is {here.state}. Look again in a minute.", state=str(here.state))
    if here.state not in _PAUSED:
        await parts.deeds(ledger.note_asked, here.id)
        await parts.launches.pause((here.user, found.workspace.slug), parts.pace.ask)
    return await parts.deeds(oversight.get_environment, actor=actor, environment_id=environment_id)


async def delete(parts: Parts, actor: str, environment_id: str) -> None:
    """Delete it, keep its disk. Raises `EnvironmentMissing`."""
    await parts.deeds(oversight.delete, actor=actor, environment_id=environment_id)
    parts.worker.wake()


async def end_all(parts: Parts, actor: str, ending: Ending, ids: Sequence[str]) -> list[Outcome]:
    """Each of `ids`, side by side; one that fails holds up no other."""

    async def one(environment_id: str) -> Outcome:
        try:
            await (pause if ending is Ending.PAUSE else delete)(parts, actor, environment_id)
        except TerraError as error:
            return Outcome(environment_id=environment_id, fault=error.message)
        return Outcome(environment_id=environment_id)

    return list(await asyncio.gather(*(one(each) for each in ids)))
