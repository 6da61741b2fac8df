"""Services to test against: real HTTP servers on a loopback port, named for what they do.

`WorkspaceThatAnswers` keeps the promises of the workspaces service for one workspace (conditional writes, bytes as
written, idempotent replay, leases); the others are it with one thing wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from extension.http import Server
from extension.lease_book import LeaseBook, claim_of
from terraspawner.errors import TerraError
from terraspawner.web.responses import status_of

KEY = "key-of-this-start"
NAMESPACE = "ana"
WORKSPACE = "study"


def error(status: int, code: str, message: str, **details: Any) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message, "details": details}}, status=status)


def refused(no: TerraError) -> web.Response:
    """One of the service's own errors, as it tells them."""
    return error(status_of(no), no.code, no.message, **no.details)


class WorkspaceThatAnswers(Server):
    """One workspace's notebooks in memory, and a record of what was asked."""

    limit = 60 * 1024 * 1024
    longest_keep_alive = 12 * 3600
    key = KEY

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.notebooks: dict[str, bytes] = {}
        self.versions: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.writes: list[tuple[str, bytes]] = []
        self.outbox: list[dict[str, Any]] = []
        self.activity: list[dict[str, Any]] = []
        self.answer: dict[str, Any] | None = None
        """To a report of activity; None: it is older than such answers."""
        self.kept_alive: list[dict[str, Any]] = []
        self.under_way: Counter[str] = Counter()
        self.most_at_once = 0
        self.leases = LeaseBook()
        self.saves: dict[str, str] = {}
        self.kinds: dict[str, list[str]] = {}  # why each save that was stored was made
        self._count = 0
        self.called = 0
        self._next_call: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/services/workspaces/api/v1"

    def application(self) -> web.Application:
        app = web.Application(client_max_size=100 * 1024 * 1024, middlewares=[self.only_with_key])
        base = "/services/workspaces/api/v1"
        notebooks = f"{base}/workspaces/{NAMESPACE}/{WORKSPACE}/notebooks"
        for deed in ("", "/{deed}"):
            app.router.add_route("*", notebooks + r"/{path:.+\.ipynb}/lease" + deed, self.lease)
        app.router.add_get(notebooks, self.list)
        app.router.add_get(notebooks + "/{path:.+}", self.read)
        app.router.add_put(notebooks + "/{path:.+}", self.write)
        app.router.add_post(notebooks + "/{path:.+}/rename", self.rename)
        app.router.add_post(f"{base}/environments/self/outbox", self.take_outbox)
        app.router.add_post(f"{base}/environments/self/activity", self.take_activity)
        app.router.add_post(f"{base}/environments/self/pause", self.pause)
        app.router.add_post(f"{base}/environments/self/keep-alive", self.keep_alive)
        app.router.add_get(f"{base}/environments/self/calls", self.calls)
        app.on_shutdown.append(self._let_go)
        return app

    @web.middleware
    async def only_with_key(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"environment {KEY}":
            return error(401, "not-logged-in", "This environment is not known.")
        answer: web.StreamResponse = await handler(request)
        return answer

    def put(self, path: str, content: bytes) -> str:
        """Somebody else stores a notebook."""
        self._count += 1
        self.notebooks[path] = content
        self.versions[path] = f"v{self._count}"
        return self.versions[path]

    def delete(self, path: str) -> None:
        del self.notebooks[path], self.versions[path]

    async def list(self, request: web.Request) -> web.Response:
        self.asked["list"] += 1
        items = [
            {"path": path, "kernel": "python3", "language": "python", "size": len(content),
             "version": self.versions[path], "modified": datetime.now(UTC).isoformat()}
            for path, content in self.notebooks.items()
        ]  # fmt: skip
        return web.json_response({"items": items, "next": None})

    async def read(self, request: web.Request) -> web.Response:
        self.asked["read"] += 1
        path = request.match_info["path"]
        if path not in self.notebooks:
            return error(404, "notebook-not-found", f"There is no notebook {path}.")
        etag = f'"{self.versions[path]}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=self.notebooks[path], headers={"ETag": etag})

    async def write(self, request: web.Request) -> web.Response:
        self.asked["write"] += 1
        path = request.match_info["path"]
        self.under_way[path] += 1
        self.most_at_once = max(self.most_at_once, self.under_way[path])
        try:
            return self.store(path, await request.read(), request.headers)
        finally:
            self.under_way[path] -= 1

    def store(self, path: str, content: bytes, headers: Any) -> web.Response:
        if len(content) > self.limit:
            return error(413, "notebook-too-large", f"{path} is larger than {self.limit} bytes.", limit=self.limit)
        present = self.versions.get(path)
        try:
            self.leases.check_save(path, headers, creates="If-None-Match" in headers)
        except TerraError as no:
            return refused(no)
        save_id = headers.get("Save-Id")
        if (present is not None and self.notebooks[path] == content) or (save_id and self.saves.get(save_id) == path):
            return self.written(path, 200)
        expected = headers.get("If-Match", "").strip('"') or None
        if headers.get("If-None-Match") != "*" and expected is None:
            return error(428, "condition-missing", "A write needs If-Match or If-None-Match.")
        if present != expected:
            return error(409, "notebook-moved-on", f"{path} was changed by somebody else.", version=present)
        self.put(path, content)
        if save_id:
            self.saves[save_id] = path
        self.writes.append((path, content))
        self.kinds.setdefault(path, []).append(headers.get("Save-Kind", "saved"))
        return self.written(path, 200 if present else 201)

    def written(self, path: str, status: int) -> web.Response:
        facts = {"path": path, "version": self.versions[path], "size": len(self.notebooks[path]),
                 "modified": datetime.now(UTC).isoformat()}  # fmt: skip
        return web.json_response(facts, status=status, headers={"ETag": f'"{self.versions[path]}"'})

    async def rename(self, request: web.Request) -> web.Response:
        path, to = request.match_info["path"], (await request.json())["to"]
        if to in self.notebooks:
            return error(409, "notebook-moved-on", f"{to} exists already.", version=self.versions[to])
        if request.headers.get("If-Match", "").strip('"') != self.versions.get(path):
            return error(409, "notebook-moved-on", f"{path} was changed.", version=self.versions.get(path))
        content = self.notebooks[path]
        claim = claim_of(request.headers) if "Lease-Fence" in request.headers else None
        fence = self.leases.move(path, to, claim)
        self.delete(path)
        self.put(to, content)
        answer = self.written(to, 200)
        if fence is not None:
            answer.headers["Lease-Fence"] = str(fence)
        return answer

    async def lease(self, request: web.Request) -> web.Response:
        path, deed = request.match_info["path"], request.match_info.get("deed", "")
        self.asked[f"lease {request.method} {deed}".strip()] += 1
        if path not in self.notebooks:
            return error(404, "notebook-not-found", f"There is no notebook {path}.")
        body = await request.json() if request.can_read_body else dict(request.query)
        try:
            answer = self.leases.answer(path, deed, request.method, body)
        except TerraError as no:
            return refused(no)
        return web.Response(status=204) if answer is None else web.json_response(answer)

    async def take_outbox(self, request: web.Request) -> web.Response:
        self.outbox.append(await request.json())
        return web.Response(status=204)

    async def calls(self, request: web.Request) -> web.Response:
        self.asked["calls"] += 1
        if self.called == int(request.query["seen"]):
            self._next_call = self._next_call or asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._next_call.wait(), float(request.query["seconds"]))
        return web.json_response({"seen": self.called})

    def call(self) -> None:
        """Somebody asks for a notebook of this environment's."""
        self.called += 1
        if self._next_call is not None:
            self._next_call.set()
            self._next_call = None

    async def _let_go(self, _: web.Application) -> None:
        if self._next_call is not None:
            self._next_call.set()

    async def pause(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        return web.Response(status=202)

    async def take_activity(self, request: web.Request) -> web.Response:
        self.activity.append(await request.json())
        return web.Response(status=204) if self.answer is None else web.json_response(self.answer)

    async def keep_alive(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        if wanted.get("seconds", 0) > self.longest_keep_alive:
            return error(
                422, "refused", f"An environment is kept alive for at most {self.longest_keep_alive} s at a time."
            )
        working = [job["pid"] for job in self.activity[-1].get("jobs", ())]
        if "pid" in wanted and wanted["pid"] not in working:
            return error(422, "refused", f"No process {wanted['pid']} is known to work in this environment.")
        self.kept_alive.append(wanted)
        return web.Response(status=204)


class WorkspaceThatIsDown(WorkspaceThatAnswers):
    """Has an address and no server; `start` brings it up."""

    async def __aenter__(self) -> Any:
        await self.start()
        await self.stop()
        return self


class WorkspaceThatLosesItsAnswer(WorkspaceThatAnswers):
    """Stores the first write and cuts the connection before it says so."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.answers_to_lose = 1

    async def write(self, request: web.Request) -> web.Response:
        answer = await super().write(request)
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            assert request.transport is not None
            request.transport.abort()
        return answer


class WorkspaceThatStalls(WorkspaceThatAnswers):
    """Takes a write's bytes and then says nothing until `go`; `stalled` counts them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.go = asyncio.Event()
        self.stalled = 0

    async def write(self, request: web.Request) -> web.Response:
        await request.read()
        self.stalled += 1
        await self.go.wait()
        return await super().write(request)


class WorkspaceThatRefuses(WorkspaceThatAnswers):
    """Says no to every write, with one of the service's own sentences."""

    def __init__(self, status: int, code: str, message: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.refusal: tuple[int, str, str] | None = (status, code, message)

    def store(self, path: str, content: bytes, headers: Any) -> web.Response:
        return error(*self.refusal) if self.refusal else super().store(path, content, headers)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def notebook_model(text: str) -> dict[str, Any]:
    """The model Lab saves: one code cell with this text."""
    cell = {"cell_type": "code", "id": "a1", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    return {"type": "notebook", "format": "json", "content": content}


def notebook_bytes(text: str) -> bytes:
    """The same notebook as bytes, as nbformat writes it."""
    content = notebook_model(text)["content"]
    content["cells"][0]["source"] = text.splitlines(keepends=True)
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
