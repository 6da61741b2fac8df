"""What was decided about an environment, asked of the Hub: by the same road as the buttons."""

from __future__ import annotations

from culler.deadlines import Act
from terraspawner.operations import deletions
from terraspawner.operations.decisions import Taken
from terraspawner.web.parts import Parts


async def carry_out(parts: Parts, taken: Taken) -> None:
    """Have it stopped, or have what stops it begun; an alarm is told already. Raises `HubUnavailable`: then it is
    decided again after a while."""
    if taken.decision.act in (Act.FREEZE, Act.PAUSE):
        # the row says which of them the Hub's stop is, and why
        await parts.launches.pause((taken.user, taken.slug), parts.pace.ask)
    elif taken.decision.act is Act.DESTROY:
        await parts.deeds(deletions.mark_deleting, taken.environment_id, deletes_disk=True)
        parts.worker.wake()
