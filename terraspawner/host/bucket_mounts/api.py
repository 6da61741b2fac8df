"""The routes of the mounts service: aiohttp on a unix socket. Ids of workspaces, never a path or an address."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from terraspawner.domain.bucket_mount import Standing
from terraspawner.errors import NameRefused, NotAllowed, TerraError
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.asked import ALLOWED_UIDS, IDENTIFIER, check_caller, id_of, json_of, refusal

log = logging.getLogger(__name__)

STATUS: dict[type[TerraError], int] = {NameRefused: 422, NotAllowed: 403, MountFailed: 500}
"""This door's only place that knows HTTP status codes; anything else is a 500."""
MOST_BYTES = 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Mounts(Protocol):
    """What this needs of :class:`terraspawner.host.bucket_mounts.supervisor.Supervisor`."""

    @property
    def standings(self) -> Mapping[str, Standing]: ...
    async def ensure(self, workspace_id: str) -> Standing: ...
    def want(self, workspace_ids: list[str]) -> None: ...
    async def forget(self, workspace_id: str) -> None: ...


class BucketMountsApi:
    def __init__(self, mounts: Mounts, allowed_uids: frozenset[int] = ALLOWED_UIDS) -> None:
        self._mounts = mounts
        self._allowed_uids = allowed_uids

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._translate], client_max_size=MOST_BYTES)
        application.add_routes(
            [
                web.get("/health", self.health),
                web.get("/mounts", self.mounts),
                web.put("/mounts", self.want),
                web.put("/mounts/{id}", self.ensure),
                web.delete("/mounts/{id}", self.forget),
            ]
        )
        return application

    async def health(self, _: web.Request) -> web.Response:
        """Up in any case: a store that is away is the store's."""
        return web.json_response({"mounts": len(self._mounts.standings)})

    async def mounts(self, _: web.Request) -> web.Response:
        return web.json_response({"items": self._told()})

    async def want(self, request: web.Request) -> web.Response:
        """These workspaces have environments that are not at rest, and no others. Answers how all mounts stand."""
        self._mounts.want(_workspaces(await json_of(request)))
        return web.json_response({"items": self._told()})

    async def ensure(self, request: web.Request) -> web.Response:
        """Mount it unless it is. Answers within some seconds how it stands, whatever the store does."""
        workspace_id = id_of(request)
        standing = await self._mounts.ensure(workspace_id)
        return web.json_response({"id": workspace_id, **standing.as_json()})

    async def forget(self, request: web.Request) -> web.Response:
        """Its bucket is purged: unmount it, and throw away what was not sent to it."""
        await self._mounts.forget(id_of(request))
        return web.Response(status=204)

    def _told(self) -> list[dict[str, Any]]:
        return [{"id": each, **standing.as_json()} for each, standing in sorted(self._mounts.standings.items())]

    @web.middleware
    async def _translate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check_caller(request, self._allowed_uids, "the mounts service")
            return await handler(request)
        except TerraError as error:
            if isinstance(error, MountFailed):
                log.exception("%s %s", request.method, request.path)
            return refusal(error, STATUS)


def _workspaces(body: Any) -> list[str]:
    found = body.get("workspaces") if isinstance(body, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, str) and IDENTIFIER.fullmatch(each) for each in found):
        raise NameRefused("This takes the ids of workspaces, each of 16 hexadecimal digits; nothing was done.")
    return found
