"""Asking an environment's server to save and send everything, before it is ended or frozen.

What answers there may be anything: a notebook's code can listen on that port. So it is asked with the token that it has
anyway, is followed nowhere else, is heard for a bounded time and a bounded length, and what it says is believed of its
own documents alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

MOST_BYTES = 256 * 1024
MOST_NAMED = 1000
LONGEST_NAME = 500
SPARE_SECONDS = 2.0
"""What the answer itself may take beyond the time that was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What could not be done. `unsaved` documents are in a tab of JupyterLab alone, `unsent` notebooks on the disk
    alone, None where that was not said; `silent_tabs` did not answer, nor did the server where `is_silent`."""

    unsaved: tuple[str, ...] = ()
    unsent: tuple[str, ...] | None = None
    silent_tabs: int = 0
    is_silent: bool = False


async def settled(url: str, *, token: str, seconds: float, is_end: bool) -> Left:
    """Ask, and wait for at most so long. `is_end`: it is ended then, and not frozen. Raises nothing."""
    timeout = aiohttp.ClientTimeout(total=seconds + SPARE_SECONDS)
    headers = {"Authorization": f"token {token}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers, trust_env=False) as session,
            session.post(url, json={"seconds": seconds, "is_end": is_end}, allow_redirects=False) as answer,
        ):
            if answer.status == HTTPStatus.NOT_FOUND:
                return Left()  # made from an image that cannot do this yet
            if answer.status != HTTPStatus.OK:
                return Left(is_silent=True)
            return understood(await _read(answer))
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
        return Left(is_silent=True)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """Raises `ValueError` where it is too long."""
    body = bytearray()
    async for piece in answer.content.iter_chunked(16 * 1024):
        body += piece
        if len(body) > MOST_BYTES:
            raise ValueError("the answer is too long")
    return bytes(body)


def understood(body: bytes) -> Left:
    """What an answer says. Raises `ValueError` where it says nothing that could be meant."""
    said = json.loads(body)
    if not isinstance(said, Mapping):
        raise ValueError("the answer is no object")  # noqa: TRY004 - what came from outside is wrong, not our types
    silent = said.get("silent_tabs", 0)
    if not isinstance(silent, int) or not 0 <= silent <= MOST_NAMED:
        raise ValueError("the number of tabs is none")
    return Left(unsaved=_names(said, "unsaved"), unsent=_names(said, "unsent"), silent_tabs=silent)


def _names(said: Mapping[str, Any], what: str) -> tuple[str, ...]:
    names = said.get(what, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{what} is no list of names")
    return tuple("".join(c for c in name[:LONGEST_NAME] if c.isprintable()) for name in names[:MOST_NAMED])
