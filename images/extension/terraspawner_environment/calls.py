"""Hears at once when somebody asks for a notebook that is edited here, and not only with the next renewal.

One question is kept open while a tab holds anything; which notebook it is about, its lease says. A service that cannot
be asked so (it is away, or an older one) is asked again after a while: renewals tell it too, within 20 s.
"""

import asyncio
import logging

from terraspawner_environment.leases import Leases
from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.trouble import ServiceTrouble

log = logging.getLogger(__name__)

WAIT_SECONDS = 20.0
LOOK_SECONDS = 1.0


class Calls:
    """`follow` runs until it is cancelled."""

    def __init__(
        self, leases: Leases, service: WorkspaceService, *, wait: float = WAIT_SECONDS, look: float = LOOK_SECONDS
    ) -> None:
        self._leases, self._service = leases, service
        self._wait, self._look = wait, look

    async def follow(self) -> None:
        seen = 0
        while True:
            if not self._leases.held_by_tabs():
                await asyncio.sleep(self._look)
                continue
            try:
                called = await self._service.calls(seen, seconds=self._wait)
            except (ServiceTrouble, ValueError, KeyError, TypeError) as trouble:
                log.debug("Calls cannot be heard: %s", trouble)
                await asyncio.sleep(self._wait)
                continue
            if called != seen:
                self._leases.look_at_held()
            seen = called
