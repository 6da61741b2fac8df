"""Work of a round that takes its time: beside the worker's sweep and not in it, and never two of them at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from terraspawner.errors import TerraError
from terraspawner.web.worker import Periodic

log = logging.getLogger(__name__)


@contextmanager
def no_others_trouble(what: str) -> Iterator[None]:
    """Round one thing of many: whatever goes wrong with it is told in the log and tried again in the next round. People
    write in buckets past us, and nobody has thought of all that they may put there."""
    try:
        yield
    except TerraError as error:
        log.info("%s: %s", what, error.message)
    except Exception:
        log.exception("%s", what)


class Rounds:
    """`go` is one round; what it raises ends that round alone."""

    def __init__(self, name: str, every: float, go: Callable[[], Awaitable[None]]) -> None:
        self._name, self._every, self._go = name, every, go
        self._under_way: asyncio.Task[None] | None = None

    @property
    def task(self) -> Periodic:
        """For the worker: it begins a round, unless one is under way, and does not wait for its end."""
        return Periodic(name=self._name, every=self._every, act=self._begin)

    async def settled(self) -> None:
        """The round that is under way has ended, if there is one."""
        if self._under_way:
            await asyncio.wait([self._under_way])

    async def close(self) -> None:
        if self._under_way:
            self._under_way.cancel()
            with suppress(asyncio.CancelledError):
                await self._under_way

    async def _begin(self) -> None:
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._one())

    async def _one(self) -> None:
        with no_others_trouble(f"{self._name}: no round"):
            await self._go()
