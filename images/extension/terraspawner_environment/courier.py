"""Carries the outbox to the workspace: at once, one save per notebook at a time, again and again until it is there.

What can happen to one attempt: the workspace has it; it cannot be reached (wait, longer each time, and try again);
it holds another version (our own earlier save whose answer was lost: go on from there; somebody else's: keep ours
as a copy); it says no (kept on the disk, shown, not sent again before the next save or start).
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto

from terraspawner_environment.compare import Base
from terraspawner_environment.desk import Desk
from terraspawner_environment.lease import sight_of
from terraspawner_environment.leases import Leases, NotYours
from terraspawner_environment.outbox import Entry
from terraspawner_environment.posts import NotThere
from terraspawner_environment.service import Guard, WorkspaceService
from terraspawner_environment.trouble import LeaseRefused, MovedOn, NotReached, RefusedByService

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
FOR_READERS = (
    "you may only read it. Save a copy of your own: menu File, Save Notebook As. An owner can make you a writer."
)
GOES_ON = "What you go on typing here is kept in that copy too; open this notebook again to see what the workspace has."


class Outcome(Enum):
    DONE = auto()
    AGAIN = auto()
    LATER = auto()


class Courier:
    """One task per notebook that has something to send."""

    def __init__(
        self,
        desk: Desk,
        service: WorkspaceService,
        leases: Leases,
        *,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._desk = desk
        self._service = service
        self._leases = leases
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._jitter = jitter
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._wakers: dict[str, asyncio.Event] = {}
        self._closed = False

    async def start(self) -> None:
        """Send what an earlier server left behind, entries and notebooks newer than their base."""
        for notebook, line in self._desk.ledger:
            if line.kept is not None:
                self._desk.show_kept(notebook)
            elif line.base is not None and self._desk.file_of(notebook).exists():
                self._desk.show(notebook, "workspace", at=line.at)
        for entry in self._desk.outbox.pending():
            self._desk.show(entry.notebook, "disk", at=entry.since, since=entry.since)
            self.wake(entry.notebook)
        await self.find_unsent()

    async def find_unsent(self) -> None:
        """Find notebooks a kill left newer on the disk than the outbox knows, and send them."""
        for notebook, line in self._desk.ledger:
            async with self._desk.local.of(notebook):
                sha256 = await self._desk.sha256_of(notebook)
                entry = self._desk.outbox.newest(notebook)
                known = entry.sha256 if entry else line.base.sha256 if line.base else None
                if sha256 is None or sha256 == known:
                    continue
                if line.kept is not None:
                    if sha256 == line.kept.sha256:
                        continue
                    content = await asyncio.to_thread(self._desk.file_of(notebook).read_bytes)
                    for news in await self._desk.store(notebook, content):
                        self.wake(news)
                    continue
                await self._desk.enqueue(notebook, sha256)
            self.wake(notebook)

    def wake(self, notebook: str) -> None:
        """There is something to send: start, or cut the present pause short."""
        if self._closed or self._desk.outbox.newest(notebook) is None:
            return
        self._wakers.setdefault(notebook, asyncio.Event()).set()
        if notebook not in self._rounds:
            self._rounds[notebook] = asyncio.create_task(self._rounds_of(notebook), name=f"courier {notebook}")

    async def flush(self, notebook: str | None = None, *, seconds: float) -> bool:
        """Wait until all (or one notebook's) is sent, at most so long; return whether nothing is pending."""
        for entry in self._desk.outbox.pending():
            if entry.refused is None:
                self.wake(entry.notebook)
        tasks = [task for name, task in self._rounds.items() if notebook in (None, name)]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        if notebook is not None:
            return self._desk.outbox.newest(notebook) is None
        return not self._desk.outbox.pending()

    async def close(self, *, seconds: float) -> None:
        """Flush for at most so long, then stop. What is left stays in the outbox."""
        await self.flush(seconds=seconds)
        self._closed = True
        for task in list(self._rounds.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _rounds_of(self, notebook: str) -> None:
        pause = self._first_pause
        waker = self._wakers.setdefault(notebook, asyncio.Event())
        try:
            while not self._closed:
                waker.clear()
                match await self._try(notebook):
                    case Outcome.DONE:
                        entry = self._desk.outbox.newest(notebook)
                        if entry is None or entry.refused is not None:
                            return
                        pause = self._first_pause
                    case Outcome.AGAIN:
                        await asyncio.sleep(self._first_pause / 4)
                    case Outcome.LATER:
                        with suppress(TimeoutError):
                            async with asyncio.timeout(pause * (0.75 + self._jitter() / 2)):
                                await waker.wait()
                        pause = min(pause * 2, self._longest_pause)
        finally:
            del self._rounds[notebook]

    async def _try(self, notebook: str) -> Outcome:
        try:
            async with self._desk.traffic.of(notebook):
                return await self._send(notebook)
        except OSError as error:  # the disk: full while a copy is kept, or a file gone
            log.exception("%s could not be sent", notebook)
            self._show_waiting(notebook, f"the disk of this environment: {error.strerror}")
            return Outcome.LATER
        except Exception:  # one notebook's odd case must not end the rounds of its work
            log.exception("%s could not be sent", notebook)
            self._show_waiting(notebook, "an error in this environment, see its log")
            return Outcome.LATER

    async def _send(self, notebook: str) -> Outcome:  # noqa: PLR0911 - one return per answer
        entry = self._desk.outbox.newest(notebook)
        if entry is None or entry.refused is not None:
            return Outcome.DONE
        line = self._desk.ledger.of(notebook)
        if line.base is not None and line.base.sha256 == entry.sha256 and not line.sent:
            await self._arrived(entry, line.base)
            return Outcome.DONE
        await asyncio.to_thread(self._desk.ledger.sending, notebook, entry.sha256)
        try:
            version = await self._write(entry, line.base)
        except FileNotFoundError:
            return self._lost_text(entry)
        except NotReached as trouble:
            self._show_waiting(notebook, trouble.sentence)
            return Outcome.LATER
        except (MovedOn, NotThere) as trouble:
            return await self._moved_on(entry, str(trouble))
        except NotYours as trouble:
            if trouble.is_own:  # it ends by itself, and nobody else's work is in the way
                self._show_waiting(notebook, str(trouble))
                return Outcome.LATER
            return await self._keep(notebook, f"{trouble} {GOES_ON}")
        except RefusedByService as trouble:
            self._refused(entry, FOR_READERS if trouble.code == "not-allowed" else trouble.sentence)
            return Outcome.DONE
        await self._arrived(entry, Base(version=version, sha256=entry.sha256))
        return Outcome.DONE

    async def _write(self, entry: Entry, base: Base | None) -> str:
        """Send it by the lease it was saved by, or by one that nobody else has: its base says what it may replace.

        What creates a notebook needs none. The save's name stays the same, so that it is stored once.
        """
        notebook, text = entry.notebook, self._desk.outbox.text_of(entry)
        claim = entry.claim
        if claim is None and base is not None:
            claim = await self._leases.to_send(notebook, None)
        guard = Guard(expected=base.version if base else None, save_id=entry.save_id, kind=entry.kind, claim=claim)
        try:
            return await self._service.write(notebook, text, guard)
        except LeaseRefused as trouble:
            log.info("%s: %s", notebook, trouble.sentence)
            guard = replace(guard, claim=await self._leases.to_send(notebook, claim))
        try:
            return await self._service.write(notebook, text, guard)
        except LeaseRefused as trouble:
            holder = sight_of(trouble.details).holder  # ours: another save of this environment was quicker just now
            raise NotYours(trouble.sentence, is_own=holder in (None, self._desk.user)) from trouble

    def _lost_text(self, entry: Entry) -> Outcome:
        """A newer save took its place while it was picked up; or somebody emptied the outbox's folder."""
        if self._desk.outbox.newest(entry.notebook) == entry:
            log.error(
                "The outbox's copy of %s is gone. Its text on the disk is sent at the next save or open.",
                entry.notebook,
            )
            self._desk.outbox.remove(entry)
        return Outcome.AGAIN

    async def _moved_on(self, entry: Entry, sentence: str) -> Outcome:  # noqa: PLR0911 - one return per case
        notebook = entry.notebook
        line = self._desk.ledger.of(notebook)
        try:
            theirs = await self._service.read(notebook)
        except NotReached as trouble:
            self._show_waiting(notebook, trouble.sentence)
            return Outcome.LATER
        except RefusedByService as trouble:
            self._refused(entry, trouble.sentence)
            return Outcome.DONE
        if theirs is None:
            if line.base is None:  # it was there a moment ago, when we tried to create it
                return Outcome.LATER
            return await self._keep(notebook, f"It was deleted in the workspace while you were changing it. {GOES_ON}")
        sha256 = hashlib.sha256(theirs.content or b"").hexdigest()
        there = Base(version=theirs.version, sha256=sha256)
        if sha256 == entry.sha256:
            await self._arrived(entry, there)
            return Outcome.DONE
        if sha256 in line.sent or (line.base is not None and sha256 == line.base.sha256):
            await asyncio.to_thread(self._desk.ledger.settle, notebook, there, self._desk.time())
            return Outcome.AGAIN
        return await self._keep(notebook, f"{sentence} {GOES_ON}")

    async def _keep(self, notebook: str, reason: str) -> Outcome:
        """Somebody else's text is in the workspace: ours goes on under a name of its own."""
        async with self._desk.local.of(notebook):
            entry = self._desk.outbox.newest(notebook)
            if entry is None:
                return Outcome.DONE
            content = await asyncio.to_thread(self._desk.outbox.text_of(entry).read_bytes)
            copy = await self._desk.keep_copy(notebook, content, reason)
            self._desk.outbox.remove(entry)
        log.warning("%s: %s The text of this environment is kept as %s", notebook, reason, copy)
        self.wake(copy)
        return Outcome.DONE

    async def _arrived(self, entry: Entry, base: Base) -> None:
        at = self._desk.time()
        await asyncio.to_thread(self._desk.ledger.settle, entry.notebook, base, at)
        self._desk.outbox.remove(entry)
        self._leases.hurry(entry.notebook)
        newer = self._desk.outbox.newest(entry.notebook)
        if newer is None:
            self._desk.show(entry.notebook, "workspace", at=at)
        for event in self._wakers.values():  # the workspace answers: no reason for the others to wait on
            event.set()

    def _refused(self, entry: Entry, sentence: str) -> None:
        self._desk.outbox.refuse(entry, sentence)
        newest = self._desk.outbox.newest(entry.notebook)
        if newest is not None and newest.refused is not None:
            self._desk.show(entry.notebook, "refused", since=entry.since, reason=sentence)

    def _show_waiting(self, notebook: str, reason: str) -> None:
        entry = self._desk.outbox.newest(notebook)
        if entry is not None:
            self._desk.show(notebook, "waiting", at=entry.since, since=entry.since, reason=reason)
