"""Says every few seconds that this service lives, so that it knows afterwards when it did not (`lease_endings`)."""

from __future__ import annotations

import asyncio
import logging

from terraspawner.errors import TerraError
from terraspawner.operations import lease_endings
from terraspawner.web.deeds import Deeds

log = logging.getLogger(__name__)


async def beat(deeds: Deeds, every: float) -> None:
    """Until cancelled; `every` in seconds. A task of its own: a sweep waits for others, and that is no silence."""
    while True:
        try:
            await deeds(lease_endings.beat)
        except TerraError as error:
            log.warning("heartbeat: %s", error.message)
        except Exception:  # one that fails is told; no more beats at all would look like an outage to every lease
            log.exception("heartbeat")
        await asyncio.sleep(every)
