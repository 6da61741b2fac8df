"""Holds the views of drives to what the rows say: at once where something was shared or withdrawn, else every few
seconds.

What is mounted is asked of the mounter each time, so nothing is lost where it, the machine or this service was away.
Beside the worker's sweep and not in it: a share is there at once, whatever is being deleted meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from terraspawner.containers.mounts import for_mounter
from terraspawner.domain.environment import State
from terraspawner.errors import TerraError
from terraspawner.mounter_client import MounterHealth, Shown, View
from terraspawner.operations import drive_views, withdrawals
from terraspawner.operations.drive_views import Drive
from terraspawner.web.deeds import Deeds
from terraspawner.web.launches import Launches
from terraspawner.web.pace import Pace

log = logging.getLogger(__name__)

_CAME_UP = frozenset({State.RUNNING, State.FREEZING, State.FROZEN})


class Mounter(Protocol):
    """What we ask of the mounter; `terraspawner.mounter_client.MounterClient` is the real one."""

    async def health(self) -> MounterHealth: ...
    async def views(self) -> Mapping[str, View]: ...
    async def show(self, environment_id: str, libraries: Iterable[Shown]) -> View: ...
    async def delete_view(self, environment_id: str) -> None: ...
    async def close(self) -> None: ...


class DriveViews:
    """One look at a time: of two, the later would take away what the earlier was told since."""

    def __init__(self, deeds: Deeds, launches: Launches, mounter: Mounter, pace: Pace) -> None:
        self._deeds, self._launches, self._mounter, self._pace = deeds, launches, mounter, pace
        self._woken, self._one_at_a_time = asyncio.Event(), asyncio.Lock()
        self._were_up = True

    def wake(self) -> None:
        """Something was shared or withdrawn, somebody joined a group or left one."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._woken.clear()
            try:
                await self.look()
            except TerraError as error:
                log.warning("views of drives: %s; looked at again", error.message)
            except Exception:  # the next round begins from the rows again
                log.exception("views of drives")
            try:
                async with asyncio.timeout(self._pace.sweep):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Once. Where no drive is up, and none was at the last look, the mounter is not asked."""
        async with self._one_at_a_time:
            await self._look()

    async def _look(self) -> None:
        up = {each.environment.id: each for each in await self._deeds(drive_views.drives_up)}
        if not up and not self._were_up:
            return
        there = await self._mounter.views()
        ending = [drive for identifier, drive in up.items() if await self._may_not_go_on(drive, there.get(identifier))]
        await asyncio.gather(*map(self._pause, ending))
        await self._end([identifier for identifier in there if identifier not in up], there)
        self._were_up = bool(up)

    async def _may_not_go_on(self, drive: Drive, view: View | None) -> bool:
        """Make the view what it shall be; whether a library that went was open in the environment."""
        wanted = frozenset(map(for_mounter, drive.libraries))
        here = drive.environment
        if view is None and here.state in (State.CREATING, State.STARTING):
            return False  # the spawner makes it, before there is a container
        if view is None or view.libraries != wanted:
            try:
                view = await self._mounter.show(here.id, wanted)
            except TerraError as error:
                log.warning("the drive of environment %s: %s", here.id, error.message)
                return False
        return view.was_open and here.state in _CAME_UP  # of one that is about to start it tells of an earlier start

    async def _pause(self, drive: Drive) -> None:
        """Asked of the Hub: a slow stop keeps nobody's shares waiting for longer than a moment."""
        here = drive.environment
        log.info("environment %s of %s is paused: a library that went was open", here.id, here.user)
        try:
            if await self._deeds(withdrawals.note_reason, drive.withdrawal):
                await self._launches.pause((here.user, drive.workspace.slug), self._pace.ask)
        except TerraError as error:
            log.warning("the drive of environment %s: %s", here.id, error.message)

    async def _end(self, identifiers: list[str], there: Mapping[str, View]) -> None:
        """What does not run shows nothing; its folder stays, as a start may be about to mount it."""
        at_rest = await self._deeds(drive_views.at_rest, identifiers) if identifiers else {}
        for identifier, is_environment in at_rest.items():
            try:
                if not is_environment:
                    await self._mounter.delete_view(identifier)
                elif there[identifier].libraries:
                    await self._mounter.show(identifier, ())
            except TerraError as error:
                log.warning("the drive of environment %s: %s", identifier, error.message)
