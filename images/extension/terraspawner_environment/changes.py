"""Creating, renaming and deleting workspace notebooks: the workspace first, then the disk.

Refusals are `NotDone` with a sentence and the kind of refusal; `contents.py` turns the kind into an HTTP status.
"""

import asyncio
import hashlib
import logging
from enum import Enum, auto
from pathlib import Path

from terraspawner_environment.aside import OUTPUTS_OVERTAKEN, Aside
from terraspawner_environment.compare import Base
from terraspawner_environment.courier import Courier
from terraspawner_environment.desk import Desk
from terraspawner_environment.files import stage
from terraspawner_environment.leases import Leases, NotYours
from terraspawner_environment.listing import Listing
from terraspawner_environment.service import Guard, WorkspaceService
from terraspawner_environment.trouble import MovedOn, NotReached, RefusedByService, ServiceTrouble

log = logging.getLogger(__name__)

SECONDS_TO_SEND_BEFORE_RENAME = 5.0


class Why(Enum):
    EXISTS = auto()
    NOT_REACHED = auto()
    REFUSED = auto()
    MISSING = auto()


class NotDone(Exception):
    """Nothing was changed; the text says why and what to do."""

    def __init__(self, why: Why, sentence: str, *, status: int = 0) -> None:
        super().__init__(sentence)
        self.why = why
        self.status = status


class Changes:
    """What changes which notebooks there are."""

    def __init__(
        self, desk: Desk, service: WorkspaceService, courier: Courier, listing: Listing, leases: Leases
    ) -> None:
        self._desk = desk
        self._service = service
        self._courier = courier
        self._listing = listing
        self._leases = leases
        self._aside = Aside(desk, courier)

    async def create(self, notebook: str, content: bytes) -> None:
        """Create a notebook in the workspace and on the disk; raises NotDone, OSError.

        Where the workspace cannot be reached it is created on the disk and waits in the outbox.
        """
        async with self._desk.traffic.of(notebook), self._desk.local.of(notebook):
            target = self._desk.file_of(notebook)
            await asyncio.to_thread(lambda: target.parent.mkdir(parents=True, exist_ok=True))
            staged = await asyncio.to_thread(stage, target, content)
            sha256 = hashlib.sha256(content).hexdigest()
            try:
                version = await self._create_there(notebook, staged.temporary, sha256)
                if version is not None:
                    await asyncio.to_thread(staged.commit)
            except BaseException:  # cancelled or failed: no text that never took its place stays on the disk
                staged.discard()
                raise
            if version is not None:
                at = self._desk.time()
                await asyncio.to_thread(self._desk.ledger.settle, notebook, Base(version=version, sha256=sha256), at)
                self._desk.show(notebook, "workspace", at=at)
            else:
                staged.discard()
                await self._desk.store(notebook, content)
        self._listing.stale()
        self._courier.wake(notebook)

    async def store(self, notebook: str, content: bytes, session: str | None) -> None:
        """Save a notebook that is there: to disk and outbox, by the lease of `session`; raises NotDone, OSError.

        Where somebody else has it nothing is changed. What a session that had it still had to save is kept as a copy.
        """
        try:
            async with self._leases.saving(notebook, session) as claim, self._desk.local.of(notebook):
                news = await self._desk.store(notebook, content, claim=claim)
        except NotYours as trouble:
            copy = await self._aside.keep(notebook, content, session) if trouble.was_held and session else None
            kept = f" Your text is kept as “{copy}”." if copy else ""
            raise NotDone(Why.REFUSED, f"{trouble}{kept}", status=423) from trouble
        for name in news:
            self._courier.wake(name)

    async def set_aside(self, notebook: str, content: bytes) -> None:
        """Keep as a copy what this server has of a notebook that is somebody else's by now."""
        copy = await self._aside.keep(notebook, content, self._leases.posts.server, OUTPUTS_OVERTAKEN)
        if copy is not None:
            log.warning("%s is edited elsewhere: what its cells put out here is kept as %s", notebook, copy)

    async def rename(self, notebook: str, to: str) -> None:
        """Rename in the workspace, then on the disk; raises NotDone."""
        if self._desk.file_of(to).exists():
            raise NotDone(Why.EXISTS, f"“{to}” exists already. Choose another name.")
        if not await self._courier.flush(notebook, seconds=SECONDS_TO_SEND_BEFORE_RENAME):
            raise _not_sent(notebook)
        async with self._desk.traffic.of(notebook), self._desk.local.of(notebook):
            if self._desk.outbox.newest(notebook) is not None:  # sent under this name it would be another notebook
                raise _not_sent(notebook)
            base = self._desk.ledger.of(notebook).base
            if base is None:
                raise NotDone(
                    Why.MISSING, f"“{notebook}” is not in the workspace. Open and save it once, then rename it."
                )
            async with self._leases.still(notebook) as claim:
                guard = Guard(expected=base.version, claim=claim)
                version, fence = await self._rename_there(notebook, to, guard)
                self._leases.move(notebook, to, fence)
            await asyncio.to_thread(self._move, notebook, to)
            await asyncio.to_thread(self._desk.ledger.move, notebook, to)
            base = Base(version=version, sha256=base.sha256)
            await asyncio.to_thread(self._desk.ledger.settle, to, base, self._desk.time())
        self._desk.states.forget(self._desk.paths.lab_path(notebook))
        self._desk.show(to, "workspace")
        self._listing.stale()

    async def may_delete(self, notebook: str) -> bool:
        """Only a notebook the workspace never took may go from here; raises NotDone where that cannot be told."""
        if self._desk.ledger.of(notebook).base is not None:
            return False
        try:
            listed = await self._service.list()
        except ServiceTrouble as trouble:
            raise NotDone(Why.NOT_REACHED, f"“{notebook}” was not deleted: {trouble.sentence}.") from trouble
        return all(item.path != notebook for item in listed)

    async def forget(self, notebook: str) -> None:
        """The notebook went from the disk; so does what waits of it."""
        entry = self._desk.outbox.newest(notebook)
        if entry is not None:
            self._desk.outbox.remove(entry)
        await asyncio.to_thread(self._desk.ledger.forget, notebook)
        self._desk.states.forget(self._desk.paths.lab_path(notebook))

    async def _create_there(self, notebook: str, text: Path, sha256: str) -> str | None:
        """Return the new version, None where the workspace cannot be reached."""
        await asyncio.to_thread(self._desk.ledger.sending, notebook, sha256)
        try:
            return await self._service.write(notebook, text, Guard(expected=None))
        except NotReached:
            return None
        except MovedOn as trouble:
            await asyncio.to_thread(self._desk.ledger.forget, notebook)
            sentence = f"“{notebook}” exists already in the workspace. Choose another name."
            raise NotDone(Why.EXISTS, sentence) from trouble
        except RefusedByService as trouble:
            await asyncio.to_thread(self._desk.ledger.forget, notebook)
            raise NotDone(Why.REFUSED, trouble.sentence, status=trouble.status) from trouble

    async def _rename_there(self, notebook: str, to: str, guard: Guard) -> tuple[str, int | None]:
        try:
            return await self._service.rename(notebook, to, guard)
        except NotReached as trouble:
            sentence = f"“{notebook}” was not renamed: {trouble.sentence}. Try again when it is there."
            raise NotDone(Why.NOT_REACHED, sentence) from trouble
        except MovedOn as trouble:
            sentence = f"“{notebook}” was not renamed: {trouble.sentence}"
            raise NotDone(Why.EXISTS, sentence) from trouble
        except RefusedByService as trouble:
            raise NotDone(Why.REFUSED, trouble.sentence, status=trouble.status) from trouble

    def _move(self, notebook: str, to: str) -> None:
        target = self._desk.file_of(to)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._desk.file_of(notebook).replace(target)


def _not_sent(notebook: str) -> NotDone:
    return NotDone(
        Why.NOT_REACHED,
        f"“{notebook}” was not renamed: its last save is not in the workspace yet. Rename it once the badge says “Saved"
        " to workspace”.",
    )
