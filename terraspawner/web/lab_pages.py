"""The page of a user's server as a caller: JupyterLab in the browser, with the token that the Hub gave to its OAuth.

Every script in that page can read this token, also one that a hostile notebook brought along. So it is good for two
things, the state of its own environment and its start (a tab must be able to come back by itself), and for nothing
else: no pause, no deletion, no notebook, no other environment. Known by what the Hub says of it: a browser's session,
access to exactly one server, which is its own user's. A server's own token has no session, and what it may do beside
(report activity) no page may.

With subdomains the page is on its user's own domain: from there, and from nowhere else, its browser may call us
across origins (CORS), without cookies, on these two addresses. Without subdomains nobody may.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_ACCESS = "access:servers!server="
_HARMLESS = ("read:users:name!user=", "read:users:groups!user=")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPage:
    """The open page of the environment that the Hub calls `user`/`slug`, in that user's own browser."""

    user: str
    slug: str


def page_of(model: Mapping[str, Any]) -> LabPage | None:
    """Whose page a token is, by what the Hub says of the token (`GET /hub/api/user`); None where it is no page's."""
    scopes = [str(scope) for scope in model.get("scopes", ())]
    servers = [scope.removeprefix(_ACCESS) for scope in scopes if scope.startswith(_ACCESS)]
    others = [scope for scope in scopes if not scope.startswith((_ACCESS, *_HARMLESS))]
    if model.get("kind") != "user" or not model.get("session_id") or len(servers) != 1 or others:
        return None
    user, _, slug = servers[0].rpartition("/")
    return LabPage(user=user, slug=slug) if slug and user == model.get("name") else None


def may_call_from(origin: str, *, ours: str, theirs: str) -> bool:
    """Whether a page may call from `origin`, the header that browsers send and scripts cannot change.

    `ours` is where this service is, `theirs` where the servers of the page's user are; empty where they share ours.
    No origin is no browser: it holds the token, and nothing that a browser adds.
    """
    return origin in ("", theirs or ours)


def is_of_somebody(origin: str, subdomain_host: str) -> bool:
    """Whether `origin` can be a user's: a browser asks before it sends the token that says whose."""
    scheme, _, host = subdomain_host.partition("://")
    return bool(host) and re.fullmatch(rf"{scheme}://[a-z0-9-]+\.{re.escape(host)}", origin) is not None


class SharedWithLab:
    """Answers browsers that ask whether a page on a user's domain may call, for the two addresses that it may."""

    def __init__(self, app: ASGIApp, *, subdomain_host: str, api_prefix: str) -> None:
        self._app = app
        self._subdomain_host = subdomain_host
        self._sharing = CORSMiddleware(
            app,
            allow_origin_regex=".*",  # `is_of_somebody` has looked before
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Date"],
        )
        self._addresses = re.compile(rf"{re.escape(api_prefix)}/workspaces/[^/]+/[^/]+/environment(/start)?")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_shared = scope["type"] == "http" and self._is_shared(scope)
        await (self._sharing if is_shared else self._app)(scope, receive, send)

    def _is_shared(self, scope: Scope) -> bool:
        origin = Headers(scope=scope).get("origin", "")
        return self._addresses.fullmatch(scope["path"]) is not None and is_of_somebody(origin, self._subdomain_host)
