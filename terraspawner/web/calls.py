"""Calls for what an environment holds: who is asked for a notebook hears of it at once, without asking all the time.

An environment keeps one question open (`GET /environments/self/calls`), which is answered when somebody asks for one
of its notebooks, or after some seconds. For 500 environments that is 25 answers a second, a tenth of one processor; to
look at each lease every 5 s would have taken nearly a whole one. In memory on purpose: what is missed by a restart of
this service is told with the next renewal, within 20 s.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from terraspawner.operations.leases import LeaseSight

MOST_WAITING = 3
"""Questions that one environment may keep open; of more the oldest is answered."""


class Calls:
    """Numbers that rise by environment, and who waits for the next one."""

    def __init__(self, closing: asyncio.Event) -> None:
        self._closing = closing
        self._numbers: dict[str, int] = {}
        self._waiting: defaultdict[str, list[asyncio.Event]] = defaultdict(list)

    def tell_holder(self, sight: LeaseSight) -> None:
        """The environment in which a notebook is edited, where it is."""
        if sight.lease.holder is not None:
            self.tell(sight.lease.holder.environment)

    def tell(self, environment_id: str) -> None:
        """Somebody wants something of what it holds."""
        self._numbers[environment_id] = self._numbers.get(environment_id, 0) + 1
        for waiting in self._waiting.get(environment_id, ()):
            waiting.set()

    async def wait(self, environment_id: str, *, seen: int, seconds: float) -> int:
        """The number of the last call, as soon as it is not the one that was `seen`, at the latest after `seconds`."""
        if self._numbers.get(environment_id, 0) == seen and seconds > 0:
            waiting = self._waiting[environment_id]
            for oldest in waiting[: max(0, len(waiting) + 1 - MOST_WAITING)]:
                oldest.set()
            called = asyncio.Event()
            waiting.append(called)
            try:
                await self._first(called, seconds)
            finally:
                waiting.remove(called)
                if not waiting:
                    self._waiting.pop(environment_id, None)
        return self._numbers.get(environment_id, 0)

    async def _first(self, called: asyncio.Event, seconds: float) -> None:
        tasks = [asyncio.create_task(event.wait()) for event in (called, self._closing)]
        try:
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
