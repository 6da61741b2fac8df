"""Drives from outside over the socket. Their addresses and passwords come in and never go out again.

From the service alone, which has checked that the address is one that the operator named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Protocol

from aiohttp import web

from terraspawner.domain.bucket_mount import Standing
from terraspawner.errors import NameRefused
from terraspawner.host.asked import IDENTIFIER, check_caller, id_of, json_of
from terraspawner.mounts_client import OutsideDrive

SERVICE_UIDS = frozenset({0, 2002})
"""root and workspaces."""
_FIELDS = frozenset(field.name for field in fields(OutsideDrive))


class Mounts(Protocol):
    """What this needs of :class:`terraspawner.host.bucket_mounts.drives.Drives`."""

    @property
    def standings(self) -> Mapping[str, Standing]: ...
    def put(self, drives: Sequence[OutsideDrive]) -> None: ...
    async def drop(self, library_id: str) -> None: ...


class DriveRoutes:
    """A `Part` of the mounts service."""

    def __init__(self, drives: Mounts, allowed_uids: frozenset[int] = SERVICE_UIDS) -> None:
        self._drives = drives
        self._allowed_uids = allowed_uids

    @property
    def count(self) -> int:
        return len(self._drives.standings)

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/outside", self.all),
            web.put("/outside", self.put),
            web.delete("/outside/{id}", self.forget),
        ]

    async def all(self, _: web.Request) -> web.Response:
        return web.json_response({"drives": self._told()})

    async def put(self, request: web.Request) -> web.Response:
        """These are to be mounted, and no others. Answers how all stand."""
        self._check(request)
        self._drives.put(_drives(await json_of(request)))
        return web.json_response({"drives": self._told()})

    async def forget(self, request: web.Request) -> web.Response:
        """Its library is purged: unmount it, and throw away what was not sent to it."""
        self._check(request)
        await self._drives.drop(id_of(request))
        return web.Response(status=204)

    def _check(self, request: web.Request) -> None:
        check_caller(request, self._allowed_uids, "the mounts service about drives from outside")

    def _told(self) -> dict[str, Any]:
        return {library_id: standing.as_json() for library_id, standing in sorted(self._drives.standings.items())}


def _drives(body: Any) -> list[OutsideDrive]:
    said = body.get("drives") if isinstance(body, dict) and set(body) == {"drives"} else None
    if not isinstance(said, list) or not all(map(_is_drive, said)) or len({each["id"] for each in said}) < len(said):
        raise NameRefused(
            "This takes `drives`, a list: each has the texts id (16 hexadecimal digits, each once), kind, url, user,"
            " password, path and library; nothing was done."
        )
    return [OutsideDrive(**each) for each in said]


def _is_drive(said: Any) -> bool:
    if not isinstance(said, dict) or set(said) != _FIELDS or not all(isinstance(each, str) for each in said.values()):
        return False
    return IDENTIFIER.fullmatch(said["id"]) is not None
