"""The mounter's routes: aiohttp on a unix socket. Ids, sizes and names to show in; never a path.

Each part of what it mounts brings its own routes (`Part`); this file knows the callers and the form of refusals.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from terraspawner.errors import DiskAttached, NameRefused, NotAllowed, TerraError, Unavailable
from terraspawner.errors_disks import DiskLost, MachineFull
from terraspawner.errors_mounts import MounterUnavailable, MountFailed
from terraspawner.host.asked import ALLOWED_UIDS, check_caller, refusal
from terraspawner.host.mounter.probe import Ability

log = logging.getLogger(__name__)

STATUS: dict[type[TerraError], int] = {
    NameRefused: 422,
    NotAllowed: 403,
    MounterUnavailable: 503,
    MountFailed: 500,
    DiskAttached: 409,
    DiskLost: 410,
    MachineFull: 507,
    Unavailable: 503,
}
"""This door's only place that knows HTTP status codes; anything else is a 500."""
MOST_BYTES = 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Part(Protocol):
    """One kind of thing that is mounted."""

    def routes(self) -> Sequence[web.RouteDef]: ...


class MounterApi:
    """Health, and the routes of all parts."""

    def __init__(self, ability: Ability, parts: Sequence[Part], allowed_uids: frozenset[int] = ALLOWED_UIDS) -> None:
        self._ability = ability
        self._parts = parts
        self._allowed_uids = allowed_uids

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._translate], client_max_size=MOST_BYTES)
        application.add_routes([web.get("/health", self.health), *(r for part in self._parts for r in part.routes())])
        return application

    async def health(self, _: web.Request) -> web.Response:
        """Up in any case: without live mounts environments start as ever, and are told what is lost."""
        return web.json_response({"live": self._ability.is_live, "why": self._ability.why})

    @web.middleware
    async def _translate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check_caller(request, self._allowed_uids, "the mounter")
            return await handler(request)
        except TerraError as error:
            if isinstance(error, MountFailed):
                log.exception("%s %s", request.method, request.path)
            return refusal(error, STATUS)
