"""Buckets over the socket: ids of workspaces, never a path or an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

from terraspawner.domain.bucket_mount import Standing
from terraspawner.errors import NameRefused
from terraspawner.host.asked import IDENTIFIER, id_of, json_of


class Mounts(Protocol):
    """What this needs of :class:`terraspawner.host.bucket_mounts.supervisor.Supervisor`."""

    @property
    def standings(self) -> Mapping[str, Standing]: ...
    async def ensure(self, workspace_id: str, /) -> Standing: ...
    def want(self, workspace_ids: list[str], /) -> None: ...
    async def forget(self, workspace_id: str, /) -> None: ...


class BucketRoutes:
    """A `Part` of the mounts service."""

    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts

    @property
    def count(self) -> int:
        return len(self._mounts.standings)

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/mounts", self.mounts),
            web.put("/mounts", self.want),
            web.put("/mounts/{id}", self.ensure),
            web.delete("/mounts/{id}", self.forget),
        ]

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


def _workspaces(body: Any) -> list[str]:
    found = body.get("workspaces") if isinstance(body, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, str) and IDENTIFIER.fullmatch(each) for each in found):
        raise NameRefused("This takes the ids of workspaces, each of 16 hexadecimal digits; nothing was done.")
    return found
