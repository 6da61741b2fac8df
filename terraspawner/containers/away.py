"""An Engine that is being restarted: nobody listens at its socket for some seconds, and what runs goes on meanwhile.

A stop that comes then waits for it. Given up at once, a freeze would become a pause, which would lose the variables
that `live-restore` keeps, and the Hub would take for stopped what runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import docker
import requests

LONGEST_SECONDS = 60.0
LOOK_SECONDS = 1.0

T = TypeVar("T")


async def through_restart(
    act: Callable[[], Awaitable[T]],
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> T:
    """What `act` returns, or raises; done again while the Engine is away, so it must bear being done twice."""
    deadline = clock() + LONGEST_SECONDS
    while True:
        try:
            return await act()
        except (requests.ConnectionError, docker.errors.DockerException) as error:
            if isinstance(error, docker.errors.APIError) or clock() >= deadline:
                raise
        await pause(LOOK_SECONDS)
