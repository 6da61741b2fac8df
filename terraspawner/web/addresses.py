"""Addresses in the browser: ours, and those of users' servers, with and without TERRA_SUBDOMAIN_HOST."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request
from jupyterhub.utils import subdomain_hook_idna as subdomain_of

from terraspawner.domain.workspace import Workspace
from terraspawner.settings import Settings


def server_origin(settings: Settings, user: str) -> str:
    """Scheme and host of the person's servers in the browser; empty where they share ours.

    It is the Hub's own rule: the proxy's routes and the servers' sign-in are made by it.
    """
    scheme, _, host = settings.subdomain_host.partition("://")
    name, colon, port = host.partition(":")
    return f"{scheme}://{subdomain_of(user, name, 'user')}{colon}{port}" if host else ""


def server_url(settings: Settings, user: str, workspace: Workspace) -> str:
    """Address of the environment's Jupyter server in the browser."""
    return f"{server_origin(settings, user)}/user/{quote(user, safe='@~')}/{workspace.slug}/"


def lab_url(settings: Settings, user: str, workspace: Workspace, path: str = "") -> str:
    """Address of Lab, on a notebook where one is named (E8: its place under ``edit/``)."""
    base = f"{server_url(settings, user, workspace)}lab"
    return f"{base}/tree/{quote(workspace.name)}/edit/{quote(path)}" if path else base


def playground_url(settings: Settings, user: str, workspace: Workspace, path: str) -> str:
    """Address of Lab, which then brings a copy of the notebook into the playground (E8), or asks which one is meant."""
    return f"{lab_url(settings, user, workspace)}?playground={quote(path)}"


def terminal_url(settings: Settings, user: str, workspace: Workspace) -> str:
    """Address of Lab with a terminal."""
    return f"{lab_url(settings, user, workspace)}?terminal"


def is_https(request: Request) -> bool:
    """Whether the browser speaks TLS with the proxy in front of us."""
    told = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    return (told or request.url.scheme) == "https"


def own_origin(request: Request) -> str:
    """Scheme and host of this service as the browser has them."""
    return f"{'https' if is_https(request) else 'http'}://{request.headers.get('host', '')}"
