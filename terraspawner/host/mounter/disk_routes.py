"""The mounter's routes for disks that are images: an id and a size go in, and never a path."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aiohttp import web

from terraspawner.containers.disk_images import FOLDER
from terraspawner.errors import NameRefused
from terraspawner.errors_mounts import MounterUnavailable
from terraspawner.host.asked import id_of, json_of
from terraspawner.host.mounter.disks import Disks, ImageState
from terraspawner.host.mounter.probe import Ability

MOST = 2**46

Answer = TypeVar("Answer")


class DisksDoor(Protocol):
    """What these routes need of :class:`terraspawner.host.mounter.disks.Disks`."""

    def ids(self) -> list[str]: ...
    def mount(self, disk_id: str, size: int, *, is_new: bool) -> ImageState: ...
    def enlarge(self, disk_id: str, size: int) -> ImageState: ...
    def unmount(self, disk_id: str, turn: int | None = None) -> ImageState: ...
    def remove(self, disk_id: str) -> None: ...
    def state(self, disk_id: str) -> ImageState: ...


class DiskRoutes:
    """On a pool of their own: making a large file system takes seconds."""

    def __init__(self, ability: Ability, disks: DisksDoor) -> None:
        self._ability = ability
        self._disks = disks
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="disks")

    @classmethod
    def at(cls, ability: Ability, mounts: Path) -> DiskRoutes:
        return cls(ability, Disks(mounts / FOLDER))

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/disks", self.all),
            web.get("/disks/{id}", self.state),
            web.put("/disks/{id}", self.mount),
            web.put("/disks/{id}/size", self.enlarge),
            web.delete("/disks/{id}/mount", self.unmount),
            web.delete("/disks/{id}", self.remove),
        ]

    async def all(self, _: web.Request) -> web.Response:
        return web.json_response({"items": await self._in_thread(self._disks.ids)})

    async def state(self, request: web.Request) -> web.Response:
        identifier = id_of(request)
        return _told(await self._in_thread(lambda: self._disks.state(identifier)))

    async def mount(self, request: web.Request) -> web.Response:
        """`size` bytes at least; `is_new` where it may be made."""
        identifier, body = id_of(request), await json_of(request)
        size, is_new = _size(body, "size", "is_new"), body["is_new"]
        if type(is_new) is not bool:
            raise NameRefused("`is_new` is true or false; nothing was done.")
        if not self._ability.is_live:
            raise MounterUnavailable(f"A disk with a real limit cannot be mounted here. {self._ability.why}")
        return _told(await self._in_thread(lambda: self._disks.mount(identifier, size, is_new=is_new)))

    async def enlarge(self, request: web.Request) -> web.Response:
        identifier, size = id_of(request), _size(await json_of(request), "size")
        return _told(await self._in_thread(lambda: self._disks.enlarge(identifier, size)))

    async def unmount(self, request: web.Request) -> web.Response:
        """Tells how full it was. With `turn` only where nobody else had it mounted since."""
        identifier, turn = id_of(request), _turn(request)
        return _told(await self._in_thread(lambda: self._disks.unmount(identifier, turn)))

    async def remove(self, request: web.Request) -> web.Response:
        identifier = id_of(request)
        await self._in_thread(lambda: self._disks.remove(identifier))
        return web.Response(status=204)

    async def _in_thread(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


def _size(body: Any, *names: str) -> int:
    if isinstance(body, dict) and set(body) == set(names) and type(body["size"]) is int and 0 < body["size"] <= MOST:
        return int(body["size"])
    raise NameRefused(f"A disk is told as {' and '.join(f'`{name}`' for name in names)}, in bytes up to {MOST}.")


def _turn(request: web.Request) -> int | None:
    text = request.query.get("turn")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NameRefused("A `turn` is the number that mounting told; nothing was done.")
    return int(text)


def _told(state: ImageState) -> web.Response:
    return web.json_response({"size": state.size, "free": state.free, "turn": state.turn})
