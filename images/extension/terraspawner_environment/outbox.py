"""Saves that the workspace does not have yet: files of their own on the disk, one pair per save.

`<number>.json` says what `<number>.ipynb` is; the pair is complete when the JSON file is in its place, so a kill
leaves either a whole entry or rubbish that the next start removes. Numbers rise: the order of saves. A save is a
whole notebook, so the newest one of a notebook replaces the older ones.
"""

import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from terraspawner_environment.files import PREFIX, Staged, stage, stage_copy, sync_all, write_whole
from terraspawner_environment.lease import Claim

log = logging.getLogger(__name__)

SAVED = "saved"
SESSION_END = "session-end"
"""What is saved because the environment is about to end or to stand still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One save on its way. `since` is the time of the oldest unsent save it stands for; `refused` the service's no;
    `kind` why it is made, as the history calls it.

    `save_id` is its name at the service, however often it is sent and whatever server sends it. `session` and `fence`
    are the lease it was saved by; without them one is taken when it is sent.
    """

    number: int
    notebook: str
    sha256: str
    since: str
    refused: str | None = None
    kind: str = SAVED
    save_id: str = field(default_factory=lambda: uuid4().hex)
    session: str | None = None
    fence: int | None = None

    @property
    def claim(self) -> Claim | None:
        if self.session is None or self.fence is None:
            return None
        return Claim(session=self.session, fence=self.fence)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedEntry:
    """An entry whose files are complete under temporary names."""

    text: Staged
    note: Staged

    @property
    def files(self) -> tuple[Staged, Staged]:
        return self.text, self.note

    def commit(self) -> None:
        self.text.temporary.replace(self.text.target)
        self.note.commit()

    def discard(self) -> None:
        self.text.discard()
        self.note.discard()


@dataclass(slots=True)
class Outbox:
    """The folder and what is in it. Blocking calls (`stage`, `StagedEntry.commit`) belong into a thread."""

    folder: Path
    _entries: dict[str, Entry] = field(default_factory=dict)
    _last: int = 0

    def load(self) -> None:
        """Read what an earlier server left; older saves of a notebook give way to its newest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for rubbish in self.folder.glob(f"{PREFIX}*"):
            rubbish.unlink(missing_ok=True)
        for note in sorted(self.folder.glob("*.json")):
            entry = self._read(note)
            if entry is not None:
                self._last = max(self._last, entry.number)
                self.accept(replace(entry, refused=None))
        known = {entry.number for entry in self._entries.values()}
        for text in self.folder.glob("*.ipynb"):
            # A text without its note was never an entry: its save had not been acknowledged.
            if not text.with_suffix(".json").exists() and int_or_none(text.stem) not in known:
                text.unlink(missing_ok=True)

    def draft(self, notebook: str, sha256: str, now: str, kind: str = SAVED, claim: Claim | None = None) -> Entry:
        """Give a save its number; nothing is on the disk yet. What it replaces unsent hands on why it was made, and by
        which lease where that cannot be told anew."""
        self._last += 1
        older = self._entries.get(notebook)
        if older is not None and kind in (SAVED, SESSION_END) and older.kind != SAVED:
            kind = older.kind
        claim = claim or (older.claim if older else None)
        since = older.since if older else now
        entry = Entry(number=self._last, notebook=notebook, sha256=sha256, since=since, kind=kind)
        return replace(entry, session=claim.session, fence=claim.fence) if claim else entry

    def stage(self, entry: Entry, text: Path | bytes, *, is_synced: bool = True) -> StagedEntry:
        """Write the entry's files under temporary names and sync them; raises OSError, and leaves nothing behind then.

        Without `is_synced` the caller syncs them (`files.sync_all`).
        """
        target = self.text_of(entry)
        staged_text = stage(target, text, is_synced=False) if isinstance(text, bytes) else stage_copy(text, target)
        try:
            note = stage(self._note_of(entry), json.dumps(asdict(entry)).encode(), is_synced=False)
        except BaseException:  # cancelled, full or killed by a signal: no text without its note stays
            staged_text.discard()
            raise
        staged = StagedEntry(text=staged_text, note=note)
        try:
            if is_synced:
                sync_all(*staged.files)
        except BaseException:  # as before
            staged.discard()
            raise
        return staged

    def accept(self, entry: Entry) -> None:
        """Take a committed entry in; what it replaces goes."""
        older = self._entries.get(entry.notebook)
        if older is not None and older.number > entry.number:
            self._unlink(entry)
            return
        self._entries[entry.notebook] = entry
        if older is not None and older.number != entry.number:
            self._unlink(older)

    def newest(self, notebook: str) -> Entry | None:
        return self._entries.get(notebook)

    def pending(self) -> list[Entry]:
        return sorted(self._entries.values(), key=lambda entry: entry.number)

    def remove(self, entry: Entry) -> None:
        """The entry is in the workspace or kept elsewhere; a newer one of the same notebook stays."""
        present = self._entries.get(entry.notebook)
        if present is not None and present.number == entry.number:
            del self._entries[entry.notebook]
        self._unlink(entry)

    def refuse(self, entry: Entry, sentence: str) -> None:
        """Keep the entry, with the reason why it is not sent again by itself."""
        refused = replace(entry, refused=sentence)
        present = self._entries.get(entry.notebook)
        if present is None or present.number != entry.number:
            return
        self._entries[entry.notebook] = refused
        with suppress(OSError):
            write_whole(self._note_of(entry), json.dumps(asdict(refused)).encode())

    def text_of(self, entry: Entry) -> Path:
        return self.folder / f"{entry.number:012d}.ipynb"

    def _note_of(self, entry: Entry) -> Path:
        return self.folder / f"{entry.number:012d}.json"

    def _unlink(self, entry: Entry) -> None:
        # The note first: a text without a note is rubbish, a note without a text would be a riddle.
        self._note_of(entry).unlink(missing_ok=True)
        self.text_of(entry).unlink(missing_ok=True)

    def _read(self, note: Path) -> Entry | None:
        try:
            facts: dict[str, Any] = json.loads(note.read_bytes())
            entry = Entry(
                number=int(facts["number"]),
                notebook=str(facts["notebook"]),
                sha256=str(facts["sha256"]),
                since=str(facts["since"]),
                kind=str(facts.get("kind", SAVED)),
                save_id=str(facts.get("save_id") or uuid4().hex),
                session=str(facts["session"]) if facts.get("session") else None,
                fence=int(facts["fence"]) if facts.get("fence") is not None else None,
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._set_aside(note, error)
            return None
        if not self.text_of(entry).exists():
            self._set_aside(note, FileNotFoundError(self.text_of(entry)))
            return None
        return entry

    def _set_aside(self, note: Path, error: Exception) -> None:
        """Keep what cannot be understood: its text may be the only copy of somebody's work."""
        aside = self.folder / "unreadable"
        log.error("%s in the outbox cannot be read (%s); kept in %s", note.name, error, aside)
        with suppress(OSError):
            aside.mkdir(exist_ok=True)
            for path in (note, note.with_suffix(".ipynb")):
                if path.exists():
                    path.replace(aside / path.name)


def int_or_none(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
