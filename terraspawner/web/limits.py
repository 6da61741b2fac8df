"""The size limit of bodies that are read whole: JSON and forms.

FastAPI's own `max_body_size` answers in plain text; here the refusal is raised where the body is read, so that
it leaves in our one shape.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL_BODY = 1024 * 1024
"""Bytes."""


class SmallBodies:
    """Bodies above the limit are refused; PUT alone is left to its handlers, which read in pieces."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_limited = scope["type"] == "http" and scope["method"] != "PUT"
        await self._app(scope, _limited(scope, receive) if is_limited else receive, send)


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
