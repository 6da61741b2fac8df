"""Carries out what the rows ask for, in the background: deletions, what is due in the trash, pauses of what its person
may no longer have, what the reconciler finds, and what comes round every few minutes.

The row drives it (ARCHITECTURE.md, Delete): a deletion that fails half-way is found again by the next sweep,
here or after a restart, and every step can be repeated. No answer is never "stopped": where the Hub or the
host is silent nothing is concluded and the item waits with a growing pause.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from terraspawner.domain.environment import Environment, State
from terraspawner.domain.trash import Item
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import TerraError
from terraspawner.host_client import DiskUse, ProcessorTime, SeenImage
from terraspawner.operations import (
    deletions,
    environments,
    trash,
    trashed_disks,
    trashed_environments,
    trashed_workspaces,
    withdrawals,
)
from terraspawner.operations.withdrawals import Withdrawal
from terraspawner.web.deeds import Deeds
from terraspawner.web.launches import Hub
from terraspawner.web.pace import Pace
from terraspawner.web.reconciler import Machine, Reconciler

log = logging.getLogger(__name__)


class Host(Machine, Protocol):
    """What we ask of the host service; `terraspawner.host_client.HostClient` is the real one."""

    async def health(self) -> dict[str, Any]: ...
    async def memory(self) -> Mapping[str, Any] | None: ...
    async def processor_times(self, identifiers: Sequence[str]) -> Mapping[str, ProcessorTime]: ...
    async def resize_environment(self, environment_id: str, cpu: float, memory: int) -> None: ...
    async def measure_disk(self, disk_id: str) -> DiskUse | None: ...
    async def enlarge_disk(self, disk_id: str, size: int) -> None: ...
    async def look_at_image(self, reference: str) -> SeenImage: ...
    async def empty_bucket(self, workspace_id: str) -> None: ...
    async def log(self, environment_id: str, lines: int) -> list[str]: ...
    async def startup_log(self, environment_id: str, lines: int) -> list[str]: ...
    async def layer(self, environment_id: str) -> Mapping[str, Any] | None: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """A task that comes round `every` so many seconds, and first when the worker starts. One that raises a `TerraError`
    is tried again with a growing pause; it must bear being carried out twice."""

    name: str
    every: float
    act: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retry:
    """`pause` in seconds is how long it was put off the last time, 0 where it had not failed."""

    pause: float
    not_before: float


class Worker:
    """`clock` gives seconds that only rise; it is the loop's own unless a test moves one. What `also_wakes` wakes goes
    rounds of its own. All of `forget_mounts` are told each workspace whose bucket is about to be purged."""

    def __init__(
        self,
        *,
        deeds: Deeds,
        hub: Hub,
        host: Host,
        pace: Pace,
        tasks: Sequence[Periodic] = (),
        clock: Callable[[], float] | None = None,
        also_wakes: Callable[[], None] = lambda: None,
        forget_mounts: Sequence[Callable[[str], Awaitable[None]]] = (),
    ) -> None:
        self._forget_mounts = forget_mounts
        self._deeds = deeds
        self._hub = hub
        self._host = host
        self._pace = pace
        self._also_wakes = also_wakes
        self.sweeps = 0
        self._tasks = tasks
        self._due: dict[str, float] = {}
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._woken = asyncio.Event()
        self._retries: dict[str, _Retry] = {}
        self._items: set[str] = set()
        self.reconciler = Reconciler(deeds=deeds, hub=hub, host=host, pace=pace, clock=self._clock)

    def wake(self) -> None:
        """There is something to do now; what failed before is tried again at once."""
        self._retries.clear()
        self._woken.set()
        self._also_wakes()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            self._woken.clear()
            try:
                await self.sweep()
            except Exception:  # the next sweep begins from the rows again; ending here would end every deletion
                log.exception("sweep failed")
            await self._pause()

    async def sweep(self) -> None:
        """One look at everything. Items do not hold each other up."""
        self._items.clear()
        await self._delete_environments()
        await self._deeds(trash.begin_due)
        await self._purge_environments()
        await self._delete_disks()
        await self._try("purge of notebooks and files", self._purge_kept)
        await self._purge_workspaces()
        await self._pause_what_was_withdrawn()
        await self.reconciler.sweep()
        await asyncio.gather(*(self._try(task.name, partial(self._come_round, task)) for task in self._tasks))
        # what ended otherwise is not waited for
        self._retries = {item: retry for item, retry in self._retries.items() if item in self._items}
        self.sweeps += 1

    async def _come_round(self, task: Periodic) -> bool:
        now = self._clock()
        if now >= self._due.get(task.name, now):
            await task.act()
            self._due[task.name] = now + task.every
        return True

    @property
    def rest(self) -> float:
        """Seconds from now to the next sweep, unless it is woken."""
        tries = [retry.not_before - self._clock() for retry in self._retries.values()]
        return min([self._pace.sweep, *(max(each, 0.05) for each in tries)])

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self.rest):
                await self._woken.wait()
        except TimeoutError:
            return

    # --- deletions ---

    async def _delete_environments(self) -> None:
        going = await self._deeds(environments.environments_in, frozenset({State.DELETING}))
        await asyncio.gather(
            *(
                self._try(f"deletion of {environment.id}", partial(self._delete_environment, environment, at))
                for environment, at in going
            )
        )

    async def _delete_environment(self, environment: Environment, workspace: Workspace) -> bool:
        if not await self._hub.forget(environment.user, workspace.slug):
            return False
        if environment.is_destroyed:
            await self._destroy(environment)
            return True
        left = await self._leave_container(environment)
        await self._deeds(deletions.finish_delete, environment.id, left)
        log.info("environment %s of %s %s", environment.id, environment.user, "in the trash" if left else "deleted")
        return True

    async def _destroy(self, environment: Environment) -> None:
        """Its person is not there to be asked, so its disk is looked at before it goes: what it last said of its outbox
        may be older than its last save."""
        await self._host.delete_environment(environment.id)
        use = await self._host.measure_disk(environment.disk_id)
        unsent = use.unsent if use else 0
        await self._deeds(deletions.finish_destroying, environment.id, unsent)
        log.info("environment %s destroyed%s", environment.id, "; its disk is kept for its outbox" if unsent else "")

    async def _leave_container(self, environment: Environment) -> str:
        """Stop the container that came up once, and leave it for the trash; any other one is removed. The id of what is
        left, empty where that is nothing."""
        await self._host.stop_environment(environment.id)
        seen = (await self._host.containers()).get(environment.id)
        if seen is not None and environment.came_up_in(seen.id):
            return seen.id
        await self._host.delete_environment(environment.id)
        return ""

    async def _purge_environments(self) -> None:
        """The Hub is not asked: by now the server of that name may be another environment's."""
        going = await self._deeds(trashed_environments.purging)
        await asyncio.gather(
            *(self._try(f"purge of {here.id}", partial(self._purge_environment, here.id)) for here in going)
        )

    async def _purge_environment(self, environment_id: str) -> bool:
        await self._host.delete_environment(environment_id)
        await self._deeds(trashed_environments.finish_purge, environment_id)
        log.info("environment %s purged", environment_id)
        return True

    async def _delete_disks(self) -> None:
        going = await self._deeds(trashed_disks.to_delete)
        await asyncio.gather(
            *(self._try(f"deletion of {disk.id}", partial(self._delete_disk, disk.id)) for disk in going)
        )

    async def _delete_disk(self, disk_id: str) -> bool:
        await self._host.delete_disk(disk_id)
        await self._deeds(trashed_disks.finish_delete, disk_id)
        log.info("disk %s deleted", disk_id)
        return True

    async def _purge_kept(self) -> bool:
        await self._deeds(trash.purge_kept)
        return True

    async def _purge_workspaces(self) -> None:
        going = await self._deeds(trashed_workspaces.purging)
        await asyncio.gather(
            *(self._try(f"purge of {item.subject}", partial(self._purge_workspace, item)) for item in going)
        )

    async def _purge_workspace(self, item: Item) -> bool:
        if not await self._deeds(trashed_workspaces.is_empty, item):
            return False
        for forget in self._forget_mounts:
            await forget(item.subject)
        await self._host.empty_bucket(item.subject)
        await self._deeds(trashed_workspaces.finish_purge, item)
        log.info("workspace %s purged", item.subject)
        return True

    # --- roles, compute and accounts that were withdrawn ---

    async def _pause_what_was_withdrawn(self) -> None:
        found = await self._deeds(withdrawals.to_be_paused)
        await asyncio.gather(
            *(self._try(f"pause of {which.environment.id}", partial(self._pause_environment, which)) for which in found)
        )

    async def _pause_environment(self, which: Withdrawal) -> bool:
        log.info("environment %s of %s is paused: %s", which.environment.id, which.environment.user, which.why)
        if await self._deeds(withdrawals.note_reason, which):
            await self._hub.stop(which.environment.user, which.workspace.slug)
        return True  # or on its way: the next sweep looks again

    async def _try(self, item: str, act: Callable[[], Awaitable[bool]]) -> None:
        """Do `act` unless it failed a short while ago. It returns whether it is done."""
        self._items.add(item)
        now = self._clock()
        retry = self._retries.get(item)
        if retry and now < retry.not_before:
            return
        try:
            is_done = await act()
        except TerraError as error:
            log.warning("%s: %s; tried again in %g s", item, error.message, self._put_off(item, retry))
            return
        except Exception:  # whatever is wrong with one, the others go on
            log.exception("%s failed; tried again in %g s", item, self._put_off(item, retry))
            return
        if is_done:
            self._retries.pop(item, None)
        else:
            # on its way in the Hub: look again soon, this is no failure
            self._retries[item] = _Retry(pause=0, not_before=self._clock() + self._pace.back_off / 4)

    def _put_off(self, item: str, retry: _Retry | None) -> float:
        """For so many seconds."""
        pause = min(max(self._pace.back_off, 2 * retry.pause if retry else 0), self._pace.back_off_limit)
        self._retries[item] = _Retry(pause=pause, not_before=self._clock() + pause)
        return pause
