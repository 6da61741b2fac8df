"""How far a start has come: told to the Hub's page at once, and written down beside the work, never in its way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

from terraspawner.domain.start import PERCENT, StepName, Steps, begun, ended
from terraspawner.errors import TerraError

_LOOK_SECONDS = 0.2

log = logging.getLogger(__name__)


class Progress:
    """The steps of one start. `write` puts them into the row; while it is at it, later ones wait and go together."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._write: Callable[[Steps], Awaitable[None]] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._unwritten = False
        self.steps: Steps = ()

    def begin(self, name: StepName, message: str = "") -> None:
        """`name` is under way; what was before has ended."""
        self.steps = begun(self.steps, name, self._now(), message)
        self._unwritten = True
        if self._write and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_all(self._write))

    def end(self) -> Steps:
        """Nothing is under way any more."""
        self.steps = ended(self.steps, self._now())
        self._unwritten, self._write = False, None
        return self.steps

    def write_with(self, write: Callable[[Steps], Awaitable[None]]) -> None:
        """From here on there is a row to write to."""
        self._write = write

    async def _write_all(self, write: Callable[[Steps], Awaitable[None]]) -> None:
        while self._unwritten:
            self._unwritten = False
            try:
                await write(self.steps)
            except (TerraError, TimeoutError) as error:
                log.warning("a step was not written down, the next one will be: %s", error)

    async def events(self) -> AsyncIterator[dict[str, object]]:
        """Each step as the Hub's own pending page takes it."""
        told: tuple[str, ...] = ()
        while True:
            said = tuple(step.message for step in self.steps)
            for step, message in zip(self.steps, said, strict=True):
                if message not in told:
                    yield {"progress": PERCENT[step.name], "message": message}
            told = said
            await asyncio.sleep(_LOOK_SECONDS)
