"""What the handlers are handed. One object per process, put together by `app.create_app`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from fastapi import Request
from jupyterhub.utils import subdomain_hook_idna as subdomain_of

from terraspawner.domain.workspace import Workspace
from terraspawner.settings import Settings
from terraspawner.web.auth import Auth
from terraspawner.web.deeds import Deeds
from terraspawner.web.launches import Hub, Launches
from terraspawner.web.pace import Pace
from terraspawner.web.rendering import Pages
from terraspawner.web.room import Room, Streams
from terraspawner.web.worker import Host, Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that outlives a request. `closing` is set when the process ends, so that streams end too."""

    settings: Settings
    deeds: Deeds
    auth: Auth
    hub: Hub
    host: Host
    launches: Launches
    worker: Worker
    pages: Pages
    pace: Pace
    vendor: Path
    room: Room
    streams: Streams
    closing: asyncio.Event


def parts_of(request: Request) -> Parts:
    """The parts of the app that serves this request."""
    parts: Parts = request.app.state.parts
    return parts


def server_origin(settings: Settings, user: str) -> str:
    """Scheme and host of the person's servers in the browser; empty where they share ours.

    It is the Hub's own rule: the proxy's routes and the servers' sign-in are made by it.
    """
    scheme, _, host = settings.subdomain_host.partition("://")
    name, colon, port = host.partition(":")
    return f"{scheme}://{subdomain_of(user, name, 'user')}{colon}{port}" if host else ""


def server_url(user: str, workspace: Workspace) -> str:
    """Address of the environment's Jupyter server in the browser."""
    return f"/user/{quote(user, safe='@~')}/{workspace.slug}/"


def lab_url(user: str, workspace: Workspace, path: str = "") -> str:
    """Address of Lab, on a notebook where one is named (E8: its place under ``edit/``)."""
    base = f"{server_url(user, workspace)}lab"
    return f"{base}/tree/{quote(workspace.name)}/edit/{quote(path)}" if path else base
