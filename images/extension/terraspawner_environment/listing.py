"""The workspace's list of notebooks, remembered for a moment: Lab's file browser asks for it again and again."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import PurePosixPath

from terraspawner_environment.service import Listed, WorkspaceService
from terraspawner_environment.trouble import ServiceTrouble

log = logging.getLogger(__name__)

FRESH_SECONDS = 2.0


class Listing:
    """What the workspace has, as far as it can be reached; an unreachable one has what it had last."""

    def __init__(self, service: WorkspaceService, clock: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._clock = clock
        self._items: dict[str, Listed] = {}
        self._asked_at = float("-inf")
        self._changes = 0
        self._asking = asyncio.Lock()

    def stale(self) -> None:
        """Something was changed: the next question goes to the workspace, and an answer that is on its way may be from
        before."""
        self._asked_at = float("-inf")
        self._changes += 1

    async def items(self) -> dict[str, Listed]:
        async with self._asking:
            if self._clock() - self._asked_at >= FRESH_SECONDS:
                before = self._changes
                try:
                    self._items = {item.path: item for item in await self._service.list()}
                except ServiceTrouble as trouble:
                    log.debug("the list of notebooks: %s", trouble.sentence)
                if self._changes == before:
                    self._asked_at = self._clock()
            return self._items

    async def has(self, notebook: str) -> bool:
        return notebook in await self.items()

    async def has_folder(self, folder: str) -> bool:
        return any(folder in map(str, PurePosixPath(path).parents) for path in await self.items())

    async def notebooks_in(self, folder: str) -> list[Listed]:
        """Return the notebooks right in one folder (`""`: the topmost)."""
        return [item for path, item in (await self.items()).items() if _parent(path) == folder]

    async def folders_in(self, folder: str) -> set[str]:
        """Return the names of the folders right in one folder."""
        names = set()
        for path in await self.items():
            parts = PurePosixPath(path).parts
            depth = len(PurePosixPath(folder).parts) if folder else 0
            if len(parts) > depth + 1 and "/".join(parts[:depth]) == folder:
                names.add(parts[depth])
        return names


def _parent(path: str) -> str:
    parent = str(PurePosixPath(path).parent)
    return "" if parent == "." else parent
