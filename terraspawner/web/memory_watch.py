"""Looks every few seconds what memory the machine has left: the host service says it, the deed decides what follows."""

from __future__ import annotations

import logging

from terraspawner.domain.host_memory import HostMemory
from terraspawner.errors import HostUnavailable
from terraspawner.operations import host_memory
from terraspawner.web.deeds import Deeds
from terraspawner.web.worker import Host, Periodic

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0


class MemoryWatch:
    def __init__(self, deeds: Deeds, host: Host) -> None:
        self._deeds, self._host = deeds, host

    @property
    def task(self) -> Periodic:
        return Periodic(name="memory of the machine", every=LOOK_SECONDS, act=self.look)

    async def look(self) -> None:
        """Once."""
        for environment_id, why in (await self._deeds(host_memory.note, await self._left())).items():
            log.warning("environment %s shall give its memory back: %s", environment_id, why)

    async def _left(self) -> HostMemory | None:
        """None where nobody knows, or nobody asks."""
        if not self._deeds.context.settings.memory_reserve:
            return None
        try:
            told = await self._host.memory()
        except HostUnavailable as error:
            log.info("what memory the machine has left is not known: %s", error.message)
            return None
        return HostMemory.from_json(told) if told else None
