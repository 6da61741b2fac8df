"""A page of Lab with a notebook, as the server sees it: a connection to the kernel, and cells that are asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1

from extension.servers import PATIENCE, TOKEN, JupyterServer

PROTOCOL = "v1.kernel.websocket.jupyter.org"


def cell(name: str, code: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": name, "metadata": {}, "source": code, "outputs": [], "execution_count": None}


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": list(cells), "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


class Lab:
    """What a browser asks of a server, over and over."""

    def __init__(self, server: JupyterServer) -> None:
        self.server = server
        self.base = f"http://127.0.0.1:{server.port}"
        self.http = aiohttp.ClientSession(headers={"Authorization": f"token {TOKEN}"}, timeout=PATIENCE)

    async def __aenter__(self) -> Lab:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        async with self.http.request(method, f"{self.base}/{path}", json=body) as answer:
            assert answer.status < 400, (answer.status, await answer.text())
            return await answer.json() if answer.status != 204 else None

    async def save(self, path: str, content: dict[str, Any]) -> None:
        await self.ask("PUT", f"api/contents/{path}", {"type": "notebook", "format": "json", "content": content})

    async def opened(self, path: str) -> dict[str, dict[str, Any]]:
        """The cells of a notebook as a page gets them when it opens it, by their ids."""
        model = await self.ask("GET", f"api/contents/{path}?type=notebook&content=1")
        return {each["id"]: each for each in model["content"]["cells"]}

    async def opened_when(self, path: str, condition: Callable[[dict[str, dict[str, Any]]], bool]) -> Any:
        """As a page gets them that is opened when this has come to hold."""
        async with asyncio.timeout(60):
            while not condition(cells := await self.opened(path)):  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.1)
        return cells

    async def left(self, kernel: str) -> None:
        """Wait until no tab is connected to a kernel."""
        async with asyncio.timeout(20):
            while (await self.ask("GET", f"api/kernels/{kernel}"))["connections"]:  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.02)

    async def kernel_of(self, path: str) -> str:
        """That of the notebook, started where there is none."""
        body = {"path": path, "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        return str((await self.ask("POST", "api/sessions", body))["kernel"]["id"])

    async def page(self, path: str, *, session: str = "") -> Page:
        page = Page(self, await self.kernel_of(path), session or uuid4().hex)
        await page.connect()
        return page


class Page:
    """One page with one notebook."""

    def __init__(self, lab: Lab, kernel: str, session: str) -> None:
        self.lab, self.kernel, self.session = lab, kernel, session
        self.socket: aiohttp.ClientWebSocketResponse
        self.heard: list[dict[str, Any]] = []

    async def connect(self) -> None:
        url = f"{self.lab.base}/api/kernels/{self.kernel}/channels?session_id={self.session}"
        self.socket = await self.lab.http.ws_connect(url, protocols=[PROTOCOL], max_msg_size=0)

    async def close(self) -> None:
        """As a browser does that closes the page."""
        await self.socket.close(code=1001)

    def drop(self) -> None:
        """The line breaks: nobody says goodbye."""
        assert self.socket._response.connection is not None
        transport = self.socket._response.connection.transport
        assert transport is not None
        transport.abort()

    async def run(self, name: str, code: str) -> str:
        """Ask for a cell, as Lab does; the message's id."""
        message = uuid4().hex
        header = {
            "msg_id": message, "msg_type": "execute_request", "session": self.session, "username": "",
            "date": datetime.now(UTC).isoformat(), "version": "5.3",
        }  # fmt: skip
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True,
            "stop_on_error": True,
        }  # fmt: skip
        parts = [json.dumps(part).encode() for part in (header, {}, {"cellId": name, "deletedCells": []}, content)]
        await self.socket.send_bytes(framed("shell", parts))
        return message

    async def hear(self, message: str, *, kind: str = "status", state: str | None = "idle") -> dict[str, Any]:
        """Wait until the kernel says this of a cell that was asked for."""
        while True:
            frame = await self.socket.receive_bytes(timeout=30)
            _, parts = deserialize_msg_from_ws_v1(frame)
            header, parent, _, content = (json.loads(part) for part in parts[:4])
            if parent.get("msg_id") != message:
                continue
            self.heard.append({"kind": header["msg_type"], "content": content})
            if header["msg_type"] == kind and (kind != "status" or content["execution_state"] == state):
                return dict(content)

    async def follow(self, seen: int = 0) -> dict[str, Any]:
        """Ask once for what runs that this tab did not ask for."""
        query = f"kernel={self.kernel}&session={self.session}&seen={seen}"
        answer = await self.lab.ask("GET", f"terraspawner/api/runs?{query}")
        return dict(answer)

    async def follow_to_the_end(self) -> dict[str, dict[str, Any]]:
        """What the tab shows of each cell in the end."""
        shown: dict[str, dict[str, Any]] = {}
        seen, is_over = 0, False
        while not is_over:
            answer = await self.follow(seen)
            seen, is_over = answer["seen"], answer["is_over"]
            shown |= {run["cell"]: run for run in answer["runs"]}
        return shown


def framed(channel: str, parts: list[bytes]) -> bytes:
    """A message in the protocol of Lab's web socket."""
    whole = [channel.encode(), *parts]
    count = len(whole) + 1
    offsets = [8 * (count + 1)]
    for part in whole:
        offsets.append(offsets[-1] + len(part))
    numbers = [count, *offsets]
    return b"".join([*(number.to_bytes(8, "little") for number in numbers), *whole])
