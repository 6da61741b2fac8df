"""As much of a Hub as a single-user server asks."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from extension.http import Server


class HubThatAnswers(Server):
    """What a single-user server asks of its Hub: the version, and who a token is."""

    def __init__(self, *, token: str, user: str, server: str, version: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.token, self.user, self.server, self.version = token, user, server, version

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/hub/api/", self.api)
        app.router.add_get("/hub/api", self.api)
        app.router.add_get("/hub/api/user", self.who)
        app.router.add_post("/hub/api/users/{user}/activity", self.activity)
        return app

    async def api(self, request: web.Request) -> web.Response:
        return web.json_response({"version": self.version}, headers={"X-JupyterHub-Version": self.version})

    async def who(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization", "").split(" ")[-1] != self.token:
            return web.json_response({"status": 403, "message": "Forbidden"}, status=403)
        scopes = [f"access:servers!server={self.user}/{self.server}", f"read:users:name!user={self.user}"]
        return web.json_response({"kind": "user", "name": self.user, "groups": [], "scopes": scopes, "admin": False})

    async def activity(self, request: web.Request) -> web.Response:
        return web.json_response({})
