"""The mounter's routes for disks, and its client: ids and sizes go in, and what is refused comes out as what it is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from terraspawner.errors import DiskAttached, TerraError
from terraspawner.errors_disks import DiskLost, MachineFull
from terraspawner.errors_mounts import MounterUnavailable
from terraspawner.host.asked import bound_socket
from terraspawner.host.mounter.api import MounterApi
from terraspawner.host.mounter.disk_routes import MOST, DiskRoutes
from terraspawner.host.mounter.disks import ImageState
from terraspawner.host.mounter.probe import Ability
from terraspawner.host_client import DiskUse
from terraspawner.mounter_client import DiskSpace, MounterClient
from terraspawner.web.machine import MachineClient

pytestmark = pytest.mark.feature("D4")

ID, OTHER = "0123456789abcdef", "fedcba9876543210"
GIB = 1024**3
MINE = frozenset({os.getuid()})
Serve = Callable[[web.Application, str], Awaitable[str]]


class DisksThatRemember:
    """All that they are told. `refuses`: what they raise instead."""

    def __init__(self, refuses: TerraError | None = None) -> None:
        self.told: list[tuple[object, ...]] = []
        self.free: int | None = GIB
        self._refuses = refuses

    def ids(self) -> list[str]:
        return [ID]

    def mount(self, disk_id: str, size: int, *, is_new: bool) -> ImageState:
        return self._answer("mount", disk_id, size, is_new)

    def enlarge(self, disk_id: str, size: int) -> ImageState:
        return self._answer("enlarge", disk_id, size)

    def unmount(self, disk_id: str, turn: int | None = None) -> ImageState:
        return self._answer("unmount", disk_id, turn)

    def remove(self, disk_id: str) -> None:
        self._answer("remove", disk_id)

    def state(self, disk_id: str) -> ImageState:
        return self._answer("state", disk_id)

    def _answer(self, *told: object) -> ImageState:
        self.told.append(told)
        if self._refuses:
            raise self._refuses
        if told[0] == "mount":
            self.free = GIB
        return ImageState(size=2 * GIB, free=self.free, turn=7)


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def start(application: web.Application, name: str = "mounter.sock") -> str:
        runner = web.AppRunner(application)
        await runner.setup()
        await web.SockSite(runner, bound_socket(tmp_path / name)).start()
        runners.append(runner)
        return str(tmp_path / name)

    yield start
    for runner in runners:
        await runner.cleanup()


def mounter(disks: DisksThatRemember, *, is_live: bool = True, allowed: frozenset[int] = MINE) -> web.Application:
    ability = Ability(is_live=is_live, why="" if is_live else "It is no shared mount.")
    return MounterApi(ability, [DiskRoutes(ability, disks)], allowed).application()


async def test_what_the_client_asks_for_is_done(serve: Serve) -> None:
    disks = DisksThatRemember()
    client = MounterClient(await serve(mounter(disks)))
    space = DiskSpace(size=2 * GIB, free=GIB, turn=7)
    assert await client.disks() == {ID}
    assert await client.mount_disk(ID, GIB, is_new=True) == space
    assert await client.enlarge_disk(ID, 2 * GIB) == space
    assert await client.disk_space(ID) == space
    assert await client.unmount_disk(ID) == space
    assert await client.unmount_disk(ID, turn=6) == space
    await client.remove_disk(ID)
    assert disks.told == [
        ("mount", ID, GIB, True), ("enlarge", ID, 2 * GIB), ("state", ID), ("unmount", ID, None),
        ("unmount", ID, 6), ("remove", ID),
    ]  # fmt: skip
    assert space.used == GIB
    await client.close()


@pytest.mark.parametrize("error", [MachineFull("No room."), DiskLost("Gone."), DiskAttached("In use.")])
async def test_what_is_refused_is_told_as_what_it_is(serve: Serve, error: TerraError) -> None:
    client = MounterClient(await serve(mounter(DisksThatRemember(error))))
    with pytest.raises(type(error), match=error.message):
        await client.mount_disk(ID, GIB, is_new=False)
    await client.close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/disks/../../etc", {"size": GIB, "is_new": True}),
        ("PUT", "/disks/%2e%2e", {"size": GIB, "is_new": True}),
        ("PUT", f"/disks/{ID[:-1]}%0a", {"size": GIB, "is_new": True}),
        ("PUT", f"/disks/{ID.upper()}", {"size": GIB, "is_new": True}),
        *(("PUT", f"/disks/{ID}", {"size": size, "is_new": True}) for size in (0, -1, MOST + 1, 1.5, "1", True, None)),
        ("PUT", f"/disks/{ID}", {"size": GIB, "is_new": "yes"}),
        ("PUT", f"/disks/{ID}", {"size": GIB}),
        ("PUT", f"/disks/{ID}", {"size": GIB, "is_new": True, "path": "/etc"}),
        ("PUT", f"/disks/{ID}", [GIB]),
        ("PUT", f"/disks/{ID}/size", {"size": GIB, "is_new": True}),
        ("DELETE", "/disks/.", None),
        ("DELETE", "/disks/x/mount", None),
        ("DELETE", f"/disks/{ID}/mount?turn=-1", None),
    ],
)
async def test_nothing_but_an_id_and_a_size_reaches_a_disk(serve: Serve, method: str, path: str, body: Any) -> None:
    disks = DisksThatRemember()
    connector = aiohttp.UnixConnector(await serve(mounter(disks)))
    async with (
        aiohttp.ClientSession("http://mounter", connector=connector) as session,
        session.request(method, path, json=body) as answer,
    ):
        assert answer.status in (404, 405, 422), await answer.text()
    assert disks.told == []


async def test_others_than_hub_and_workspaces_may_do_nothing(serve: Serve) -> None:
    disks = DisksThatRemember()
    client = MounterClient(await serve(mounter(disks, allowed=frozenset())))
    with pytest.raises(MounterUnavailable, match="may not speak"):
        await client.remove_disk(ID)
    assert disks.told == []
    await client.close()


async def test_where_mounts_do_not_reach_containers_none_is_made(serve: Serve) -> None:
    disks = DisksThatRemember()
    client = MounterClient(await serve(mounter(disks, is_live=False)))
    with pytest.raises(MounterUnavailable, match="no shared mount"):
        await client.mount_disk(ID, GIB, is_new=True)
    assert disks.told == []
    await client.close()


# --- both parts of the machine ---


class HostWithAVolume:
    """As the host service answers of one disk that is a volume, and of images that are mounted."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.get("/disks", self.disks),
                web.delete("/disks/{id}", self.delete),
                web.post("/disks/{id}/measure", self.measure),
            ]
        )
        return application

    async def disks(self, _: web.Request) -> web.Response:
        return web.json_response({"items": [OTHER]})

    async def delete(self, request: web.Request) -> web.Response:
        self.deleted.append(request.match_info["id"])
        return web.Response(status=204)

    async def measure(self, _: web.Request) -> web.Response:
        return web.json_response({"used": 7, "folders": [{"path": "data", "size": 5}], "unsent": 3})


async def test_a_disk_is_listed_measured_and_deleted_whichever_it_is(serve: Serve) -> None:
    host, disks = HostWithAVolume(), DisksThatRemember()
    client = MachineClient(
        await serve(host.application(), "host.sock"), MounterClient(await serve(mounter(disks), "mounter.sock"))
    )
    assert await client.disks() == {ID, OTHER}
    assert await client.measure_disk(ID) == DiskUse(used=GIB, folders=(("data", 5),), unsent=3)
    disks.free = None
    assert await client.measure_disk(ID) == DiskUse(used=GIB, folders=(("data", 5),), unsent=3)
    assert disks.told[-2:] == [("mount", ID, 2 * GIB, False), ("unmount", ID, 7)], "mounted for the look"
    disks._refuses = DiskLost()
    assert await client.measure_disk(OTHER) == DiskUse(used=7, folders=(("data", 5),), unsent=3)
    disks._refuses = None
    await client.delete_disk(ID)
    assert (host.deleted, disks.told[-1]) == ([ID], ("remove", ID))
    await client.close()


async def test_what_a_container_still_has_keeps_its_row(serve: Serve) -> None:
    """Deletion is repeated until both have let go."""
    disks = DisksThatRemember(DiskAttached("In use."))
    client = MachineClient(
        await serve(HostWithAVolume().application(), "host.sock"),
        MounterClient(await serve(mounter(disks), "mounter.sock")),
    )
    with pytest.raises(DiskAttached):
        await asyncio.wait_for(client.delete_disk(ID), 5)
    await client.close()
