"""What was decided about an environment, asked of the Hub: by the same road as the buttons."""

from __future__ import annotations

from culler.deadlines import TELLS_ONLY
from terraspawner.errors import FactsMovedOn
from terraspawner.operations import stops
from terraspawner.operations.decisions import Taken
from terraspawner.web.parts import Parts


async def refuse_while_asked_for(parts: Parts, environment_id: str) -> None:
    """A start that the Hub was asked for, and that no row tells of yet, keeps it out of the trash. Raises
    `FactsMovedOn`, `EnvironmentMissing`."""
    if parts.launches.is_under_way(await parts.deeds(stops.server_of, environment_id)):
        raise FactsMovedOn("It is being started at this moment, so it stays. Decide again.")


async def carry_out(parts: Parts, taken: Taken) -> None:
    """Have it stopped, or have what stops it begun; an alarm and a notice are told already. Raises `HubUnavailable`:
    then it is decided again after a while."""
    if taken.decision.act in TELLS_ONLY:
        return
    if taken.is_up:
        # the row says which of them the Hub's stop is, and why
        await parts.launches.pause((taken.user, taken.slug), parts.pace.ask)
    else:
        parts.worker.wake()
