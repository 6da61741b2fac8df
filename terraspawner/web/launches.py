"""Starts and pauses that were asked of the Hub and are under way.

The Hub answers a start only when it is up, has failed, or took long; a page does not wait for that. The row
tells how it goes from the moment the spawner has admitted it; until then, and when the Hub refuses before
there is anything to write, what is known stands here. In memory on purpose: after a restart of this service
the row alone speaks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Protocol

from terraspawner.errors import HubUnavailable, TerraError
from terraspawner.errors_starts import StartFailed
from terraspawner.hub import ServerState

log = logging.getLogger(__name__)

Server = tuple[str, str]
"""User and slug."""

_AGAIN_SECONDS = 0.3
_PATIENCE_SECONDS = 30.0


class Hub(Protocol):
    """What we ask of the Hub; `terraspawner.hub.HubClient` is the real one."""

    async def server(self, user: str, slug: str) -> ServerState: ...
    async def start(
        self, user: str, slug: str, display_name: str = "", options: Mapping[str, str] | None = None
    ) -> bool: ...
    async def stop(self, user: str, slug: str) -> bool: ...
    async def forget(self, user: str, slug: str) -> bool: ...
    async def is_up(self) -> bool: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A start that was asked for when start number `over` was the last one, and over."""

    task: asyncio.Task[None]
    over: int


class Launches:
    """At most one start is under way for a server; a second request joins it, or waits for one that has failed
    already and of which the Hub has not said so yet."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._under_way: dict[Server, Launch] = {}
        self._faults: dict[Server, TerraError] = {}
        self._called_off: set[Server] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pauses: set[asyncio.Task[bool]] = set()

    async def start(
        self,
        server: Server,
        title: str,
        wait: float = 1.0,
        options: Mapping[str, str] | None = None,
        *,
        over: int = 0,
    ) -> None:
        """Ask the Hub for a start and return when it answers, or after `wait` seconds. The spawner checks `options`.
        `over`: the number of the last start, where that is over.

        Raises `StartFailed` or `HubUnavailable` when it refuses in that time; `fault` tells what came later.
        """
        launch = self._under_way.get(server)
        if launch is None or over > launch.over:
            self._faults.pop(server, None)
            task = asyncio.create_task(self._carry_out(server, title, options or {}, launch.task if launch else None))
            launch = self._under_way[server] = Launch(task=task, over=over)
            self._tasks.add(task)
            task.add_done_callback(lambda _: self._end(server, launch))
        await asyncio.wait({launch.task}, timeout=wait)
        if launch.task.done() and (fault := self._faults.get(server)):
            raise fault

    def _end(self, server: Server, launch: Launch) -> None:
        self._tasks.discard(launch.task)
        if self._under_way.get(server) is launch:
            del self._under_way[server]

    async def pause(self, server: Server, wait: float = 1.0) -> None:
        """Ask the Hub for a stop and return when it has answered, or after `wait` seconds."""
        self._faults.pop(server, None)
        await self._within(self._hub.stop(*server), wait)

    async def cancel(self, server: Server, wait: float = 1.0) -> None:
        """Call a start off, wherever it is, and return when that is done, or after `wait` seconds."""
        self._faults.pop(server, None)
        await self._within(self._call_off(server), wait)

    def is_under_way(self, server: Server) -> bool:
        """Whether the Hub was asked for a start and has not answered yet."""
        return server in self._under_way

    def fault(self, server: Server) -> str:
        """Why the last start was refused, empty where it was not."""
        found = self._faults.get(server)
        return found.message if found else ""

    async def close(self) -> None:
        """Stop waiting for answers. The Hub goes on with what it was asked."""
        tasks = [*self._tasks, *self._pauses]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _call_off(self, server: Server) -> bool:
        """Stop until the Hub knows of nothing: a request for the start may reach it after the one for the end."""
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        self._called_off.add(server)
        try:
            while True:
                try:
                    if await self._is_called_off(server):
                        return True
                except HubUnavailable:
                    if asyncio.get_running_loop().time() > deadline:
                        raise
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            self._called_off.discard(server)

    async def _is_called_off(self, server: Server) -> bool:
        await self._hub.stop(*server)
        if server in self._under_way:
            return False
        seen = await self._hub.server(*server)
        return not seen.pending and not seen.is_ready

    async def _carry_out(
        self, server: Server, title: str, options: Mapping[str, str], before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait({before})
            self._faults.pop(server, None)
            if server in self._called_off:
                return
        try:
            await self._when_stopped(server, title, options)
        except TerraError as fault:
            if server in self._called_off:
                return
            log.warning("start of %s/%s: %s", *server, fault.message)
            self._faults[server] = fault

    async def _when_stopped(self, server: Server, title: str, options: Mapping[str, str]) -> None:
        """Start; where the Hub is still stopping the last one, wait for that and ask again."""
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            try:
                await self._hub.start(*server, title, options)
            except StartFailed as refusal:
                is_late = asyncio.get_running_loop().time() > deadline
                if is_late or server in self._called_off or not _is_pending(refusal):
                    raise
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return

    async def _within(self, call: Awaitable[bool], wait: float) -> None:
        task = asyncio.ensure_future(call)
        self._pauses.add(task)
        task.add_done_callback(self._pauses.discard)
        task.add_done_callback(_log_fault)
        await asyncio.wait({task}, timeout=wait)
        if task.done():
            task.result()


def _is_pending(refusal: StartFailed) -> bool:
    return refusal.details.get("status") == 400 and "pending" in refusal.message


def _log_fault(task: asyncio.Future[bool]) -> None:
    if not task.cancelled() and (fault := task.exception()):
        log.warning("pause: %s", fault)
