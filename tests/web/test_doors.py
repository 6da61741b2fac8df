"""The ways out of this service: the host's unix socket, the threads of the deeds, the Hub's answers to a pause."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

import builders
from terraspawner.errors import DiskAttached, HostUnavailable, HubUnavailable, Unavailable
from terraspawner.host_client import HostClient
from terraspawner.hub import HubClient
from terraspawner.operations.context import Context
from terraspawner.web.deeds import Deeds
from tests.web.hubs import HubThatKnows, serving
from tests.web.sites import Site


@pytest.fixture
async def socket(tmp_path: Path) -> AsyncIterator[str]:
    """A host service that knows the disk `held` to be in use and the environment `odd` to be trouble."""
    app = web.Application()

    async def delete_disk(request: web.Request) -> web.Response:
        if request.match_info["id"] == "held":
            return web.json_response({"error": {"code": "disk-attached", "message": "in use"}}, status=409)
        return web.Response(status=204)

    async def delete_environment(request: web.Request) -> web.Response:
        if request.match_info["id"] == "odd":
            return web.json_response({"error": {"code": "x", "message": "the Engine is tired"}}, status=503)
        return web.Response(status=204)

    async def log(request: web.Request) -> web.Response:
        return web.json_response({"lines": ["a", "b"][: int(request.query["lines"])]})

    app.router.add_delete("/disks/{id}", delete_disk)
    app.router.add_delete("/environments/{id}", delete_environment)
    app.router.add_get("/environments/there/log", log)
    runner = web.AppRunner(app)
    await runner.setup()
    path = str(tmp_path / "host.sock")
    await web.UnixSite(runner, path).start()
    yield path
    await runner.cleanup()


async def test_the_host_is_spoken_to_through_its_socket(socket: str) -> None:
    host = HostClient(socket)
    await host.delete_environment("one")
    await host.delete_disk("one")
    assert await host.log("there", 1) == ["a"]
    assert await host.log("gone", 1) == []
    with pytest.raises(DiskAttached):
        await host.delete_disk("held")
    with pytest.raises(HostUnavailable, match="the Engine is tired"):
        await host.delete_environment("odd")
    await host.close()


async def test_a_host_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    host = HostClient(str(tmp_path / "nothing.sock"))
    with pytest.raises(HostUnavailable):
        await host.health()
    await host.close()


async def test_a_deed_that_hangs_is_given_up_on_and_the_loop_goes_on(tmp_path: Path) -> None:
    context = builders.context(tmp_path)
    deeds = Deeds(context, patience=0.05)
    may_end = threading.Event()

    def hang(_: Context) -> None:
        may_end.wait(10)

    with pytest.raises(Unavailable, match="did not finish"):
        await deeds(hang)
    may_end.set()
    deeds.close()
    context.database.close()


async def test_the_spawners_sentence_is_not_taken_for_trouble_with_our_token() -> None:
    hub = HubThatKnows()
    async with serving(hub.app) as url:
        client = HubClient(f"{url}/hub/api", "t")
        hub.refusal = (503, "The network is not closed.")
        with pytest.raises(Exception, match="The network is not closed") as caught:
            await client.start("ana", "slug")
        assert not isinstance(caught.value, HubUnavailable)
        assert await client.stop("ana", "nothing") is True
        assert await client.is_up() is True
        await client.close()


async def test_a_hub_that_is_not_there_is_not_up(site: Site) -> None:
    client = HubClient("http://127.0.0.1:9/hub/api", "t")
    assert await client.is_up() is False
    with pytest.raises(HubUnavailable):
        await client.server("ana", "slug")
    await client.close()
