"""Asking what runs in a container to save: whatever listens there, the answer is bounded and nothing is followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from terraspawner.containers.settle import MOST_BYTES, Left, settled

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SHORT = -1.9
"""With the spare seconds, a tenth of a second."""


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/settle"
    finally:
        await runner.cleanup()


async def asked(handler: Handler, *, seconds: float = 5.0) -> Left:
    async with listening(handler) as url:
        return await settled(url, token="t0", seconds=seconds, is_end=True)


@pytest.mark.feature("F9")
async def test_a_server_is_asked_with_its_own_token_and_believed() -> None:
    said: list[object] = []

    async def answers(request: web.Request) -> web.Response:
        said.extend((request.headers["Authorization"], await request.json()))
        return web.json_response({"unsaved": [], "unsent": ["a.ipynb"], "silent_tabs": 0})

    assert await asked(answers) == Left(unsent=("a.ipynb",))
    assert said == ["token t0", {"seconds": 5.0, "is_end": True}]


async def test_one_that_cannot_settle_is_no_trouble_and_one_that_is_gone_says_nothing() -> None:
    async def knows_nothing(request: web.Request) -> web.Response:
        return web.Response(status=404)

    assert await asked(knows_nothing) == Left()
    async with listening(knows_nothing) as url:
        gone = url
    assert await settled(gone, token="t0", seconds=5.0, is_end=True) == Left(is_silent=True)


async def test_no_redirect_is_followed() -> None:
    seen: list[str] = []

    async def sends_elsewhere(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    assert (await asked(sends_elsewhere)).is_silent
    assert seen == ["/settle"]


@pytest.mark.feature("F9")
async def test_one_that_hangs_or_never_ends_holds_up_nothing() -> None:
    async def hangs(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def never_ends(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(2 * MOST_BYTES // 1024):
            await response.write(b" " * 1024)
        await asyncio.Event().wait()
        return response

    assert (await asked(hangs, seconds=SHORT)).is_silent
    assert (await asked(never_ends)).is_silent
