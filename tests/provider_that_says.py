"""An identity provider on loopback that says what a test wants, beside the real one of `identity_provider`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tornado.escape import json_encode
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

EVA = {"sub": "42", "preferred_username": "eva", "groups": ["lab"]}


@dataclass(kw_only=True)
class ProviderThatSays:
    """Tells what a test wants, to whom shows a good token; each token it gives is another one."""

    issuer: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "42", "preferred_username": "eva", "groups": ["lab"]}
    )
    teams: list[dict[str, Any]] = field(default_factory=list)
    good: str = "first"
    is_down: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, request: RequestHandler) -> Any:
        self.asked.append(path)
        if self.is_down:
            raise HTTPError(503)
        if path == "/.well-known/openid-configuration":
            endpoints = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
            return {"issuer": self.issuer, **{name: f"{self.issuer}/{name}" for name in endpoints}, **self.document}
        if path == "/token_endpoint":
            if request.get_argument("refresh_token") != f"after {self.good}":
                raise HTTPError(400)
            self.good += "+"
            return {"access_token": self.good, "refresh_token": f"after {self.good}", "token_type": "bearer"}
        if request.request.headers.get("Authorization") != f"Bearer {self.good}":
            raise HTTPError(401)
        return self.teams if path.endswith("/teams") else self.claims


class Door(RequestHandler):
    def initialize(self, provider: ProviderThatSays) -> None:
        self.provider = provider

    def get(self) -> None:
        said = self.provider.answer(self.request.path, self)
        self.set_header("Content-Type", "application/json")
        self.finish(json_encode(said))

    post = get


@asynccontextmanager
async def speaking(**options: Any) -> AsyncIterator[ProviderThatSays]:
    """A provider that answers, on loopback."""
    made = ProviderThatSays()
    server = HTTPServer(Application([(".*", Door, {"provider": made})]), **options)
    (socket,) = bind_sockets(0, "127.0.0.1")
    server.add_sockets([socket])
    port = socket.getsockname()[1]
    made.issuer = f"https://localhost:{port}" if options else f"http://127.0.0.1:{port}"
    yield made
    server.stop()
    await server.close_all_connections()
