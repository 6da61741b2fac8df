"""In whose name what a request asks for is done, and its number: for the audit (B7).

They go with the request's task, so that no handler hands them on: a handler cannot forget who called. The number is
ours, never the caller's, and is told in the answer, so that a person can name it to an operator.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from terraspawner.operations.context import SERVICE, Origin

HEADER = "X-Request-ID"
_ITSELF = Origin(actor=SERVICE)
_present: ContextVar[Origin] = ContextVar("origin", default=_ITSELF)


def present() -> Origin:
    """The origin of what is being done here."""
    return _present.get()


def called_by(name: str) -> None:
    """Who calls is known from here on, until the request ends."""
    _present.set(replace(_present.get(), actor=name))


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """What is done inside is done in this name."""
    token = _present.set(Origin(actor=actor))
    try:
        yield
    finally:
        _present.reset(token)


class NumberedRequests:
    """Gives each request its number."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = secrets.token_hex(8)

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = number
            await send(message)

        token = _present.set(Origin(actor=SERVICE, request=number))
        try:
            await self._app(scope, receive, numbered)
        finally:
            _present.reset(token)
