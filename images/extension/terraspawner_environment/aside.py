"""Keeps as a copy what a tab still wants to save that has lost its notebook to somebody else.

Nobody's work is lost, and the notebook is not touched, neither on the disk nor in the workspace.
"""

import asyncio
import hashlib

from terraspawner_environment.courier import Courier
from terraspawner_environment.desk import Desk


class Aside:
    """One copy per tab and notebook, which grows while nobody else works on it."""

    def __init__(self, desk: Desk, courier: Courier) -> None:
        self._desk = desk
        self._courier = courier
        self._copies: dict[tuple[str, str], tuple[str, str]] = {}
        self._keeping = asyncio.Lock()

    async def keep(self, notebook: str, content: bytes, session: str) -> str | None:
        """Keep the text and return the copy's path; None where it is the notebook's own, so that nothing is lost."""
        sha256 = hashlib.sha256(content).hexdigest()
        line = self._desk.ledger.of(notebook)
        if sha256 == await self._desk.sha256_of(notebook) or (line.base and sha256 == line.base.sha256):
            return None
        async with self._keeping:
            copy, known = self._copies.get((session, notebook), (None, None))
            if copy is None or await self._desk.sha256_of(copy) != known:
                copy = self._desk.free_name(notebook)
            async with self._desk.local.of(copy):
                kind = "" if self._desk.file_of(copy).exists() else "conflict"
                for news in await self._desk.store(copy, content, kind=kind):
                    self._courier.wake(news)
            self._copies[session, notebook] = (copy, sha256)
        return copy
