"""Waiting for a server to answer, and why a container ended, as a sentence (TRAPS.md 9)."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import aiohttp

from terraspawner.errors_starts import StartFailed

POLL_SECONDS = 0.03
LOOK_SECONDS = 0.3
KILLED = 128 + signal.SIGKILL
ASKED_TO_END = (0, 128 + signal.SIGTERM, 255)
"""Ended when asked to; 255 is what the Engine writes down when it did not see the end of a container."""


async def answers(url: str, *, within: float, look: Callable[[], Awaitable[None]]) -> None:
    """Return as soon as `url` answers 200.

    `look` is called now and then and raises when waiting has no more sense. Raises `StartFailed` after `within`
    seconds.
    """
    deadline, looked = time.monotonic() + within, time.monotonic()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        while not await _is_up(session, url):
            await asyncio.sleep(POLL_SECONDS)
            now = time.monotonic()
            if now > deadline:
                raise StartFailed(
                    f"JupyterLab did not answer within {within:.0f} seconds, so the environment was stopped."
                    " Try again; if it goes on, delete the environment, keep its disk, and start a new one."
                )
            if now - looked > LOOK_SECONDS:
                looked = now
                await look()


async def _is_up(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except (TimeoutError, aiohttp.ClientError, OSError):
        return False


def end_of(state: Mapping[str, Any], memory_limit: int) -> str:
    """Why a container ended. `state` as ``docker inspect`` gives it, the limit in bytes."""
    # the Engine's mark stays when a kernel alone was ended and the container ran on; the status is its first process's
    if state.get("OOMKilled") and state.get("ExitCode") == KILLED:
        return (
            f"The environment ran out of memory (its limit is {memory_limit / 1024**3:.1f} GB) and was ended."
            " Files are untouched; variables of running kernels are lost."
        )
    if state.get("ExitCode") in ASKED_TO_END:
        return (
            "The environment was ended from outside, as by a restart of the Docker Engine or of this machine,"
            " or from within, as by Shut Down in JupyterLab."
            " Files are untouched; variables of running kernels are lost."
        )
    said = f": {state['Error']}" if state.get("Error") else ""
    return f"The environment's container ended by itself (exit code {state.get('ExitCode')}{said})."


def since(started_at: str) -> float:
    """The Engine's time of a start as seconds since the epoch, for ``docker logs``.

    To the microsecond: a pause and a start may fall into one second.
    """
    seconds, _, fraction = started_at.rstrip("Z").partition(".")
    return max(datetime.fromisoformat(f"{seconds}+00:00").timestamp() + float(f"0.{fraction or 0}"), 0.0)
