"""Sizes and images through the host service's socket, by the client that workspaces and hub use."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from terraspawner.containers.image_look import Look, Package
from terraspawner.containers.memory import has_room
from terraspawner.domain.image_check import ENTRY, ImageFacts
from terraspawner.domain.language import Language
from terraspawner.errors import MemoryInUse
from terraspawner.host.api import HostApi
from terraspawner.host.asked import bound_socket
from terraspawner.host.memory import MachineMemory
from terraspawner.host_client import HostClient, SeenImage

ENVIRONMENT = "0123456789abcdef"
GIB = 1024**3
LOOK = Look(
    id="sha256:" + "a" * 64,
    created_at="2026-11-20T12:00:00.123456789Z",
    size=GIB,
    facts=ImageFacts(
        entrypoint=(ENTRY,),
        variables=(),
        volumes=(),
        passwd="jupyter:x:1000:1000::/home/jupyter:/bin/bash",
        has_entry=True,
        hub_version="5.0.0",
        has_extension=True,
        kernels=frozenset({"ir", "python3"}),
    ),
    packages=(Package(language=Language.R, name="dplyr", version="1.1"),),
)


class EngineWithOneImage:
    """Has one image, and one environment that holds 2 GiB."""

    def __init__(self) -> None:
        self.sizes: list[tuple[str, float, int]] = []
        self.looked_at: list[str] = []

    def start_script(self, environment_id: str) -> None:
        raise AssertionError("nothing of an image is run")

    def resize(self, environment_id: str, cpu: float, memory: int) -> None:
        if not has_room(2 * GIB, memory):
            raise MemoryInUse(held=2 * GIB, memory=memory)
        self.sizes.append((environment_id, cpu, memory))

    def look(self, reference: str) -> Look | None:
        self.looked_at.append(reference)
        return LOOK if reference == "lab/deep:1" else None


@pytest.fixture
def engine() -> EngineWithOneImage:
    return EngineWithOneImage()


@pytest.fixture
async def socket(tmp_path: Path, engine: EngineWithOneImage) -> AsyncIterator[str]:
    api: Any = HostApi
    runner = web.AppRunner(api(engine, None, None, None, None, MachineMemory(), frozenset({os.getuid()})).application())
    await runner.setup()
    path = tmp_path / "host.sock"
    await web.SockSite(runner, bound_socket(path)).start()
    yield str(path)
    await runner.cleanup()


@pytest.fixture
async def host(socket: str) -> AsyncIterator[HostClient]:
    client = HostClient(socket)
    yield client
    await client.close()


@pytest.mark.feature("C9")
async def test_a_size_is_given_or_refused_with_what_is_held(host: HostClient, engine: EngineWithOneImage) -> None:
    await host.resize_environment(ENVIRONMENT, 1.5, 4 * GIB)
    with pytest.raises(MemoryInUse) as refused:
        await host.resize_environment(ENVIRONMENT, 1.5, GIB)
    assert refused.value.details == {"held": 2 * GIB, "memory": GIB}
    assert engine.sizes == [(ENVIRONMENT, 1.5, 4 * GIB)]


@pytest.mark.feature("C9")
@pytest.mark.parametrize(
    ("held", "memory", "fits"),
    [(0, GIB, True), (9, 10, True), (91, 100, False), (GIB, GIB, False), (2 * GIB, GIB, False)],
)
def test_a_tenth_is_left_free(held: int, memory: int, fits: bool) -> None:
    assert has_room(held, memory) == fits


@pytest.mark.feature("C10", "I2")
async def test_an_image_is_told_with_what_is_missing(host: HostClient) -> None:
    seen = await host.look_at_image("lab/deep:1")
    assert (seen.is_here, seen.size, seen.language) == (True, GIB, "r")
    assert seen.created_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert [finding.partition(",")[0] for finding in seen.findings] == ["It has JupyterHub 5.0.0"]
    assert seen.packages == ({"language": "r", "name": "dplyr", "version": "1.1"},)
    assert await host.look_at_image("lab/nowhere:1") == SeenImage(is_here=False)


SIZE = f"/environments/{ENVIRONMENT}/size"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", SIZE, b"{}"),
        ("PUT", SIZE, b"no json"),
        ("PUT", SIZE, b'{"cpu": 1, "memory": 1073741824, "image": "debian"}'),
        ("PUT", SIZE, b'{"cpu": true, "memory": 1073741824}'),
        ("PUT", SIZE, b'{"cpu": 0, "memory": 1073741824}'),
        ("PUT", SIZE, b'{"cpu": 1, "memory": -1}'),
        ("PUT", SIZE, b'{"cpu": 1, "memory": "64g"}'),
        ("PUT", SIZE, b'{"cpu": NaN, "memory": 1073741824}'),
        ("PUT", "/environments/--all/size", b'{"cpu": 1, "memory": 1073741824}'),
        ("POST", "/images/look", b"[]"),
        ("POST", "/images/look", b'{"reference": "--privileged"}'),
        ("POST", "/images/look", b'{"reference": "lab/../../x"}'),
        ("POST", "/images/look", b'{"reference": ["lab/deep:1"]}'),
        ("POST", "/images/look", b'{"reference": "lab/deep:1", "command": ["id"]}'),
    ],
)
async def test_anything_else_is_refused_and_nothing_is_done(
    socket: str, engine: EngineWithOneImage, method: str, path: str, body: bytes
) -> None:
    transport = httpx.AsyncHTTPTransport(uds=socket)
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        answer = await client.request(method, path, content=body)
    assert answer.status_code == 422
    assert (engine.sizes, engine.looked_at) == ([], [])
