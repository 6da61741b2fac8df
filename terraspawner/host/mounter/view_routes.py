"""Views of drives over the socket: an environment's id, and libraries by id, folder and name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from aiohttp import web

from terraspawner.errors import NameRefused
from terraspawner.host.asked import id_of, json_of
from terraspawner.host.mounter.views import Library, View, library_of

Answer = TypeVar("Answer")


class Keeper(Protocol):
    """`Views`, or what stands in for them where mounts do not reach environments."""

    def put(self, environment_id: str, wanted: Iterable[Library]) -> View: ...
    def delete(self, environment_id: str) -> None: ...
    def all(self) -> dict[str, View]: ...


class ViewRoutes:
    """A `Part` of the mounter."""

    def __init__(self, views: Keeper) -> None:
        self._views = views
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="views")

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/views", self.all),
            web.put("/views/{id}", self.put),
            web.delete("/views/{id}", self.delete),
        ]

    async def all(self, _: web.Request) -> web.Response:
        found = await self._in_thread(self._views.all)
        return web.json_response({"items": {identifier: _told(view) for identifier, view in found.items()}})

    async def put(self, request: web.Request) -> web.Response:
        """Makes the view exactly what is said, and tells what it is then."""
        identifier, wanted = id_of(request), _libraries(await json_of(request))
        return web.json_response(_told(await self._in_thread(lambda: self._views.put(identifier, wanted))))

    async def delete(self, request: web.Request) -> web.Response:
        identifier = id_of(request)
        await self._in_thread(lambda: self._views.delete(identifier))
        return web.Response(status=204)

    async def _in_thread(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


def _libraries(body: Any) -> list[Library]:
    said = body.get("libraries") if isinstance(body, dict) and set(body) == {"libraries"} else None
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise NameRefused("A view is `libraries`, a list; nothing was done.")
    return [library_of(each) for each in said]


def _told(view: View) -> dict[str, Any]:
    return {
        "libraries": [asdict(library) for library in view.libraries],
        "missing": list(view.missing),
        "was_open": view.was_open,
    }
