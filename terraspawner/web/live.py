"""Server-sent events: looks at a row now and then and tells each change, until the browser goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from terraspawner.errors import TerraError, Unavailable
from terraspawner.web.parts import Parts
from terraspawner.web.responses import body_of

T = TypeVar("T")

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}


def stream(
    parts: Parts, user: str, look: Callable[[], Awaitable[T]], tell: Callable[[T], Iterable[tuple[str, str]]]
) -> StreamingResponse:
    """A stream of what `tell` makes, as event and text, of each new thing that `look` sees. Raises `TooMany`."""
    parts.streams.check(user)
    return StreamingResponse(_events(parts, user, look, tell), media_type="text/event-stream", headers=HEADERS)


async def _events(
    parts: Parts, user: str, look: Callable[[], Awaitable[T]], tell: Callable[[T], Iterable[tuple[str, str]]]
) -> AsyncIterator[bytes]:
    with parts.streams.one(user):
        async for event in _seen(parts, look, tell):
            yield event


async def _seen(
    parts: Parts, look: Callable[[], Awaitable[T]], tell: Callable[[T], Iterable[tuple[str, str]]]
) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    end, last, spoken = clock() + parts.pace.stream, None, clock()
    while clock() < end:
        try:
            seen: T | None = await look()
        except Unavailable:
            seen = last  # unknown is not a change; the next look may know more
        except TerraError as error:
            # no longer theirs to see: say so and end
            yield format_sse_event(event="error-told", data_str=json.dumps(body_of(error)))
            return
        if seen is not None and seen != last:
            for event, text in tell(seen):
                yield format_sse_event(event=event, data_str=text)
            last, spoken = seen, clock()
        elif clock() - spoken > parts.pace.keep_alive:
            yield format_sse_event(comment="still here")
            spoken = clock()
        if await _is_set(parts.closing, parts.pace.look):
            return


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
