"""The host service over a real unix socket, before an Engine that is told what to answer."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from terraspawner.errors import Conflict, DiskAttached, DiskMissing, EngineUnavailable, EnvironmentMissing
from terraspawner.host.api import HostApi
from terraspawner.host.asked import bound_socket
from terraspawner.host.findings import Finding, NetworkState
from terraspawner.host.memory import MachineMemory
from terraspawner.host.netprobe import UNKNOWN

ENVIRONMENT, DISK, ATTACHED = "0123456789abcdef", "00000000000000aa", "00000000000000bb"
SAFE = NetworkState(
    is_ok=True, checked_at=datetime(2030, 1, 2, tzinfo=UTC), findings=(Finding(check="c", ok=True, message="m"),)
)


class ScriptThatEnds:
    """Says one line and fails."""

    def words(self) -> Iterator[bytes]:
        yield b"no such package\n"

    def exit_code(self) -> int | None:
        return 100


class EngineWithOneEnvironment:
    def __init__(self) -> None:
        self.removed: list[str] = []
        self.stopped: list[str] = []
        self.ran: list[str] = []
        self.is_away = False

    def version(self) -> dict[str, str]:
        if self.is_away:
            raise EngineUnavailable
        return {"version": "20.10.24", "api_version": "1.41"}

    def environments(self) -> list[dict[str, object]]:
        return [{"id": ENVIRONMENT, "container_id": "c1", "status": "paused", "memory_bytes": 5}]

    def processor_times(self, identifiers: list[str]) -> list[dict[str, object]]:
        return [{"id": each, "container_id": "c1", "nanoseconds": 7} for each in identifiers]

    def disks(self) -> list[str]:
        return [DISK]

    def stop_environment(self, environment_id: str) -> None:
        self.stopped.append(environment_id)

    def facts(self, environment_id: str) -> dict[str, object]:
        if environment_id != ENVIRONMENT:
            raise EnvironmentMissing
        return {"container_id": "c1", "status": "running"}

    def log(self, environment_id: str, lines: int) -> list[str]:
        return [f"line of {environment_id}"] * min(lines, 3)

    def changes(self, environment_id: str) -> list[tuple[int, str]]:
        if environment_id != ENVIRONMENT:
            raise EnvironmentMissing
        return [(1, "/tmp/terra-runtime/x"), (1, "/usr/local/bin/mine")]

    def start_script(self, environment_id: str) -> ScriptThatEnds:
        if environment_id != ENVIRONMENT:
            raise EnvironmentMissing
        self.ran.append(environment_id)
        return ScriptThatEnds()

    def remove_environment(self, environment_id: str) -> None:
        self.removed.append(environment_id)

    def remove_disk(self, disk_id: str) -> None:
        if disk_id == ATTACHED:
            raise DiskAttached
        self.removed.append(disk_id)


class ScratchThatRemembers:
    def __init__(self) -> None:
        self.emptied: list[str] = []
        self.removed: list[str] = []

    def holds_anything(self, environment_id: str) -> bool:
        return environment_id not in self.emptied

    def empty(self, environment_id: str) -> None:
        if environment_id != ENVIRONMENT:
            raise Conflict
        self.emptied.append(environment_id)

    def lost(self) -> list[str]:
        return [DISK]

    def remove(self, environment_id: str) -> None:
        self.removed.append(environment_id)


class ProbeThatFindsItSafe:
    def __init__(self) -> None:
        self.state = UNKNOWN

    def run(self) -> NetworkState:
        self.state = SAFE
        return SAFE


USE = {"used": 7, "folders": [{"path": "data", "size": 5}]}


class MeasureThatKnowsOneDisk:
    def run(self, disk_id: str) -> dict[str, object]:
        if disk_id != DISK:
            raise DiskMissing
        return USE


class EmptyingThatRemembers:
    def __init__(self) -> None:
        self.emptied: list[str] = []

    def run(self, workspace_id: str) -> None:
        self.emptied.append(workspace_id)


Serve = Callable[[HostApi], Awaitable[aiohttp.ClientSession]]


@pytest.fixture
def engine() -> EngineWithOneEnvironment:
    return EngineWithOneEnvironment()


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    closing: list[Callable[[], Awaitable[None]]] = []

    async def start(api: HostApi) -> aiohttp.ClientSession:
        runner = web.AppRunner(api.application())
        await runner.setup()
        path = tmp_path / "host.sock"
        await web.SockSite(runner, bound_socket(path)).start()
        session = aiohttp.ClientSession("http://host", connector=aiohttp.UnixConnector(str(path)))
        closing.extend([session.close, runner.cleanup])
        return session

    yield start
    for close in closing:
        await close()


def host_api(engine: EngineWithOneEnvironment, **parts: Any) -> HostApi:
    others: dict[str, Any] = {
        "probe": ProbeThatFindsItSafe(),
        "measure": MeasureThatKnowsOneDisk(),
        "emptying": EmptyingThatRemembers(),
        "scratch": ScratchThatRemembers(),
        "memory": MachineMemory(),
        "allowed_uids": frozenset({os.getuid()}),
    }
    return HostApi(engine, **(others | parts))


@pytest.fixture
async def host(serve: Serve, engine: EngineWithOneEnvironment) -> aiohttp.ClientSession:
    # tests need not run as root, so the one who runs them may call
    return await serve(host_api(engine))


async def answer(host: aiohttp.ClientSession, method: str, path: str) -> tuple[int, object]:
    async with host.request(method, path) as response:
        is_json = response.content_type == "application/json"
        return response.status, (await response.json() if is_json else await response.text())


async def test_before_the_first_probe_the_network_is_not_called_safe(host: aiohttp.ClientSession) -> None:
    status, body = await answer(host, "GET", "/health")
    assert status == 200
    assert isinstance(body, dict)
    assert body["engine"]["api_version"] == "1.41"
    assert (body["network"]["ok"], body["network"]["checked_at"]) == (False, None)


async def test_a_probe_is_answered_and_remembered(host: aiohttp.ClientSession) -> None:
    found = {
        "ok": True,
        "checked_at": "2030-01-02T00:00:00Z",
        "findings": [{"check": "c", "ok": True, "message": "m"}],
    }
    assert await answer(host, "POST", "/network/probe") == (200, found)
    _, health = await answer(host, "GET", "/health")
    assert isinstance(health, dict)
    assert health["network"] == found


async def test_facts_and_log_of_an_environment(host: aiohttp.ClientSession) -> None:
    assert await answer(host, "GET", f"/environments/{ENVIRONMENT}") == (
        200,
        {"container_id": "c1", "status": "running"},
    )
    status, body = await answer(host, "GET", f"/environments/{ENVIRONMENT}/log?lines=2")
    assert (status, body) == (200, {"lines": [f"line of {ENVIRONMENT}"] * 2})


async def test_all_environments_are_told_with_what_frozen_ones_hold(host: aiohttp.ClientSession) -> None:
    async with host.get("/environments") as answer:
        assert await answer.json() == {
            "items": [{"id": ENVIRONMENT, "container_id": "c1", "status": "paused", "memory_bytes": 5}]
        }


async def test_processor_times_are_told_of_those_that_are_named(host: aiohttp.ClientSession) -> None:
    at = "/environments/processor-times"
    found = {"items": [{"id": ENVIRONMENT, "container_id": "c1", "nanoseconds": 7}]}
    assert await answer(host, "GET", f"{at}?ids={ENVIRONMENT}") == (200, found)
    assert await answer(host, "GET", at) == (200, {"items": []})
    for wrong in ("..", "a", ",".join([ENVIRONMENT] * 201)):
        assert (await answer(host, "GET", f"{at}?ids={wrong}"))[0] == 422


async def test_all_disks_are_told_and_a_container_is_stopped_by_its_id(
    host: aiohttp.ClientSession, engine: EngineWithOneEnvironment
) -> None:
    async with host.get("/disks") as answer:
        assert await answer.json() == {"items": [DISK]}
    async with host.post(f"/environments/{ENVIRONMENT}/stop") as answer:
        assert (answer.status, engine.stopped) == (204, [ENVIRONMENT])
    async with host.post("/environments/NO/stop") as answer:
        assert (answer.status, engine.stopped) == (422, [ENVIRONMENT])


async def test_deletion_is_by_id(host: aiohttp.ClientSession, engine: EngineWithOneEnvironment) -> None:
    assert await answer(host, "DELETE", f"/environments/{ENVIRONMENT}") == (204, "")
    assert await answer(host, "DELETE", f"/disks/{DISK}") == (204, "")
    assert engine.removed == [ENVIRONMENT, DISK]


async def test_a_bucket_is_emptied_by_id(serve: Serve, engine: EngineWithOneEnvironment) -> None:
    emptying = EmptyingThatRemembers()
    host = await serve(host_api(engine, emptying=emptying))
    assert await answer(host, "DELETE", f"/buckets/{DISK}") == (204, "")
    for path in ("/buckets/..%2f..", "/buckets/", "/buckets/hub"):
        assert (await answer(host, "DELETE", path))[0] in (404, 405, 422)
    assert emptying.emptied == [DISK]


@pytest.mark.feature("D9")
async def test_scratch_is_emptied_by_id_and_not_under_what_runs(serve: Serve, engine: EngineWithOneEnvironment) -> None:
    scratch = ScratchThatRemembers()
    host = await serve(host_api(engine, scratch=scratch))
    here = f"/environments/{ENVIRONMENT}"
    _, layer = await answer(host, "GET", f"{here}/layer")
    assert isinstance(layer, dict)
    assert layer["scratch"]["names"] == ["/scratch"]
    assert await answer(host, "DELETE", f"{here}/scratch") == (204, "")
    assert scratch.emptied == [ENVIRONMENT]
    for path, status in ((f"/environments/{DISK}/scratch", 409), ("/environments/..%2f../scratch", 422)):
        assert (await answer(host, "DELETE", path))[0] == status
    assert await answer(host, "GET", "/scratch") == (200, {"items": [DISK]})
    assert await answer(host, "DELETE", f"/scratch/{DISK}") == (204, "")
    assert (await answer(host, "DELETE", "/scratch/terraspawner-db"))[0] == 422
    assert (scratch.emptied, scratch.removed) == ([ENVIRONMENT], [DISK])
    assert await answer(host, "POST", f"{here}/stop") == (204, "")
    assert scratch.emptied == [ENVIRONMENT] * 2, "what is stopped past the Hub too"
    assert await answer(host, "POST", f"/environments/{DISK}/stop") == (204, ""), "it is stopped all the same"


async def test_a_disk_is_measured_by_id(host: aiohttp.ClientSession) -> None:
    assert await answer(host, "POST", f"/disks/{DISK}/measure") == (200, USE)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", f"/disks/{ATTACHED}/measure", 404, "disk-not-found"),
        ("POST", "/disks/..%2f..%2fetc/measure", 422, "name-invalid"),
        ("GET", "/environments/00000000000000ff", 404, "environment-not-found"),
        ("DELETE", f"/disks/{ATTACHED}", 409, "disk-attached"),
        ("DELETE", "/disks/terraspawner-db", 422, "name-invalid"),
        ("DELETE", "/environments/0123456789ABCDEF", 422, "name-invalid"),
        ("DELETE", "/environments/..%2f..%2fetc", 422, "name-invalid"),
        ("POST", "/environments/..%2f..%2fetc/startup", 422, "name-invalid"),
        ("POST", "/environments/00000000000000ff/startup", 404, "environment-not-found"),
        ("POST", f"/environments/{ENVIRONMENT}/startup?command=id", 422, "name-invalid"),
        ("GET", "/environments/hub/startup/log", 422, "name-invalid"),
        ("GET", f"/environments/{ENVIRONMENT}/log?lines=many", 422, "name-invalid"),
        ("GET", f"/environments/{ENVIRONMENT}/log?lines=1000000", 422, "name-invalid"),
    ],
)
async def test_a_refusal_has_one_shape(
    host: aiohttp.ClientSession,
    engine: EngineWithOneEnvironment,
    method: str,
    path: str,
    status: int,
    code: str,
) -> None:
    got, body = await answer(host, method, path)
    assert got == status
    assert isinstance(body, dict)
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["code"] == code
    assert engine.removed == engine.ran == []


@pytest.mark.feature("C11")
async def test_a_startup_script_is_run_by_id_and_no_command_is_taken(
    host: aiohttp.ClientSession, engine: EngineWithOneEnvironment
) -> None:
    for body in ({"json": {"command": ["id"]}}, {"data": b"id"}):
        async with host.post(f"/environments/{ENVIRONMENT}/startup", **body) as refused:  # type: ignore[arg-type]
            assert refused.status == 422
    assert engine.ran == []
    ended = await answer(host, "POST", f"/environments/{ENVIRONMENT}/startup")
    assert ended == (200, {"exit_code": 100, "log": "no such package\n"})
    assert engine.ran == [ENVIRONMENT]
    assert await answer(host, "GET", f"/environments/{ENVIRONMENT}/startup/log") == (200, {"lines": []})


async def test_an_engine_that_is_away_is_a_503(host: aiohttp.ClientSession, engine: EngineWithOneEnvironment) -> None:
    engine.is_away = True
    status, body = await answer(host, "GET", "/health")
    assert status == 503
    assert isinstance(body, dict)
    assert body["error"]["code"] == "engine-unavailable"


async def test_a_user_who_is_not_on_the_list_is_refused_everything(
    serve: Serve, engine: EngineWithOneEnvironment
) -> None:
    stranger = await serve(host_api(engine, allowed_uids=frozenset({os.getuid() + 1})))
    for method, path in [("GET", "/health"), ("GET", "/memory"), ("DELETE", f"/disks/{DISK}"), ("GET", "/nothing")]:
        status, body = await answer(stranger, method, path)
        assert status == 403
        assert isinstance(body, dict)
        assert str(os.getuid()) in body["error"]["message"]
    assert engine.removed == []


async def test_a_caller_over_the_network_is_refused(engine: EngineWithOneEnvironment) -> None:
    runner = web.AppRunner(host_api(engine).application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/health") as response:
            assert response.status == 403
    finally:
        await runner.cleanup()


def test_the_socket_is_open_to_its_group_and_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "host.sock"
    path.write_text("left over")
    bound_socket(path).close()
    assert path.stat().st_mode & 0o777 == 0o660


def test_a_state_says_when_and_what() -> None:
    said = replace(SAFE, is_ok=False).as_json()
    assert (said["ok"], said["checked_at"]) == (False, "2030-01-02T00:00:00Z")
