"""Files on their way out: in pieces, each read when the client has taken the one before, all of one version."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from terraspawner.domain.data_file import PIECE, visible
from terraspawner.errors_files import RangeUnsatisfiable
from terraspawner.web.room import Share

BYTES = "application/octet-stream"
_AT_ONCE = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")

ReadPart = Callable[[int, int], Awaitable[bytes]]
"""``read(start, size)``: at most `size` bytes, empty at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The bytes of an answer: from `start` up to, not with, `end`."""

    start: int
    end: int


def span_of(header: str | None, size: int) -> Span | None:
    """The one range that was asked for; None for the whole, also where several were, or none that can be read.

    Raises `RangeUnsatisfiable` (RFC 9110, 14.2).
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if last and first and int(last) < int(first):
        return None
    if start >= size or (not first and int(last) == 0):
        raise RangeUnsatisfiable(f"The file has {size} bytes; ask for a range within them.", size=size)
    return Span(start=start, end=end)


def attached(name: str) -> str:
    """The header that has a browser save it under its name, whatever is in that."""
    return f"attachment; filename*=UTF-8''{quote(visible(name), safe='')}"


class StoredFile(Response):
    """A part of a file of one version. Is it changed meanwhile, the connection breaks off: a client that counts sees
    that it has not all of it. For a client that has gone nothing more is read: its server takes whatever is sent."""

    def __init__(self, read: ReadPart, share: Share, span: Span, **options: object) -> None:
        super().__init__(b"", **options)  # type: ignore[arg-type]
        self.headers["Content-Length"] = str(span.end - span.start)
        self._read, self._share, self._span = read, share, span

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        at, gone = self._span.start, asyncio.ensure_future(_gone(receive))
        try:
            self._share.grow(min(PIECE, self._span.end - at))
            piece = await self._piece(at)  # a refusal before the first byte is still a sentence
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while piece and not gone.done():
                for start in range(0, len(piece), _AT_ONCE):
                    body = piece[start : start + _AT_ONCE]
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                at += len(piece)
                piece = await self._piece(at)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._share.close()

    async def _piece(self, at: int) -> bytes:
        size = min(PIECE, self._span.end - at)
        return await self._read(at, size) if size > 0 else b""


async def _gone(receive: Receive) -> None:
    """Ends when the client does."""
    while (await receive())["type"] != "http.disconnect":
        pass
