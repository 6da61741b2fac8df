"""Previews that were made, by the digest of the notebook: the same bytes are taken apart once, wherever they are.

In memory and bounded: a preview is quickly made again, and a notebook's content lies in no further place.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

MOST = 64 * 1024**2
"""Bytes of all previews that are kept."""


class Shelf:
    """Keeps what was asked for last. Whoever asks for what is being made waits for it."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._made: dict[str, asyncio.Task[bytes]] = {}

    def get(self, digest: str) -> bytes | None:
        """The preview, if it is here."""
        if digest in self._kept:
            self._kept.move_to_end(digest)
        return self._kept.get(digest)

    async def get_or_make(self, digest: str, make: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
        """The preview; made once for all who wait for it, and to its end if they leave."""
        found = self.get(digest)
        if found is not None:
            return found
        task = self._made.get(digest)
        if task is None:
            task = self._made[digest] = asyncio.create_task(self._make(digest, make))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may be left to ask
        return await asyncio.shield(task)

    async def _make(self, digest: str, make: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
        try:
            made = await make()
        finally:
            del self._made[digest]
        self._put(digest, made)
        return made

    def _put(self, digest: str, made: bytes) -> None:
        if len(made) > self._most // 2:
            return
        self._kept[digest] = made
        self._size += len(made)
        while self._size > self._most:
            _, gone = self._kept.popitem(last=False)
            self._size -= len(gone)
