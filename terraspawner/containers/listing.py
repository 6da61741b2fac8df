"""One ``docker ps`` a few seconds old that serves the polls of all environments (TRAPS.md 10)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import docker
import requests

Ask = Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]

FRESH_SECONDS = 4.0
RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class Listing:
    """Containers by name, as the Engine lists them. An Engine that does not answer is waited for."""

    def __init__(self) -> None:
        self._containers: dict[str, Mapping[str, Any]] = {}
        self._asked_at = float("-inf")
        self._changes = 0
        self._asking: asyncio.Lock | None = None

    async def container(self, name: str, ask: Ask) -> Mapping[str, Any] | None:
        """The container of this name, or None; `ask` lists all of the deployment when the last answer is old."""
        if self._asking is None:  # made here, as a lock belongs to the loop that runs
            self._asking = asyncio.Lock()
        async with self._asking:
            while time.monotonic() - self._asked_at > FRESH_SECONDS:
                await self._refresh(ask)
        return self._containers.get(name)

    def forget(self) -> None:
        """Something was started or stopped: the next question asks the Engine, whatever is being asked now."""
        self._asked_at = float("-inf")
        self._changes += 1

    async def _refresh(self, ask: Ask) -> None:
        asked_at, changes = time.monotonic(), self._changes
        try:
            found = await ask()
        except (docker.errors.DockerException, requests.RequestException) as error:
            log.warning("The Docker Engine does not answer, waiting for it: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
            return
        self._containers = {name.lstrip("/"): item for item in found for name in item["Names"]}
        if changes == self._changes:
            self._asked_at = asked_at
