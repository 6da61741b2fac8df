"""Work in threads that a cancelled start leaves behind: it cannot be called back, so undoing waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Uncut:
    """Calls that go on to their end, whatever becomes of who asked."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Future[Any]] = set()

    async def __call__(self, work: Awaitable[Result]) -> Result:
        """What `work` gives. A cancellation reaches the caller alone."""
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def settled(self) -> None:
        """Return when nothing is under way. What failed was told to who asked, if he is still there.

        What has ended is left out here: until its callback has had a turn of the loop it still stands in the set, and
        from Python 3.12 on a `gather` of what has ended gives the loop no turn, so that this would never return.
        """
        while under_way := {task for task in self._under_way if not task.done()}:
            await asyncio.wait(under_way)
