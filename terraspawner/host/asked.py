"""What the routes on unix sockets have in common: who calls is known from the kernel (``SO_PEERCRED``), ids have one
shape, refusals one form. There is no other secret to lose."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from terraspawner.errors import NameRefused, NotAllowed, TerraError

ALLOWED_UIDS = frozenset({0, 2001, 2002})
"""root, hub and workspaces."""
IDENTIFIER = re.compile(r"[0-9a-f]{16}")
SOCKET_MODE = 0o660


def bound_socket(path: Path) -> socket.socket:
    """The service's socket, reachable for its owner and its group from the first moment."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o777 & ~SOCKET_MODE)
    listening.bind(str(path))
    os.umask(before)
    return listening


def check_caller(request: web.Request, allowed: frozenset[int], service: str) -> None:
    """Raises `NotAllowed` for a caller who is none of these."""
    uid = peer_uid(request)
    if uid not in allowed:
        raise NotAllowed(f"User id {uid} may not speak to {service}; hub and workspaces may.")


def peer_uid(request: web.Request) -> int | None:
    """The caller's user id as the kernel knows it, or None when this is no unix socket."""
    connection: Any = request.transport and request.transport.get_extra_info("socket")
    if connection is None or connection.family != socket.AF_UNIX:
        return None
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", packed)[1])


def id_of(request: web.Request) -> str:
    """The id in the path. Raises `NameRefused`."""
    text = request.match_info["id"]
    if not IDENTIFIER.fullmatch(text):
        raise NameRefused("An id is 16 hexadecimal digits; nothing was done.")
    return text


async def json_of(request: web.Request) -> Any:
    """The body. Raises `NameRefused`."""
    try:
        return await request.json()
    except (ValueError, RecursionError) as error:  # nested too deeply
        raise NameRefused("The body is no JSON; nothing was done.") from error


def refusal(error: TerraError, status: Mapping[type[TerraError], int]) -> web.Response:
    """The one form of an error; what `status` does not know is a 500."""
    body = {"error": {"code": error.code, "message": error.message, "details": dict(error.details)}}
    return web.json_response(body, status=status.get(type(error), 500))
