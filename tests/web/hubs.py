"""The Hub as our service sees it, over real HTTP: OAuth with PKCE, tokens, named servers.

A start does what our spawner does: it calls the deeds `admit`, then `started` or `start_failed`; a stop freezes where
the row asks for that, and a start wakes what is frozen.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from terraspawner.domain.environment import Environment, State
from terraspawner.errors import TerraError
from terraspawner.operations import environments, freezing
from terraspawner.operations.context import Context

HELD = 300 * 1024**2
"""Memory that a frozen one keeps, in bytes."""
ACCESS = "access:services!service=workspaces"


async def until(look: Callable[[], Any], what: str, within: float = 10) -> Any:
    """The first true answer of `look`; fails, saying what was waited for."""
    async with asyncio.timeout(within):
        with suppress(TimeoutError):
            while True:
                if found := look():
                    return found
                await asyncio.sleep(0.005)
    raise AssertionError(f"waited in vain until {what}")


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """`app` on a port of its own; gives its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started, "the server listens")
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        task.cancel()  # and neither `should_exit` nor `shutdown`, which wait for a tenth of a second each
        with suppress(asyncio.CancelledError):
            await task
        await _close(server)


async def _close(server: uvicorn.Server) -> None:
    """No listener, connection or request of `server` is left."""
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.transport.close()  # type: ignore[union-attr]
    for task in (tasks := list(server.server_state.tasks)):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class FrontDoor:
    """The proxy: the Hub's addresses to the Hub, all others to the service."""

    def __init__(self, hub: ASGIApp, service: ASGIApp) -> None:
        self._hub, self._service = hub, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_hub = scope.get("path", "").startswith(("/hub/", "/user/"))
        await (self._hub if is_hub else self._service)(scope, receive, send)


@dataclass
class HubThatKnows:
    """Knows people, tokens and servers. `at_the_browser` is who is signed in there."""

    at_the_browser: str = "ana"
    context: Context | None = None
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    servers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    refusal: tuple[int, str] | None = None
    """A start is refused at once with this status and sentence."""
    failure: tuple[str, str] | None = None
    """A start fails after its admission, with this reason and log."""

    def __post_init__(self) -> None:
        self.may_finish = asyncio.Event()
        self.may_finish.set()
        self.may_stop = asyncio.Event()
        """Until then no stop is answered."""
        self.may_stop.set()
        self.may_tell = asyncio.Event()
        """Until then nobody is told that a start has failed, though its row knows."""
        self.may_tell.set()
        self._codes: dict[str, dict[str, str]] = {}
        self._admitted: set[tuple[str, str]] = set()
        self._starts: dict[tuple[str, str], asyncio.Task[None]] = {}
        api = "/hub/api"
        self.app = Starlette(
            routes=[
                Route(f"{api}/", self._version),
                Route(f"{api}/oauth2/authorize", self._authorize),
                Route(f"{api}/oauth2/token", self._token, methods=["POST"]),
                Route(f"{api}/user", self._user),
                Route(f"{api}/users/{{user}}", self._model),
                Route(f"{api}/users/{{user}}/servers/{{slug}}", self._start, methods=["POST"]),
                Route(f"{api}/users/{{user}}/servers/{{slug}}", self._stop, methods=["DELETE"]),
            ]
        )

    def token(self, name: str, *, kind: str = "user", scopes: tuple[str, ...] = (ACCESS,)) -> str:
        """A token of `name`."""
        token = secrets.token_hex(16)
        self.tokens[token] = {"name": name, "kind": kind, "scopes": list(scopes), "session_id": None}
        return token

    def page_token(self, name: str, slug: str, *, server_of: str = "") -> str:
        """The token that the Hub's OAuth gives to the open page of a server, seen by `name`."""
        access = f"access:servers!server={server_of or name}/{slug}"
        names = (f"read:users:name!user={name}", f"read:users:groups!user={name}")
        token = self.token(name, scopes=(access, *names))
        self.tokens[token]["session_id"] = secrets.token_hex(16)
        return token

    # --- OAuth ---

    async def _version(self, _: Request) -> Response:
        return JSONResponse({"version": "6.1.1"})

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        assert asked["client_id"] == "service-workspaces"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_hex(8)
        self._codes[code] = {"challenge": asked["code_challenge"], "redirect_uri": asked["redirect_uri"]}
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 302)

    async def _token(self, request: Request) -> Response:
        said = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        kept = self._codes.pop(said["code"], None)
        digest = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        is_right = kept and kept["challenge"] == challenge and kept["redirect_uri"] == said["redirect_uri"]
        if not is_right or said["client_secret"] != "s" * 64:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": self.token(self.at_the_browser), "token_type": "Bearer"})

    async def _user(self, request: Request) -> Response:
        found = self.tokens.get(request.headers.get("authorization", "").partition(" ")[2])
        return JSONResponse(found) if found else JSONResponse({"message": "Forbidden"}, 403)

    # --- servers ---

    async def _model(self, request: Request) -> Response:
        user = request.path_params["user"]
        servers = {slug: server for (owner, slug), server in self.servers.items() if owner == user}
        return JSONResponse({"name": user, "servers": servers})

    async def _start(self, request: Request) -> Response:
        key = (request.path_params["user"], request.path_params["slug"])
        self.calls.append(("start", key[1]))
        server = self.servers.setdefault(key, {"ready": False, "pending": None})
        if refusal := self._refusal_of(":".join(key), server):
            return JSONResponse({"message": refusal[1]}, refusal[0])
        if not server["pending"]:
            server["pending"] = "spawn"
            wishes = json.loads(await request.body() or b"{}").get("user_options", {})
            task = asyncio.create_task(self._spawn(key, server, wishes))
            self._starts[key] = task
        task = self._starts[key]
        await until(lambda: task.done() or self._is_held(key), "the start is done or held")
        if task.cancelled():
            return JSONResponse({"message": "Internal Server Error"}, 500)
        if task.done() and (fault := task.exception()):
            await self.may_tell.wait()
            return JSONResponse({"message": str(fault)}, 503)
        return Response(status_code=201 if task.done() else 202)

    def _is_held(self, key: tuple[str, str]) -> bool:
        return key in self._admitted and not self.may_finish.is_set()

    def _refusal_of(self, name: str, server: dict[str, Any]) -> tuple[int, str] | None:
        if self.refusal or server["ready"]:
            return self.refusal or (400, f"{name} is already running")
        if server["pending"] not in (None, "spawn"):
            return 400, f"{name} is pending {server['pending']}"
        return None

    async def _spawn(self, key: tuple[str, str], server: dict[str, Any], wishes: dict[str, str]) -> None:
        assert self.context is not None
        try:
            here = await asyncio.to_thread(self._woken_or_admitted, key, wishes)
            self._admitted.add(key)
            await self._finish(here)
            if self.failure:
                reason, log = self.failure
                await asyncio.to_thread(
                    environments.start_failed, self.context, here.id, here.start_number, reason, log
                )
                raise TerraError(reason)
            await asyncio.to_thread(environments.started, self.context, here.id, here.start_number, "c" * 64)
            server["ready"] = True
        finally:
            self._admitted.discard(key)
            server["pending"] = None

    async def _finish(self, here: Environment) -> None:
        assert self.context is not None
        try:
            await self.may_finish.wait()
        except asyncio.CancelledError:
            reason = "The start was cancelled."
            environments.start_failed(self.context, here.id, here.start_number, reason, "")
            raise

    def _woken_or_admitted(self, key: tuple[str, str], wishes: dict[str, str]) -> Environment:
        assert self.context is not None
        user, slug = key
        here = environments.by_slug(self.context, user=user, slug=slug)
        if (
            here
            and here.state is State.FROZEN
            and freezing.wake(self.context, here.id, here.start_number, user=user, slug=slug)
        ):
            return here
        # as the spawner, which looks into an image beside the catalogue before it asks
        is_beside = "image" in wishes and self.context.catalogue.find_image(wishes["image"]) is None
        more = {"language": "python"} if is_beside else {}
        ticket = environments.admit(self.context, user=user, slug=slug, **wishes, **more)
        return ticket.environment

    async def _stop(self, request: Request) -> Response:
        key = (request.path_params["user"], request.path_params["slug"])
        removes = b"remove" in await request.body()
        self.calls.append(("forget" if removes else "stop", key[1]))
        await self.may_stop.wait()
        server = self.servers.get(key)
        if server is None:
            return JSONResponse({"message": "no such server"}, 404)
        assert self.context is not None
        if (start := self._starts.get(key)) and not start.done():
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
        for here, at in environments.environments_in(self.context, frozenset(environments.State)):
            if (here.user, at.slug) == key and freezing.is_wanted(self.context, here.id):
                freezing.frozen(self.context, here.id, here.start_number, HELD)
            elif (here.user, at.slug) == key:
                environments.begin_pause(self.context, here.id)
                environments.stopped(self.context, here.id, here.start_number)
        server.update(ready=False, pending=None)
        if removes:
            del self.servers[key]
        return Response(status_code=204)

    async def end(self) -> None:
        """Let nothing go on after a test."""
        self.may_finish.set()
        self.may_stop.set()
        await asyncio.gather(*self._starts.values(), return_exceptions=True)
