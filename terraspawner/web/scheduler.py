"""Daily stops and autostarts, as a task of the worker: what `domain.timetable` finds due is asked of the Hub (C19).

By the same road as the buttons: a pause is the Hub's stop, a start is a wish of its person's that account, membership,
compute, limits and catalogue are asked about again. The decision moves to the culler when that comes; nothing of it
stands here.
"""

from __future__ import annotations

import asyncio
import logging

from terraspawner.domain.timetable import Act
from terraspawner.errors import TerraError, Unavailable
from terraspawner.errors_starts import StartFailed
from terraspawner.operations import policies
from terraspawner.operations.policies import SCHEDULE, Due
from terraspawner.web import wishes
from terraspawner.web.origin import acting_as
from terraspawner.web.parts import Parts
from terraspawner.web.sights import Spot
from terraspawner.web.worker import Periodic

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
"""Between two looks: so late may a stop or a start be."""
_TOO_MANY = 429


class Scheduler:
    """`attend` once the parts are put together."""

    def __init__(self) -> None:
        self._parts: Parts | None = None

    def attend(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def task(self) -> Periodic:
        return Periodic(name="daily stops and autostarts", every=LOOK_SECONDS, act=self.look)

    async def look(self) -> None:
        """Do what is due now. One that fails holds up no other."""
        if self._parts is None:
            return
        parts, gate = self._parts, asyncio.Semaphore(self._parts.pace.asks_at_once)

        async def one(environment_id: str) -> None:
            async with gate:  # of a whole class that starts at eight the Hub is not asked in one moment
                await self._judge(parts, environment_id)

        with acting_as(SCHEDULE):
            found = await parts.deeds(policies.to_be_judged)
            await asyncio.gather(*(one(each) for each in found))

    async def _judge(self, parts: Parts, environment_id: str) -> None:
        try:
            due = await parts.deeds(policies.judge, environment_id)
            if due:
                log.info("environment %s of %s: %s", environment_id, due.environment.user, due.why)
                await (self._stop if due.act is Act.STOP else self._start)(parts, due)
        except TerraError as error:
            # a stop stays due until it is done; a start has said what became of it
            log.warning("environment %s, by its schedule: %s", environment_id, error.message)

    async def _stop(self, parts: Parts, due: Due) -> None:
        await parts.launches.pause((due.environment.user, due.workspace.slug), parts.pace.ask)

    async def _start(self, parts: Parts, due: Due) -> None:
        at = due.workspace
        try:
            await wishes.start(parts, Spot(user=due.environment.user, namespace=at.namespace, name=at.name))
        except Unavailable:
            await parts.deeds(policies.look_again, due)
            raise
        except TerraError as error:
            if isinstance(error, StartFailed) and error.details.get("status") == _TOO_MANY:
                await parts.deeds(policies.look_again, due)
            else:
                await parts.deeds(policies.start_refused, due, error.message)
            raise
