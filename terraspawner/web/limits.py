"""The size limit of bodies that are read whole, JSON and forms, and what becomes of the rest of one that is refused.

FastAPI's own `max_body_size` answers in plain text; here the refusal is raised where the body is read, so that
it leaves in our one shape.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL_BODY = 1024 * 1024
"""Bytes."""
DRAINED = 64 * 1024**2
"""Bytes of the rest of a body, which are taken and dropped before the answer."""
DRAIN_SECONDS = 30.0
_UPLOAD = re.compile(r"/uploads/[0-9a-f]{16}$")


class SmallBodies:
    """Bodies above the limit are refused; PUT and the pieces of uploads are left to their handlers, which read on
    bit by bit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_limited = scope["type"] == "http" and not (_is_not_read(scope) or _is_read_in_pieces(scope))
        await self._app(scope, _limited(scope, receive) if is_limited else receive, send)


def _is_not_read(scope: Scope) -> bool:
    """A live stream, though, listens there for its client's end."""
    return scope["method"] in ("GET", "HEAD")


def _is_read_in_pieces(scope: Scope) -> bool:
    method = scope["method"]
    return method == "PUT" or (method == "PATCH" and _UPLOAD.search(scope["path"]) is not None)


def _limited(scope: Scope, receive: Receive) -> Receive:
    announced = Headers(scope=scope).get("content-length", "")
    read = 0

    async def receive_limited() -> Message:
        nonlocal read
        if announced.isdecimal() and int(announced) > SMALL_BODY:
            raise HTTPException(413)
        message = await receive()
        read += len(message.get("body", b""))
        if read > SMALL_BODY:
            raise HTTPException(413)
        return message

    return receive_limited


class ReadBodies:
    """What is left of a body is taken and dropped before the answer, up to `DRAINED`; who sends more is hung up on.

    An answer in the middle of a body does not arrive: the proxy takes no more of the body then, and a browser reads no
    answer before it has sent all. A server that hangs up instead hangs up on the proxy, which often tells the client
    503 in place of our refusal (RFC 9112, 9.6). Who asks first whether to send (``Expect: 100-continue``) need not.
    """

    def __init__(self, app: ASGIApp, seconds: float = DRAIN_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        may_come = _is_sent(Headers(scope=scope))

        async def receive_noted() -> Message:
            nonlocal may_come
            message = await receive()
            may_come = bool(message.get("more_body", False))
            return message

        async def drain() -> None:
            taken = 0
            while may_come and taken < DRAINED:
                taken += len((await receive_noted()).get("body", b""))

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and may_come:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds):
                        await drain()
                if may_come:
                    message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive_noted, send_last)


def _is_sent(headers: Headers) -> bool:
    """Whether a body comes without being asked for."""
    announced = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    return announced and "expect" not in headers
