"""Asking a service of ours behind a unix socket that may be on its way back.

One that was killed is started anew by the Engine within seconds. Who starts an environment meanwhile can wait for that
rather than be told to try again; so what met nobody is asked again, and so is what was cut off in the middle, where it
may be done twice (RFC 9110, 9.2.2). Who asks in rounds does without: the next round comes anyway.
"""

from __future__ import annotations

import asyncio
import time

import httpx

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_PAUSE_SECONDS = 0.2


class Retrying(httpx.AsyncBaseTransport):
    """Asks through `inner`, again for so many seconds after the first try."""

    def __init__(self, inner: httpx.AsyncBaseTransport, seconds: float) -> None:
        self._inner, self._seconds = inner, seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                return await self._inner.handle_async_request(request)
            except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
                is_harmless = isinstance(error, httpx.ConnectError) or request.method in IDEMPOTENT
                if not is_harmless or time.monotonic() >= deadline:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)

    async def aclose(self) -> None:
        await self._inner.aclose()
