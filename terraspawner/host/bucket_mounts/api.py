"""The mounts service's routes: aiohttp on a unix socket.

Each kind of what it mounts brings its own (`Part`); this file knows the callers and the form of refusals.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from terraspawner.errors import NameRefused, NotAllowed, TerraError
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.asked import ALLOWED_UIDS, check_caller, refusal

log = logging.getLogger(__name__)

STATUS: dict[type[TerraError], int] = {NameRefused: 422, NotAllowed: 403, MountFailed: 500}
"""This door's only place that knows HTTP status codes; anything else is a 500."""
MOST_BYTES = 4 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Part(Protocol):
    """One kind of thing that is mounted."""

    @property
    def count(self) -> int: ...
    def routes(self) -> Sequence[web.RouteDef]: ...


class MountsApi:
    """Health, and the routes of all parts."""

    def __init__(self, parts: Sequence[Part], allowed_uids: frozenset[int] = ALLOWED_UIDS) -> None:
        self._parts = parts
        self._allowed_uids = allowed_uids

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._translate], client_max_size=MOST_BYTES)
        application.add_routes([web.get("/health", self.health), *(r for part in self._parts for r in part.routes())])
        return application

    async def health(self, _: web.Request) -> web.Response:
        """Up in any case: a store that is away is the store's."""
        return web.json_response({"mounts": sum(part.count for part in self._parts)})

    @web.middleware
    async def _translate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check_caller(request, self._allowed_uids, "the mounts service")
            return await handler(request)
        except TerraError as error:
            if isinstance(error, MountFailed):
                log.exception("%s %s", request.method, request.path)
            return refusal(error, STATUS)
