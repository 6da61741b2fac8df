"""A tab's websocket at a real Jupyter server: who is let in, and what its end brings about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

pytest.importorskip("jupyter_server")

from extension.conftest import lab, until
from extension.servers import TOKEN, JupyterServer
from extension.services import WORKSPACE, WorkspaceThatAnswers, notebook_bytes, notebook_model
from terraspawner_environment.leases import LOOK_EVERY_SECONDS
from terraspawner_environment.sessions import GRACE_SECONDS

pytestmark = pytest.mark.slow  # each test starts a Jupyter server
A = "a.ipynb"
WITH_TOKEN = {"Authorization": f"token {TOKEN}"}


def address(server: JupyterServer, session: str) -> str:
    return f"http://127.0.0.1:{server.port}/terraspawner/api/session?session={session}"


@asynccontextmanager
async def connected(server: JupyterServer, session: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession(headers=WITH_TOKEN) as client,
        client.ws_connect(address(server, session)) as socket,
    ):
        yield socket


async def hears(socket: aiohttp.ClientWebSocketResponse, **wanted: Any) -> dict[str, Any]:
    """Wait for a message with these fields."""
    async with asyncio.timeout(10):
        while True:
            said: dict[str, Any] = json.loads((await socket.receive()).data)
            if wanted.items() <= said.items():
                return said


async def save(server: JupyterServer, text: str, session: str | None) -> tuple[int, str]:
    model = notebook_model(text) | ({"terra_session": session} if session else {})
    url = f"http://127.0.0.1:{server.port}/api/contents/{lab(A)}"
    async with aiohttp.ClientSession(headers=WITH_TOKEN) as client, client.put(url, json=model) as answer:
        return answer.status, await answer.text()


@pytest.mark.feature("F2", "F3")
async def test_a_lease_lives_as_long_as_the_tabs_connection(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(A, notebook_bytes("1"))
        server = servers(service)
        await server.start()
        async with connected(server, "tab-a") as socket:
            await socket.send_json({"type": "open", "path": lab(A)})
            assert (await hears(socket, type="lease", path=lab(A)))["state"] == "held"
            assert (await save(server, "2", "tab-a"))[0] == 200
            status, sentence = await save(server, "3", None)
            assert (status, "another tab" in sentence) == (423, True)
            assert service.leases.holder(A) == "tab-a"
            await socket.send_json({"type": "act", "id": 7, "path": lab(A), "act": "decline", "user": "ben"})
            assert "ben has not asked" in (await hears(socket, type="done", id=7))["error"]
            await socket.send_json({"type": "act", "id": 8, "path": "study/playground/a.ipynb", "act": "ask"})
            assert (await hears(socket, type="done", id=8))["error"]
            assert socket._response.connection is not None
            assert socket._response.connection.transport is not None
            socket._response.connection.transport.abort()  # the tab is killed
            await until(lambda: service.leases.holder(A) is None)
        assert service.notebooks[A] == notebook_bytes("2")


@pytest.mark.feature("F2")
async def test_a_tab_that_blinks_keeps_its_lease_and_a_stopped_server_gives_it_back(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(A, notebook_bytes("1"))
        server = servers(service)
        await server.start()
        async with connected(server, "tab-a") as socket:
            await socket.send_json({"type": "open", "path": lab(A)})
            fence = service.leases.of(A).fence
            await hears(socket, state="held")
            fence = service.leases.of(A).fence
        async with connected(server, "tab-a") as socket:
            await socket.send_json({"type": "open", "path": lab(A)})
            await hears(socket, state="held")
            assert await server.terminate() == 0
        assert (service.leases.holder(A), service.leases.of(A).fence) == (None, fence)
        assert service.leases.granted == [(A, "tab-a")]


@pytest.mark.feature("F2")
async def test_a_closed_tab_holds_until_its_kernel_has_ended_what_it_does(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(A, notebook_bytes("1"))
        server = servers(service)
        await server.start()
        base = f"http://127.0.0.1:{server.port}/api"
        wanted = {"path": lab(A), "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        code = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)"
        async with aiohttp.ClientSession(headers=WITH_TOKEN) as client:
            async with client.post(f"{base}/sessions", json=wanted) as made:
                kernel = (await made.json())["kernel"]["id"]
            async with connected(server, "tab-a") as tab, client.ws_connect(f"{base}/kernels/{kernel}/channels") as at:
                await tab.send_json({"type": "open", "path": lab(A)})
                await hears(tab, state="held")
                await at.send_json(execution_of(code))
                await hears_of_kernel(at, "busy")
                await is_busy(client, f"{base}/kernels/{kernel}")  # the server hears of it by itself
                await tab.send_json({"type": "close", "path": lab(A)})
                await tab.send_json({"type": "act", "id": 1, "path": lab(A), "act": "ask"})
                await hears(tab, type="done", id=1)
                before = service.asked["lease PATCH"], service.leases.holder(A)
                (server.home / WORKSPACE / "edit" / "go").touch()
                await until(lambda: service.leases.holder(A) is None)
        assert before == (0, "tab-a")


def execution_of(code: str) -> dict[str, Any]:
    header = {
        "msg_id": "1",
        "msg_type": "execute_request",
        "username": "",
        "session": "1",
        "version": "5.3",
        "date": "",
    }
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    return {
        "channel": "shell",
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }


async def is_busy(client: aiohttp.ClientSession, kernel: str) -> None:
    async with asyncio.timeout(30):
        while True:
            async with client.get(kernel) as answer:
                if (await answer.json())["execution_state"] == "busy":
                    return
            await asyncio.sleep(0.02)


async def hears_of_kernel(socket: aiohttp.ClientWebSocketResponse, state: str) -> None:
    async with asyncio.timeout(30):
        while True:
            said = json.loads((await socket.receive()).data)
            parent = said.get("parent_header", {}).get("msg_id")
            if parent == "1" and said["content"].get("execution_state") == state:
                return


async def test_who_is_not_signed_in_or_comes_from_elsewhere_is_not_let_in(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        cases = {
            "no token": ({}, "tab-a", 403),
            "a wrong token": ({"Authorization": "token no"}, "tab-a", 403),
            "no name": (WITH_TOKEN, "", 400),
            "the server's name": (WITH_TOKEN, "server-0", 400),
            "a name with a path": (WITH_TOKEN, "tab-../x", 400),
        }
        for who, (headers, session, status) in cases.items():
            async with aiohttp.ClientSession(headers=headers) as client:
                with pytest.raises(aiohttp.WSServerHandshakeError) as trouble:
                    await client.ws_connect(address(server, session))
            assert trouble.value.status == status, who


async def test_a_page_from_elsewhere_cannot_use_the_browsers_login(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            await browser.get(f"http://127.0.0.1:{server.port}/api/me?token={TOKEN}")
            async with browser.ws_connect(
                address(server, "tab-a"), headers={"Origin": f"http://127.0.0.1:{server.port}"}
            ):
                pass
            with pytest.raises(aiohttp.WSServerHandshakeError) as trouble:
                await browser.ws_connect(address(server, "tab-a"), headers={"Origin": "http://evil.example"})
            assert trouble.value.status == 403


def test_a_closed_tab_is_free_within_two_seconds() -> None:
    assert GRACE_SECONDS + LOOK_EVERY_SECONDS < 2


async def test_nonsense_on_the_socket_is_passed_over(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service:
        service.put(A, notebook_bytes("1"))
        server = servers(service)
        await server.start()
        async with connected(server, "tab-a") as socket:
            for nonsense in ("", "[]", "{}", '"x"', '{"type": "open"}', '{"type": "open", "path": "../../etc/passwd"}',
                             '{"type": "act", "path": 3}', '{"type": ["open"], "path": {}}'):  # fmt: skip
                await socket.send_str(nonsense)
            await socket.send_json({"type": "open", "path": lab(A)})
            assert (await hears(socket, type="lease"))["path"] == lab(A)
        assert [path for path, _ in service.leases.granted] == [A]
