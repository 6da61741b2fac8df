"""The disk's half of a workspace's notebooks: writing a text and its outbox entry as one deed, keeping copies.

Lock order, everywhere: a notebook's `traffic` (whoever talks to the workspace about it) before its `local` lock
(whoever writes it on the disk). A save takes the local lock only, so no save ever waits for the network.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from terraspawner_environment.files import sha256_of, stage, sync_all
from terraspawner_environment.lease import Claim
from terraspawner_environment.ledger import Conflict, Kept, Ledger, Origin
from terraspawner_environment.locks import PathLocks
from terraspawner_environment.outbox import SAVED, Entry, Outbox
from terraspawner_environment.paths import WorkspacePaths, copy_name
from terraspawner_environment.saves import SaveState, SaveStates, State, rfc3339


@dataclass(slots=True, kw_only=True)
class Desk:
    """Notebooks on the disk, what they are based on, and what of them still has to go out."""

    folder: Path
    user: str
    paths: WorkspacePaths
    ledger: Ledger
    outbox: Outbox
    states: SaveStates
    now: Callable[[], datetime]
    local: PathLocks = field(default_factory=PathLocks)
    traffic: PathLocks = field(default_factory=PathLocks)
    saves_as: str | None = None
    """Why whatever is saved at present is saved, where that is not for its own sake."""

    def file_of(self, notebook: str) -> Path:
        return self.folder / notebook

    async def sha256_of(self, notebook: str) -> str | None:
        return await asyncio.to_thread(sha256_of, self.file_of(notebook))

    def time(self) -> str:
        return rfc3339(self.now())

    async def store(self, notebook: str, content: bytes, kind: str = "", claim: Claim | None = None) -> list[str]:
        """Write a text to the disk and, where it is news, to the outbox; the caller holds the local lock.

        `kind` is why, as the history calls it, empty for the usual reason; `claim` the lease by which it is saved,
        None where one is to be taken when it is sent. Returns the notebooks that now have something to send. Raises
        OSError where the disk does not take it; then neither the notebook nor the outbox changed.
        """
        kind = kind or self.saves_as or SAVED
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        kept = self.ledger.of(notebook).kept
        if kept is not None:
            return await self._store_kept(notebook, content, sha256, kept)
        is_news = self._is_news(notebook, sha256)
        entry = self.outbox.draft(notebook, sha256, self.time(), kind, claim) if is_news else None
        await asyncio.to_thread(self._commit, notebook, content, entry)
        if entry is None:
            self.show(notebook, "workspace", at=self.ledger.of(notebook).at)
            return []
        self.outbox.accept(entry)
        self._show_on_disk(notebook, entry)
        return [notebook]

    async def enqueue(self, notebook: str, sha256: str, claim: Claim | None = None) -> None:
        """Put the text that lies on the disk into the outbox; the caller holds the local lock."""
        entry = self.outbox.draft(notebook, sha256, self.time(), claim=claim)
        staged = await asyncio.to_thread(self.outbox.stage, entry, self.file_of(notebook))
        await asyncio.to_thread(staged.commit)
        self.outbox.accept(entry)
        self._show_on_disk(notebook, entry)

    async def take_in(self, notebook: str, content: bytes, sha256: str) -> list[str]:
        """Send the text that somebody wrote to the disk past us, as if it had been saved; the caller holds the local
        lock. Returns the notebooks that now have something to send."""
        if self.ledger.of(notebook).kept is not None:
            return await self.store(notebook, content)
        entry = self.outbox.draft(notebook, sha256, self.time())
        staged = await asyncio.to_thread(self.outbox.stage, entry, content)
        await asyncio.to_thread(staged.commit)
        self.outbox.accept(entry)
        self._show_on_disk(notebook, entry)
        return [notebook]

    async def keep_copy(self, notebook: str, content: bytes, reason: str) -> str:
        """Keep a text that lost a race under a name of its own, here and in the workspace; return that notebook.

        The caller holds the notebook's local lock. Until the notebook is opened anew, what is saved to it goes on in
        the copy (`store`); until somebody chose what becomes of both texts, the conflict stands.
        """
        copy = self.free_name(notebook)
        sha256 = hashlib.sha256(content).hexdigest()
        async with self.local.of(copy):
            await self.store(copy, content, kind="conflict")
        base, at = self.ledger.of(notebook).base, self.time()
        conflict = Conflict(copy=copy, base=base.version if base else None, reason=reason, at=at)
        await asyncio.to_thread(self.ledger.contest, notebook, conflict)
        await asyncio.to_thread(self.ledger.keep, notebook, Kept(copy=copy, sha256=sha256, reason=reason, at=at))
        await self.note_copy(copy, notebook, reason)
        self.show_kept(notebook)
        return copy

    def show(self, notebook: str, state: State, *, at: str | None = None, since: str | None = None,
             reason: str | None = None, copy: str | None = None) -> None:  # fmt: skip
        origin = self.ledger.of(notebook).origin
        self.states.show(
            SaveState(
                path=self.paths.lab_path(notebook),
                state=state,
                at=at or self.time(),
                since=since,
                reason=reason,
                copy=self.paths.lab_path(copy) if copy else None,
                unresolved=self.ledger.of(notebook).conflict is not None,
                about=origin.words if origin else None,
            )
        )

    def show_again(self, notebook: str) -> None:
        """With what the ledger knows by now."""
        state = self.states.of(self.paths.lab_path(notebook))
        if state is not None:
            about = self.ledger.of(notebook).origin
            self.states.show(
                replace(
                    state,
                    unresolved=self.ledger.of(notebook).conflict is not None,
                    about=about.words if about else None,
                )
            )

    async def note_copy(self, copy: str, notebook: str, reason: str) -> None:
        """Whoever opens the copy is told what it keeps."""
        await asyncio.to_thread(self.ledger.originate, copy, Origin(of=notebook, reason=reason, at=self.time()))
        self.show_again(copy)

    def show_kept(self, notebook: str) -> None:
        kept = self.ledger.of(notebook).kept
        if kept is not None:
            self.show(notebook, "conflict", at=kept.at, reason=kept.reason, copy=kept.copy)

    async def _store_kept(self, notebook: str, content: bytes, sha256: str, kept: Kept) -> list[str]:
        """The notebook's text lost a race and its tab is still open: the copy grows on, the notebook is not sent."""
        copy = kept.copy
        async with self.local.of(copy):
            news: list[str] = []
            if sha256 != kept.sha256:
                if await self.sha256_of(copy) != kept.sha256:  # somebody works on the copy by now: leave it alone
                    copy = self.free_name(notebook)
                news = await self.store(copy, content, kind="" if copy == kept.copy else "conflict")
            await asyncio.to_thread(self._commit, notebook, content, None)
        if copy != kept.copy:
            await self.note_copy(copy, notebook, kept.reason)
        conflict = self.ledger.of(notebook).conflict
        if conflict is not None and conflict.copy == kept.copy != copy:
            await asyncio.to_thread(self.ledger.contest, notebook, replace(conflict, copy=copy))
        kept = Kept(copy=copy, sha256=sha256, reason=kept.reason, at=kept.at)
        await asyncio.to_thread(self.ledger.keep, notebook, kept)
        self.show_kept(notebook)
        return news

    def _commit(self, notebook: str, content: bytes, entry: Entry | None) -> None:
        """All files are complete and synced before the first takes its place; a kill in between leaves the notebook
        newer than its base, which the next start finds (`Courier.find_unsent`)."""
        target = self.file_of(notebook)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = stage(target, content, is_synced=False)
        try:
            outgoing = self.outbox.stage(entry, text.temporary, is_synced=False) if entry is not None else None
        except BaseException:  # whatever ended it, the text beside the notebook must not stay
            text.discard()
            raise
        try:
            sync_all(text, *(outgoing.files if outgoing is not None else ()))
            text.commit()
        except BaseException:  # nor may the outbox get what the notebook did not
            text.discard()
            if outgoing is not None:
                outgoing.discard()
            raise
        if outgoing is not None:
            outgoing.commit()

    def _is_news(self, notebook: str, sha256: str) -> bool:
        line = self.ledger.of(notebook)
        agreed = line.base is not None and line.base.sha256 == sha256 and not line.sent
        return not agreed or self.outbox.newest(notebook) is not None

    def _show_on_disk(self, notebook: str, entry: Entry) -> None:
        before = self.states.of(self.paths.lab_path(notebook))
        if before is not None and before.state == "waiting":
            self.show(notebook, "waiting", at=before.at, since=entry.since, reason=before.reason)
        else:
            self.show(notebook, "disk", since=entry.since)

    def free_name(self, notebook: str) -> str:
        """Under which a text that lost a race is kept."""
        attempt = 0
        while True:
            name = copy_name(notebook, user=self.user, now=self.now(), attempt=attempt)
            if not self.file_of(name).exists() and self.outbox.newest(name) is None:
                return name
            attempt += 1
