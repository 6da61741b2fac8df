"""Looks every few seconds what was changed past the service in the libraries that running environments have, and now
and then how full every library is."""

from __future__ import annotations

from terraspawner.operations import library_room, noticing
from terraspawner.web.deeds import Deeds
from terraspawner.web.rounds import Rounds, no_others_trouble
from terraspawner.web.worker import Periodic

LOOK_SECONDS = 10.0
MEASURE_SECONDS = 600.0


class Notices:
    """Rounds through libraries in use: a library of very many files takes its time, and no round waits for another.
    `carrying` waits as long as that: what is given up goes on all the same, beside what is begun after it."""

    def __init__(self, deeds: Deeds, carrying: Deeds) -> None:
        self._deeds, self._carrying = deeds, carrying
        self.rounds = Rounds("changes past the service in libraries", LOOK_SECONDS, self.look)
        self.measures = Rounds("how full libraries are", MEASURE_SECONDS, self.measure)

    @property
    def tasks(self) -> tuple[Periodic, ...]:
        return self.rounds.task, self.measures.task

    async def close(self) -> None:
        await self.rounds.close()
        await self.measures.close()

    async def look(self) -> None:
        """Once. One library's trouble holds up no other."""
        for library_id in await self._deeds(noticing.libraries_in_use):
            with no_others_trouble(f"library {library_id} is not looked through"):
                await self._carrying(noticing.notice, library_id)

    async def measure(self) -> None:
        """Once, of all that lie here."""
        for library_id in await self._deeds(library_room.libraries_here):
            with no_others_trouble(f"library {library_id} is not measured"):
                await self._carrying(library_room.measure, library_id)
