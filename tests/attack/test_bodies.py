"""Bodies that are too large or never end, at every route: refused, and nobody else waits or loses the service."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from terraspawner.web.limits import SMALL_BODY
from tests.attack.routes import ALL, API, CULLER, KEY, OPERATOR, Request, request_of
from tests.attack.scene import Scene, as_program, ask, text_of

pytestmark = pytest.mark.docker

TAKES_A_BODY = [route for route in ALL if ALL[route].body is not None or ALL[route].form]
MIB = 1024 * 1024
NOT_THERE = {"namespace": "ana", "name": "no-such-workspace", "path": "no.ipynb", "disk_id": "0" * 16}


@pytest.fixture(autouse=True)
def the_service_goes_on(scene: Scene) -> Iterator[None]:
    """The same process as before, within its memory."""
    before = scene.deployment.service("workspaces").attrs["State"]["StartedAt"]
    yield
    after = scene.deployment.service("workspaces").attrs["State"]
    assert (after["StartedAt"], after["OOMKilled"], after["Status"]) == (before, False, "running")
    scene.assert_untouched()


def pieces(size: int) -> Iterator[bytes]:
    for _ in range(0, size, 65536):
        yield b"x" * 65536


def large(request: Request, *, is_announced: bool) -> Request:
    content = b"x" * (3 * SMALL_BODY) if is_announced else pieces(3 * SMALL_BODY)
    return Request(
        method=request.method,
        address=request.address,
        query=request.query,
        headers=request.headers,
        content=content,  # type: ignore[arg-type]
    )


def fresh(client: httpx.Client) -> httpx.Client:
    """The same caller with connections of its own."""
    return httpx.Client(base_url=client.base_url, headers=client.headers, cookies=client.cookies, timeout=60)


@pytest.mark.full
@pytest.mark.parametrize("is_announced", [True, False], ids=["announced", "in-pieces"])
@pytest.mark.parametrize("route", list(ALL))
def test_a_large_body_is_refused(
    scene: Scene, programs: dict[str, httpx.Client], browsers: dict[str, httpx.Client], route: str, is_announced: bool
) -> None:
    """From strangers before it is looked at, from the caller whom the route is for because it is too large."""
    request = large(request_of(route, {**scene.values, **NOT_THERE}), is_announced=is_announced)
    is_changing = request.method != "GET"
    for who in ("nobody", "ben"):
        with fresh(programs[who]) as client:
            answer = ask(client, request)
        assert answer.status_code < 500, text_of(answer)
        assert not is_changing or answer.status_code >= 300, who


@pytest.mark.parametrize(
    "route", [route for route in TAKES_A_BODY if not route.startswith("PUT ") and ALL[route].who != CULLER]
)
def test_its_own_caller_is_told_that_it_is_too_large(
    scene: Scene, programs: dict[str, httpx.Client], browsers: dict[str, httpx.Client], route: str
) -> None:
    request = large(request_of(route, scene.values), is_announced=True)
    who = "operator" if ALL[route].who == OPERATOR else "ana"
    client = programs[who] if request.is_rest else browsers[who]
    key = scene.variables(scene.alpha)["TERRA_ENVIRONMENT_KEY"]
    inside = as_program(scene.deployment, f"environment {key}")
    with inside, fresh(client) as own:
        answer = ask(inside if ALL[route].who == KEY else own, request)
    assert answer.status_code == 413, text_of(answer)[:300]


@pytest.mark.parametrize("who", ["nobody", "ben", "ana"])
def test_a_refusal_reaches_who_reads_nothing_before_all_is_sent(scene: Scene, who: str) -> None:
    """As browsers do. The proxy takes no more of a body that was answered in its middle."""
    token = {"nobody": "none", "ben": scene.ben.token, "ana": scene.ana.token}[who]
    at = f"{API}/workspaces/ana/{NOT_THERE['name']}/uploads/{'0' * 16}"
    head = (
        f"PATCH {at} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token {token}\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {16 * MIB}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", scene.deployment.port), timeout=60) as sending:
        sending.sendall(head)
        for _ in range(0, 16 * MIB, 65536):
            sending.sendall(bytes(65536))
        answer = sending.recv(65536)
    assert answer.split()[1] == (b"401" if who == "nobody" else b"404")


@pytest.mark.parametrize("at", [f"{API}/workspaces/ana/study", "/hub/api/users/ana"])
@pytest.mark.parametrize("method", ["DELETE", "OPTIONS"])
def test_nobody_sends_a_request_inside_another(scene: Scene, at: str, method: str) -> None:
    """Its answer would be read by whoever comes next on the proxy's connection (`images/hub/proxy/framing.cjs`)."""
    inside = b"GET /hub/api/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = (
        f"{method} {at} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n{len(inside):x}\r\n".encode()
    )
    with socket.create_connection(("127.0.0.1", scene.deployment.port), timeout=60) as sending:
        sending.sendall(head + inside + b"\r\n0\r\n\r\n")
        with sending.makefile("rb") as answers:
            said = answers.read()  # until it is hung up on
    assert said.startswith(b"HTTP/1.1 411 ")
    assert said.count(b"HTTP/1.1") == 1


SLOW = 150


def test_bodies_that_never_end_keep_nobody_waiting(scene: Scene, programs: dict[str, httpx.Client]) -> None:
    """Ben opens many requests and ends none; ana is served, and each of his is still only his."""
    head = (
        f"POST {API}/workspaces HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token {scene.ben.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
    ).encode()
    held = []
    try:
        for number in range(SLOW):
            held.append(socket.create_connection(("127.0.0.1", scene.deployment.port), timeout=30))
            # every third stops within its headers
            held[-1].sendall(head if number % 3 else head[:60])
        for _ in range(5):
            assert programs["ana"].get(f"{API}/whoami").status_code == 200
            assert scene.alpha.environment()["state"] == "running"
    finally:
        for connection in held:
            connection.close()
