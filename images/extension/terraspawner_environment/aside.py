"""Keeps as a copy what a tab still wants to save that has lost its notebook to somebody else.

Nobody's work is lost, and the notebook is not touched, neither on the disk nor in the workspace.
"""

import asyncio
import hashlib

from terraspawner_environment.courier import Courier
from terraspawner_environment.desk import Desk
from terraspawner_environment.ledger import Conflict

OVERTAKEN = "The notebook went to somebody else before this text was saved."
OUTPUTS_OVERTAKEN = "The notebook went to somebody else before what its cells had put out was written."


class Aside:
    """One copy per tab and notebook, which grows while nobody else works on it."""

    def __init__(self, desk: Desk, courier: Courier) -> None:
        self._desk = desk
        self._courier = courier
        self._copies: dict[tuple[str, str], tuple[str, str]] = {}
        self._keeping = asyncio.Lock()

    async def keep(self, notebook: str, content: bytes, session: str, reason: str = OVERTAKEN) -> str | None:
        """Keep the text and return the copy's path; None where it is the notebook's own, so that nothing is lost.

        As with every copy, both texts wait for a choice then, and whoever opens the copy is told what it keeps.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        line = self._desk.ledger.of(notebook)
        if sha256 == await self._desk.sha256_of(notebook) or (line.base and sha256 == line.base.sha256):
            return None
        async with self._keeping:
            copy, known = self._copies.get((session, notebook), (None, None))
            is_new = copy is None or await self._desk.sha256_of(copy) != known
            if copy is None or is_new:
                copy = self._desk.free_name(notebook)
            async with self._desk.local.of(copy):
                kind = "" if self._desk.file_of(copy).exists() else "conflict"
                for news in await self._desk.store(copy, content, kind=kind):
                    self._courier.wake(news)
            self._copies[session, notebook] = (copy, sha256)
            if is_new:
                await self._contest(notebook, copy, reason)
        return copy

    async def _contest(self, notebook: str, copy: str, reason: str) -> None:
        """What both texts came from is not known any more: the notebook may have been opened anew since. One that waits
        for a choice already goes on to do so; this copy is told of by itself."""
        desk = self._desk
        if desk.ledger.of(notebook).conflict is None:
            conflict = Conflict(copy=copy, base=None, reason=reason, at=desk.time())
            await asyncio.to_thread(desk.ledger.contest, notebook, conflict)
            desk.show_again(notebook)
        await desk.note_copy(copy, notebook, reason)
