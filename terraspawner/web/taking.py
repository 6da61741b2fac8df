"""Files on their way in: cut into pieces, of which one is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from terraspawner.domain.data_file import PIECE
from terraspawner.web.responses import TooSlow
from terraspawner.web.room import Share

_SILENCE_SECONDS = 120
"""Who sends nothing for so long has gone."""


async def pieces_of(stream: AsyncIterator[bytes], share: Share, *, size: int = PIECE) -> AsyncIterator[bytes]:
    """All of a body in pieces of `size` bytes, the last one shorter. Raises `TooMany`, `TooSlow`."""
    held = bytearray()
    while True:
        chunk = await _next(stream)
        if chunk is None:
            break
        share.grow(len(chunk))
        held += chunk
        while len(held) >= size:
            piece = bytes(held[:size])
            del held[:size]
            yield piece
            share.close()
            share.grow(len(held))
    yield bytes(held)


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    try:
        async with asyncio.timeout(_SILENCE_SECONDS):
            return await anext(stream, None)
    except TimeoutError as error:
        raise TooSlow from error
