"""All remotes of one kind that are mounted on this machine: which are wanted, and a keeper for each.

Wanted are the buckets of workspaces that have an environment that is not at rest, and the drives of libraries that
there are; `workspaces` says which, again and again. A start asks for its bucket (`ensure`) and goes on in any case: a
store that is away is no reason not to start.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, Protocol, TypeVar

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
    """What is to be done with the folders of a remote that nobody keeps."""

    def prepare(self, remote_id: str) -> None: ...
    def forget(self, remote_id: str) -> None: ...


Kept = TypeVar("Kept", bound=Keeps)


class Supervisor(Generic[Kept]):
    """Blocking work is the rooms' alone, and is done in a thread."""

    def __init__(
        self,
        make: Callable[[str], Kept],
        rooms: Rooms,
        *,
        start_seconds: float = START_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._make = make
        self._rooms = rooms
        self._start_seconds = start_seconds
        self._grace_seconds = grace_seconds
        self.kept: dict[str, Kept] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, float] = {}

    @property
    def standings(self) -> Mapping[str, Standing]:
        """By the id of workspace or library."""
        return {remote_id: keeper.standing for remote_id, keeper in self.kept.items()}

    async def ensure(self, remote_id: str) -> Standing:
        """Mount it unless it is; waits for that, but not for long. Its folders are there in any case."""
        await asyncio.to_thread(self._rooms.prepare, remote_id)
        self._asked[remote_id] = self._clock()
        keeper = self._keep(remote_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._start_seconds):
                await keeper.is_up.wait()
        return keeper.standing

    def want(self, remote_ids: Iterable[str]) -> None:
        """These and no others, but for what was asked for just now."""
        now = self._clock()
        self._asked = {each: at for each, at in self._asked.items() if now - at < self._grace_seconds}
        wanted = {*remote_ids, *self._asked}
        for remote_id in wanted:
            self._keep(remote_id)
        for remote_id in self.kept.keys() - wanted:
            self.kept[remote_id].want(is_wanted=False)

    async def forget(self, remote_id: str) -> None:
        """It is purged: what waits to be sent is not sent any more."""
        self._asked.pop(remote_id, None)
        await self._end(remote_id)
        await asyncio.to_thread(self._rooms.forget, remote_id)

    async def close(self) -> None:
        """End all rclones. What is not sent is kept for their next run."""
        await asyncio.gather(*(self._end(remote_id) for remote_id in tuple(self.kept)))

    def _keep(self, remote_id: str) -> Kept:
        keeper = self.kept.get(remote_id)
        if keeper is None:
            keeper = self.kept[remote_id] = self._make(remote_id)
            task = self._tasks[remote_id] = asyncio.create_task(self._see_to_its_end(remote_id, keeper))
            task.set_name(f"mount {remote_id}")
        keeper.want(is_wanted=True)
        return keeper

    async def _see_to_its_end(self, remote_id: str, keeper: Kept) -> None:
        try:
            await keeper.run()
        finally:
            if self.kept.get(remote_id) is keeper:
                del self.kept[remote_id], self._tasks[remote_id]

    async def _end(self, remote_id: str) -> None:
        task = self._tasks.get(remote_id)
        if task:
            task.cancel()
            await asyncio.wait({task})

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()
