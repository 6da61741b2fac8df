"""What becomes of two texts after the workspace moved on: seen side by side, then one of them taken, or both merged.

Nothing is at stake here any more: ours lies in a notebook of its own (`Desk.keep_copy`), theirs in the workspace with
its history. So every choice may fail half-way and be made again, tomorrow too.
"""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from terraspawner_environment.compare import Base, Step
from terraspawner_environment.courier import Courier
from terraspawner_environment.desk import Desk
from terraspawner_environment.files import sha256_of
from terraspawner_environment.ledger import Conflict
from terraspawner_environment.opening import CannotOpen, Opener
from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.trouble import NotReached, RefusedByService
from terraspawner_environment.versions import Merged, Version, Versions

SECONDS_TO_SEND = 5.0

View = Literal["both", "theirs", "mine"]
VIEWS: tuple[View, ...] = ("both", "theirs", "mine")


class CannotChoose(Exception):
    """Nothing was changed; the text is a sentence for the user. `is_later` where it may go better in a while."""

    def __init__(self, sentence: str, *, is_later: bool = False) -> None:
        super().__init__(sentence)
        self.is_later = is_later


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A conflict as it is now. `theirs` is None where the workspace does not have the notebook any more, and where it
    cannot be reached: then `trouble` says so. `no_merge` says why both cannot be merged, empty where they can."""

    conflict: Conflict
    theirs: Version | None
    trouble: str = ""
    no_merge: str = ""


class Choices:
    """One environment's conflicts."""

    def __init__(self, desk: Desk, service: WorkspaceService, courier: Courier, opener: Opener) -> None:
        self._desk = desk
        self._service = service
        self._versions = Versions(service)
        self._courier = courier
        self._opener = opener

    async def look(self, notebook: str) -> Sight:
        """Say who saved the other text and when; raises CannotChoose where there is no conflict."""
        conflict = self._conflict(notebook)
        try:
            theirs = await self._versions.present(notebook)
        except NotReached as trouble:
            return Sight(conflict=conflict, theirs=None, trouble=_later(trouble.sentence))
        except RefusedByService as trouble:
            return Sight(conflict=conflict, theirs=None, trouble=trouble.sentence)
        no_merge = ""
        if theirs is None:
            no_merge = "The notebook was deleted or renamed in the workspace: there is nothing to merge with."
        elif conflict.base is None:
            no_merge = "Both texts came from nowhere in common, so they cannot be merged cell by cell."
        return Sight(conflict=conflict, theirs=theirs, no_merge=no_merge)

    async def show(self, notebook: str, view: View, *, theme: str = "") -> bytes:
        """Return a document: `theirs` beside what both came from, `mine` beside that, or `both` beside each other."""
        conflict = self._conflict(notebook)
        try:
            if view == "theirs":
                return await self._versions.compare(notebook, _based(conflict), "", theme=theme)
            old = _based(conflict) if view == "mine" else ""
            return await self._versions.compare(notebook, old, await self._mine(conflict), theme=theme)
        except NotReached as trouble:
            raise CannotChoose(_later(trouble.sentence), is_later=True) from trouble
        except RefusedByService as trouble:
            raise CannotChoose(trouble.sentence) from trouble

    async def take_theirs(self, notebook: str) -> None:
        """Show the workspace's text from now on; ours goes on living in its copy."""
        conflict = self._conflict(notebook)
        try:
            if await self._opener.open(notebook) is Step.OPEN_LOCAL:
                raise CannotChoose(_later("the workspace cannot be reached"), is_later=True)
        except CannotOpen as trouble:
            if not trouble.is_missing:  # else it went from here as well, as it did there
                raise CannotChoose(_later(str(trouble)), is_later=True) from trouble
        await self._settle(notebook, conflict, "theirs")

    async def merge(self, notebook: str) -> Merged:
        """Put both together on top of theirs, and save that under the ordinary rules; raises OSError too."""
        conflict = self._conflict(notebook)
        kept = self._desk.ledger.of(notebook).kept
        if kept is None and not await self._courier.flush(notebook, seconds=SECONDS_TO_SEND):
            raise CannotChoose(f"The last changes of “{notebook}” are not in the workspace yet.", is_later=True)
        try:
            theirs = await self._service.read(notebook)
            if theirs is None or theirs.content is None:
                raise CannotChoose(f"“{notebook}” is not in the workspace any more: there is nothing to merge with.")
            mine, base = await self._mine(conflict), _based(conflict)
            merged = await self._versions.merge(notebook, mine, base=base, theirs=theirs.version)
        except NotReached as trouble:
            raise CannotChoose(_later(trouble.sentence), is_later=True) from trouble
        except RefusedByService as trouble:
            raise CannotChoose(trouble.sentence) from trouble
        present = Base(version=theirs.version, sha256=hashlib.sha256(theirs.content).hexdigest())
        await self._put(notebook, conflict, present, merged)
        return merged

    async def _put(self, notebook: str, conflict: Conflict, theirs: Base, merged: Merged) -> None:
        desk = self._desk
        async with desk.traffic.of(notebook), desk.local.of(notebook):
            line = desk.ledger.of(notebook)
            known = {line.kept.sha256} if line.kept else {theirs.sha256, line.base.sha256 if line.base else None, None}
            is_same = line.conflict == conflict and desk.outbox.newest(notebook) is None
            if not is_same or await desk.sha256_of(notebook) not in known:
                raise CannotChoose(f"“{notebook}” was changed in this moment. Choose once more.", is_later=True)
            await asyncio.to_thread(desk.ledger.settle, notebook, theirs, desk.time())
            await asyncio.to_thread(desk.ledger.keep, notebook, None)
            news = await desk.store(notebook, merged.notebook, kind="merged")
            await self._settle(notebook, conflict, "merged")
        for name in news:
            self._courier.wake(name)

    async def _settle(self, notebook: str, conflict: Conflict, outcome: str) -> None:
        desk = self._desk
        origin = desk.ledger.of(conflict.copy).origin
        if origin is not None:  # the copy stays: whoever meets it is told that it is no longer needed
            await asyncio.to_thread(desk.ledger.originate, conflict.copy, replace(origin, outcome=outcome))
            desk.show_again(conflict.copy)
        if desk.ledger.of(notebook).conflict != conflict:
            return  # the next one is there already
        await asyncio.to_thread(desk.ledger.contest, notebook, None)
        path = desk.paths.lab_path(notebook)
        state = desk.states.of(path)
        if state is not None:
            is_there = state.state == "conflict"
            desk.show(notebook, "workspace" if is_there else state.state, at=state.at, since=state.since,
                      reason=None if is_there else state.reason)  # fmt: skip

    async def _mine(self, conflict: Conflict) -> bytes:
        """Our text: the copy as it is now, here or in the workspace; raises CannotChoose where it is gone."""
        file = self._desk.file_of(conflict.copy)
        if await asyncio.to_thread(sha256_of, file) is not None:
            return await asyncio.to_thread(file.read_bytes)
        fetched = await self._service.read(conflict.copy)
        if fetched is None or fetched.content is None:
            raise CannotChoose(f"The copy “{conflict.copy}” is not there any more, so there is nothing to compare.")
        return fetched.content

    def _conflict(self, notebook: str) -> Conflict:
        conflict = self._desk.ledger.of(notebook).conflict
        if conflict is None:
            raise CannotChoose(f"“{notebook}” has no conflict: there is nothing to choose.")
        return conflict


def _based(conflict: Conflict) -> str:
    if conflict.base is None:
        raise CannotChoose("Both texts came from nowhere in common, so that cannot be shown.")
    return conflict.base


def _later(sentence: str) -> str:
    said = f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}."
    return f"{said} Both texts are kept; choose when it is there again."
