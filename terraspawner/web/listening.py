"""What can be heard of environments that does not come from inside them: processor time, traffic, and that nobody
can be heard at all.

Where an environment says nothing of its kernels, the Engine says what processors it has used. Where an image does not
say when a person was there, what went through the proxy to it is taken for that. After the Hub or the Engine was away
nothing is stopped for a while.

Beside the worker's sweep and not in it: it takes its time where much runs, and deletions do not wait for that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from terraspawner.domain.activity import REPORT
from terraspawner.errors import HostUnavailable, HubUnavailable
from terraspawner.host_client import ProcessorTime
from terraspawner.operations import activity
from terraspawner.operations.context import Context
from terraspawner.web.deeds import Deeds
from terraspawner.web.launches import Hub
from terraspawner.web.rounds import Rounds
from terraspawner.web.worker import Host

log = logging.getLogger(__name__)

T = TypeVar("T")

_LOOKS_AWAY = 2
"""So many looks in vain were an outage; one alone is a restart that nobody noticed."""
_AT_ONCE = 20
_TOLD_AT_ONCE = 200
"""Environments in one transaction: very many would keep all others from writing for seconds."""
_ROOM_SECONDS = 0.02
"""Between two of them. Another process that waits for SQLite looks again and again, and finds no moment without it."""


class Listening:
    """`clock` gives seconds that only rise; it is the loop's own unless a test moves one."""

    def __init__(self, deeds: Deeds, hub: Hub, host: Host, clock: Callable[[], float] | None = None) -> None:
        self._deeds, self._hub, self._host = deeds, hub, host
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._used: Mapping[str, ProcessorTime] = {}
        self._looked_at = 0.0
        self._in_vain = {"the Hub": 0, "the Engine": 0}
        self.rounds = Rounds("listening to environments", REPORT.total_seconds(), self.look)

    async def look(self) -> None:
        """Once. What is away is not taken for idle."""
        hub_is_up = await self._hub.is_up()
        await self._note("the Hub", is_there=hub_is_up)
        silent = await self._deeds(activity.never_heard)
        try:
            used, now = await self._host.processor_times(silent), self._clock()
        except HostUnavailable as error:
            log.info("processor times are not known: %s", error.message)
            await self._note("the Engine", is_there=False)
            self._used = {}
        else:
            await self._note("the Engine", is_there=True)
            await self._take(used, now)
        if hub_is_up:
            await self._take_traffic()

    async def _take(self, used: Mapping[str, ProcessorTime], now: float) -> None:
        before, self._used = self._used, used
        passed, self._looked_at = now - self._looked_at, now
        cores = {
            name: max(0, each.nanoseconds - before[name].nanoseconds) / 1e9 / passed
            for name, each in used.items()
            if passed > 0 and name in before and before[name].container == each.container
        }
        if cores:
            await self._tell(activity.sample, cores)

    async def _take_traffic(self) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)
        seen: dict[str, datetime] = {}

        async def one(environment_id: str, user: str, slug: str) -> None:
            async with gate:
                try:
                    at = (await self._hub.server(user, slug)).last_activity
                except HubUnavailable as error:
                    log.info("traffic to %s of %s is not known: %s", slug, user, error.message)
                    return
            if at is not None:
                seen[environment_id] = at

        await asyncio.gather(*(one(*each) for each in await self._deeds(activity.deaf)))
        if seen:
            await self._tell(activity.note_traffic, seen)

    async def _tell(self, deed: Callable[[Context, Mapping[str, T]], None], told: Mapping[str, T]) -> None:
        """By environment, some at a time."""
        found = list(told.items())
        for begin in range(0, len(found), _TOLD_AT_ONCE):
            await self._deeds(deed, dict(found[begin : begin + _TOLD_AT_ONCE]))
            await asyncio.sleep(_ROOM_SECONDS)

    async def _note(self, which: str, *, is_there: bool) -> None:
        if not is_there:
            self._in_vain[which] += 1
            return
        was_away, self._in_vain[which] = self._in_vain[which] >= _LOOKS_AWAY, 0
        if was_away:
            log.warning("%s was away and is back: nothing is stopped for %s", which, activity.GRACE)
            await self._deeds(activity.after_away)
