"""How full the disks are: measured one after the other, now and then by itself, and when somebody asks.

Beside the worker's sweep and not in it: a disk with a million files takes its time, and deletions do not wait for that.
"""

from __future__ import annotations

import asyncio
import logging

from terraspawner.domain.disk import Folder
from terraspawner.errors import TerraError, Unavailable
from terraspawner.operations import disks
from terraspawner.web.deeds import Deeds
from terraspawner.web.rounds import Rounds
from terraspawner.web.worker import Host

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
"""Between two looks at the rows for disks that it is time to measure."""


class Measures:
    """`patience`: seconds that somebody who asks waits for the disks before."""

    def __init__(self, deeds: Deeds, host: Host, *, patience: float = 30.0) -> None:
        self._deeds = deeds
        self._host = host
        self._patience = patience
        self._turn = asyncio.Lock()
        self.rounds = Rounds("measuring of disks", LOOK_SECONDS, self._go_round)
        self._left_alone: dict[str, float] = {}

    async def measure(self, disk_id: str) -> None:
        """Measure one, as soon as it is its turn. Raises `HostUnavailable`, `Unavailable` where others take long."""
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Unavailable("Other disks are being measured at this moment. Try again in a minute.") from error
        try:
            found = await self._host.measure_disk(disk_id)
            if found is not None:
                folders = [Folder(path=path, size=size) for path, size in found.folders]
                await self._deeds(disks.note_measure, disk_id, found.used, folders)
        finally:
            self._turn.release()

    async def _go_round(self) -> None:
        now = asyncio.get_running_loop().time()
        for disk_id in await self._deeds(disks.due_for_measure):
            if now < self._left_alone.get(disk_id, now):
                continue
            try:
                await self.measure(disk_id)
            except TerraError as error:  # one that cannot be read holds up no other, and is not tried all the time
                log.info("disk %s not measured: %s", disk_id, error.message)
                self._left_alone[disk_id] = now + self._deeds.context.settings.disk_look
