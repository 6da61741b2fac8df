"""All buckets that are mounted on this machine: which are wanted, and a keeper for each.

Wanted are those whose workspaces have an environment that is not at rest; `workspaces` says which, again and again. A
start asks for its own (`ensure`) and goes on in any case: a store that is away is no reason not to start.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from terraspawner.domain.bucket_mount import Standing

START_SECONDS = 5.0
"""How long a start waits for its bucket."""
GRACE_SECONDS = 120.0
"""For so long what a start asked for is not taken away by a list that was made before."""


class Keeps(Protocol):
    """What this needs of :class:`terraspawner.host.bucket_mounts.keeper.Keeper`."""

    is_up: asyncio.Event

    @property
    def standing(self) -> Standing: ...
    def want(self, *, is_wanted: bool) -> None: ...
    async def run(self) -> None: ...


class Rooms(Protocol):
    """What is to be done with the folders of a bucket that nobody keeps."""

    def prepare(self, workspace_id: str) -> None: ...
    def forget(self, workspace_id: str) -> None: ...


class Supervisor:
    """Blocking work is the rooms' alone, and is done in a thread."""

    def __init__(
        self,
        make: Callable[[str], Keeps],
        rooms: Rooms,
        *,
        start_seconds: float = START_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._make = make
        self._rooms = rooms
        self._start_seconds = start_seconds
        self._grace_seconds = grace_seconds
        self._kept: dict[str, Keeps] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, float] = {}

    @property
    def standings(self) -> Mapping[str, Standing]:
        """By the workspace's id."""
        return {workspace_id: keeper.standing for workspace_id, keeper in self._kept.items()}

    async def ensure(self, workspace_id: str) -> Standing:
        """Mount it unless it is; waits for that, but not for long. Its folders are there in any case."""
        await asyncio.to_thread(self._rooms.prepare, workspace_id)
        self._asked[workspace_id] = self._clock()
        keeper = self._keep(workspace_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._start_seconds):
                await keeper.is_up.wait()
        return keeper.standing

    def want(self, workspace_ids: Iterable[str]) -> None:
        """These and no others, but for what was asked for just now."""
        now = self._clock()
        self._asked = {each: at for each, at in self._asked.items() if now - at < self._grace_seconds}
        wanted = {*workspace_ids, *self._asked}
        for workspace_id in wanted:
            self._keep(workspace_id)
        for workspace_id in self._kept.keys() - wanted:
            self._kept[workspace_id].want(is_wanted=False)

    async def forget(self, workspace_id: str) -> None:
        """The bucket is purged: what waits to be sent is not sent any more."""
        self._asked.pop(workspace_id, None)
        await self._end(workspace_id)
        await asyncio.to_thread(self._rooms.forget, workspace_id)

    async def close(self) -> None:
        """End all rclones. What is not sent is kept for their next run."""
        await asyncio.gather(*(self._end(workspace_id) for workspace_id in tuple(self._kept)))

    def _keep(self, workspace_id: str) -> Keeps:
        keeper = self._kept.get(workspace_id)
        if keeper is None:
            keeper = self._kept[workspace_id] = self._make(workspace_id)
            task = self._tasks[workspace_id] = asyncio.create_task(self._see_to_its_end(workspace_id, keeper))
            task.set_name(f"bucket {workspace_id}")
        keeper.want(is_wanted=True)
        return keeper

    async def _see_to_its_end(self, workspace_id: str, keeper: Keeps) -> None:
        try:
            await keeper.run()
        finally:
            if self._kept.get(workspace_id) is keeper:
                del self._kept[workspace_id], self._tasks[workspace_id]

    async def _end(self, workspace_id: str) -> None:
        task = self._tasks.get(workspace_id)
        if task:
            task.cancel()
            await asyncio.wait({task})

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()
