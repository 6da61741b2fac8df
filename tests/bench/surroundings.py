"""What the workspaces service meets beside databases and buckets: the tests' Hub, which says of every environment that
it is ready, and a host service that says the same of its container. Both by HTTP, in a thread of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.web.hosts import SAFE
from tests.web.hubs import HubThatKnows, serving, until

CONTAINER = "c" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`containers` and `disks` are the ids that the host has; of `frozen` the container stands still."""

    hub: HubThatKnows
    hub_api_url: str
    socket: Path
    containers: set[str] = field(default_factory=set)
    disks: set[str] = field(default_factory=set)
    frozen: set[str] = field(default_factory=set)


@contextmanager
def surrounded(folder: Path) -> Iterator[Surroundings]:
    hub, socket = HubThatKnows(), folder / "host.sock"
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving(hub.app)) as url:
        made = Surroundings(hub=hub, hub_api_url=f"{url}/hub/api", socket=socket)
        with portal.wrap_async_context_manager(_listening(_host(made), socket)):
            yield made


def _host(there: Surroundings) -> Starlette:
    async def health(_: Request) -> Response:
        return JSONResponse({**SAFE, "network": {**SAFE["network"], "checked_at": "2026-01-01T00:00:00Z"}})

    async def environments(_: Request) -> Response:
        state: dict[str, Any] = {"container_id": CONTAINER, "memory_bytes": 0}
        status = {each: "paused" if each in there.frozen else "running" for each in sorted(there.containers)}
        return JSONResponse({"items": [{"id": each, "status": said, **state} for each, said in status.items()]})

    async def disks(_: Request) -> Response:
        return JSONResponse({"items": sorted(there.disks)})

    async def scratch(_: Request) -> Response:
        return JSONResponse({"items": []})

    paths = {"/health": health, "/environments": environments, "/disks": disks, "/scratch": scratch}
    return Starlette(routes=[Route(path, answer) for path, answer in paths.items()])


@asynccontextmanager
async def _listening(app: ASGIApp, socket: Path) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, uds=str(socket), log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started, "the host service listens")
    yield
    server.should_exit = True
    await task
