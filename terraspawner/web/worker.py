"""Carries out what the rows ask for, in the background: deletions, what is due in the trash, pauses of what its person
may no longer have, rows that the Hub contradicts, and what comes round every few minutes.

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
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import TerraError
from terraspawner.host_client import ContainerState
from terraspawner.hub import ServerState
from terraspawner.operations import deletions, environments, freezing, trash, withdrawals
from terraspawner.operations.withdrawals import Withdrawal
from terraspawner.web.deeds import Deeds
from terraspawner.web.launches import Hub
from terraspawner.web.pace import Pace

log = logging.getLogger(__name__)

_STANDS_STILL = frozenset({State.FREEZING, State.FROZEN})
"""Stopped for the Hub, so the Engine is asked as well."""
_MAY_BE_CONTRADICTED = _STANDS_STILL | {State.CREATING, State.STARTING, State.RUNNING, State.PAUSING}
_STOPPED_UNSEEN = {
    State.CREATING: "The start was interrupted: the Hub no longer knows of it. Start it again.",
    State.STARTING: "The start was interrupted: the Hub no longer knows of it. Resume it again.",
    State.RUNNING: "The environment ended by itself, or the machine was restarted. Its disk is untouched.",
    State.FREEZING: "The environment ended before it was frozen. Its disk is untouched.",
    State.FROZEN: "The environment ended while it was frozen. Its disk is untouched; variables are lost.",
    State.PAUSING: "",
}


class Host(Protocol):
    """What we ask of the host service; `terraspawner.host_client.HostClient` is the real one."""

    async def health(self) -> dict[str, Any]: ...
    async def containers(self) -> Mapping[str, ContainerState]: ...
    async def resize_environment(self, environment_id: str, cpu: float, memory: int) -> None: ...
    async def delete_environment(self, environment_id: str) -> None: ...
    async def delete_disk(self, disk_id: str) -> None: ...
    async def log(self, environment_id: str, lines: int) -> list[str]: ...
    async def startup_log(self, environment_id: str, lines: int) -> list[str]: ...
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
    failures: int
    not_before: float


class Worker:
    """`clock` gives seconds that only rise; it is the loop's own unless a test moves one."""

    def __init__(
        self,
        *,
        deeds: Deeds,
        hub: Hub,
        host: Host,
        pace: Pace,
        tasks: Sequence[Periodic] = (),
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._deeds = deeds
        self._hub = hub
        self._host = host
        self._pace = pace
        self._tasks = tasks
        self._due: dict[str, float] = {}
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._woken = asyncio.Event()
        self._retries: dict[str, _Retry] = {}
        self._doubts: dict[tuple[str, int, State], float] = {}

    def wake(self) -> None:
        """There is something to do now; what failed before is tried again at once."""
        self._retries.clear()
        self._woken.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            self._woken.clear()
            try:
                await self.sweep()
            except Exception:
                log.exception("sweep failed")
            await self._pause()

    async def sweep(self) -> None:
        """One look at everything. Items do not hold each other up."""
        await self._delete_environments()
        await self._deeds(trash.begin_due)
        await self._delete_disks()
        await self._pause_what_was_withdrawn()
        await self._look_for_contradictions()
        await asyncio.gather(*(self._try(task.name, partial(self._come_round, task)) for task in self._tasks))

    async def _come_round(self, task: Periodic) -> bool:
        now = self._clock()
        if now >= self._due.get(task.name, now):
            await task.act()
            self._due[task.name] = now + task.every
        return True

    async def _pause(self) -> None:
        seconds = self._pace.sweep
        if self._retries:
            next_try = min(retry.not_before for retry in self._retries.values()) - self._clock()
            seconds = min(seconds, max(next_try, 0.05))
        try:
            async with asyncio.timeout(seconds):
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
        await self._host.delete_environment(environment.id)
        await self._deeds(deletions.finish_delete, environment.id)
        log.info("environment %s of %s deleted", environment.id, environment.user)
        return True

    async def _delete_disks(self) -> None:
        going = await self._deeds(trash.disks_to_delete)
        await asyncio.gather(
            *(self._try(f"deletion of {disk.id}", partial(self._delete_disk, disk.id)) for disk in going)
        )

    async def _delete_disk(self, disk_id: str) -> bool:
        await self._host.delete_disk(disk_id)
        await self._deeds(trash.finish_disk_delete, disk_id)
        log.info("disk %s deleted", disk_id)
        return True

    # --- roles, compute and accounts that were withdrawn ---

    async def _pause_what_was_withdrawn(self) -> None:
        found = await self._deeds(withdrawals.to_be_paused)
        running = {f"pause of {withdrawal.environment.id}": withdrawal for withdrawal in found}
        # what ended by itself is not waited for
        self._retries = {
            item: retry for item, retry in self._retries.items() if item in running or not item.startswith("pause of ")
        }
        await asyncio.gather(
            *(self._try(item, partial(self._pause_environment, which)) for item, which in running.items())
        )

    async def _pause_environment(self, which: Withdrawal) -> bool:
        log.info("environment %s of %s is paused: %s", which.environment.id, which.environment.user, which.why)
        await self._deeds(withdrawals.note_reason, which)
        await self._hub.stop(which.environment.user, which.workspace.slug)
        return True  # or on its way: the next sweep looks again

    async def _try(self, item: str, act: Callable[[], Awaitable[bool]]) -> None:
        """Do `act` unless it failed a short while ago. It returns whether it is done."""
        now = self._clock()
        retry = self._retries.get(item)
        if retry and now < retry.not_before:
            return
        try:
            is_done = await act()
        except TerraError as error:
            failures = retry.failures + 1 if retry else 1
            pause = min(self._pace.back_off * 2 ** (failures - 1), self._pace.back_off_limit)
            self._retries[item] = _Retry(failures=failures, not_before=self._clock() + pause)
            log.warning("%s: %s; tried again in %g s", item, error.message, pause)
            return
        if is_done:
            self._retries.pop(item, None)
        else:
            # on its way in the Hub: look again soon, this is no failure
            self._retries[item] = _Retry(failures=0, not_before=self._clock() + self._pace.back_off / 4)

    # --- contradictions ---

    async def _look_for_contradictions(self) -> None:
        believed = await self._deeds(environments.environments_in, _MAY_BE_CONTRADICTED)
        seen = {_sighting(environment) for environment, _ in believed}
        self._doubts = {sighting: since for sighting, since in self._doubts.items() if sighting in seen}
        if any(environment.state in _STANDS_STILL for environment, _ in believed):
            containers = await self._containers()
        else:
            containers = None
        await asyncio.gather(
            *(_quietly(partial(self._look_at, environment, at, containers)) for environment, at in believed)
        )

    async def _containers(self) -> Containers:
        """What the Engine says; None where it says nothing."""
        try:
            return await self._host.containers()
        except TerraError as error:
            log.info("frozen environments not looked at: %s", error.message)
            return None

    async def _look_at(self, environment: Environment, workspace: Workspace, containers: Containers) -> None:
        """The Hub is the truth about the process: what it contradicts twice, some seconds apart, is put right."""
        if environment.state in _STANDS_STILL and containers is None:
            return
        sighting = _sighting(environment)
        server = await self._hub.server(environment.user, workspace.slug)
        container = (containers or {}).get(environment.id)
        if server.pending or _is_true(environment.state, server, container):
            self._doubts.pop(sighting, None)
            return
        since = self._doubts.setdefault(sighting, self._clock())
        if self._clock() - since < self._pace.doubt:
            return
        del self._doubts[sighting]
        await self._put_right(environment, workspace, server, container)

    async def _put_right(
        self, environment: Environment, workspace: Workspace, server: ServerState, container: ContainerState | None
    ) -> None:
        """Go down the same road again: what is wished for is asked of the Hub, what came of it is written down."""
        here = (environment.id, environment.start_number)
        log.warning("environment %s is not %s: %s, %s", environment.id, environment.state, server, container)
        if environment.state is State.FREEZING and server.is_ready:
            await self._hub.stop(environment.user, workspace.slug)
        elif environment.state is State.FREEZING and container and container.is_frozen:
            await self._deeds(freezing.frozen, *here, container.memory)
        elif await self._hub.stop(environment.user, workspace.slug):
            # where the Hub had something frozen to end, the row knows already and says why
            await self._deeds(environments.stopped, *here, _STOPPED_UNSEEN[environment.state])


Containers = Mapping[str, ContainerState] | None


def _is_true(state: State, server: ServerState, container: ContainerState | None) -> bool:
    """Whether Hub and Engine say what the row says. A freeze that lasts this long was cut off."""
    if state is State.FROZEN:
        return container is not None and container.is_frozen and not server.is_ready
    return server.is_ready and state is not State.FREEZING


def _sighting(environment: Environment) -> tuple[str, int, State]:
    return environment.id, environment.start_number, environment.state


async def _quietly(act: Callable[[], Awaitable[None]]) -> None:
    """Unknown is not stopped: where nobody answers, nothing is concluded."""
    try:
        await act()
    except TerraError as error:
        log.info("not looked at: %s", error.message)
