"""How much one person may have under way at once, so that nobody takes the service from the others.

Notebooks, and pieces of files, are held in memory from the first byte of a request to the last of its answer, and a
client may take its time over both: without a bound twenty of the largest end the process. What counts is what is held
at this moment, by one person (with the keys of his environments) and in all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from terraspawner.domain.data_file import PIECE
from terraspawner.web.responses import TooMany

MOST_STREAMS = 40
_PIECE = 256 * 1024


class Room:
    """Twice the largest notebook, or piece of a file, for each person, three times for all together."""

    def __init__(self, notebook_limit: int) -> None:
        largest = max(notebook_limit, PIECE)
        self._most_each = 2 * largest
        self._most = 3 * largest
        self._held: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Bytes, of everybody."""
        return self._held.total()

    def share(self, user: str) -> Share:
        """An empty share for one request; whoever asks for it closes it."""
        return Share(room=self, user=user)

    def take(self, user: str, size: int) -> None:
        """Raises `TooMany` where there is no room."""
        if self._held[user] + size > self._most_each:
            raise TooMany("You are sending or fetching several big notebooks or files at once. Wait until one is done.")
        if self.held + size > self._most:
            raise TooMany("Many big notebooks and files are on their way at this moment. Try again in some seconds.")
        self._held[user] += size

    def give_back(self, user: str, size: int) -> None:
        self._held[user] -= size
        if not self._held[user]:
            del self._held[user]


@dataclass(slots=True, kw_only=True)
class Share:
    """What one request holds."""

    room: Room
    user: str
    size: int = 0

    def grow(self, size: int) -> None:
        """Hold `size` bytes more. Raises `TooMany`."""
        self.room.take(self.user, size)
        self.size += size

    def close(self) -> None:
        """Hold nothing any more. Once more does no harm."""
        self.room.give_back(self.user, self.size)
        self.size = 0


class InPieces(Response):
    """A body that waits for its client: sent whole, it would lie in the connection's buffer, where nobody counts it."""

    def __init__(self, body: bytes, share: Share, **options: Any) -> None:
        super().__init__(body, **options)
        self._share = share

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for start in range(0, len(self.body), _PIECE):
                piece = self.body[start : start + _PIECE]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._share.close()


class Streams:
    """Live streams by person: each looks at the database twice a second."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def check(self, user: str) -> None:
        """Raises `TooMany` where one more would be too many."""
        if self._open[user] >= MOST_STREAMS:
            raise TooMany("You have this open in too many tabs. Close some of them.")

    @contextmanager
    def one(self, user: str) -> Iterator[None]:
        """One more, for as long as the block lasts."""
        self._open[user] += 1
        try:
            yield
        finally:
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]
