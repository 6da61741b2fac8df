"""What each local notebook is based on: one JSON file, replaced whole at each change.

It may be lost or torn without loss of work: a notebook without an entry is compared with the workspace by its text
alone, and where they differ both are kept (`compare.py`). A file that cannot be read is moved aside, not deleted.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from terraspawner_environment.compare import Base
from terraspawner_environment.files import write_whole

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Text of this notebook lost a race: it goes on living in `copy` until the notebook is opened anew."""

    copy: str
    sha256: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The workspace moved on: our text is in the notebook `copy`; somebody has yet to choose what becomes of both.

    `base` is the version that both texts came from, None where there is none. It stands until somebody chose, however
    often the notebook is opened meanwhile.
    """

    copy: str
    base: str | None
    reason: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """This notebook is a copy: it keeps a text of the notebook `of`. `outcome` is what was chosen there, empty until
    then: `merged` with theirs, or `theirs` was taken."""

    of: str
    reason: str
    at: str
    outcome: str = ""

    @property
    def words(self) -> str:
        """What whoever opens the copy is told."""
        delete = "Delete this copy on the workspace's page when you need it no more."
        match self.outcome:
            case "merged":
                return f"Your text of “{self.of}” as it was before it was merged there. {delete}"
            case "theirs":
                return f"Your text of “{self.of}”, where the other one was taken. {delete}"
        return f"Your text of “{self.of}”. {self.reason} Open that one to compare both, or go on here."


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is known about one notebook; `sent` are hashes sent without an answer so far."""

    base: Base | None = None
    at: str | None = None
    sent: tuple[str, ...] = ()
    kept: Kept | None = None
    conflict: Conflict | None = None
    origin: Origin | None = None


@dataclass(slots=True)
class Ledger:
    """All lines, in memory and on the disk. Changes are written, and synced, at once: call them in a thread.

    A full disk is logged and borne.
    """

    file: Path
    _lines: dict[str, Line] = field(default_factory=dict)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> None:
        try:
            document = json.loads(self.file.read_bytes())
            self._lines = {str(path): _line(line) for path, line in document["notebooks"].items()}
        except FileNotFoundError:
            self._lines = {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._lines = {}
            aside = self.file.with_name(f"{self.file.name}.unreadable-{int(time.time())}")
            log.exception("%s cannot be read; moved to %s. Notebooks are compared by their text.", self.file, aside)
            try:
                self.file.replace(aside)
            except OSError:
                log.exception("%s could not be moved aside", self.file)

    def of(self, notebook: str) -> Line:
        return self._lines.get(notebook, Line())

    def __iter__(self) -> Iterator[tuple[str, Line]]:
        return iter(list(self._lines.items()))

    def settle(self, notebook: str, base: Base, at: str) -> None:
        """The workspace and this disk agreed on a text."""
        self._change(notebook, lambda line: replace(line, base=base, at=at, sent=()))

    def sending(self, notebook: str, sha256: str) -> None:
        """Note, before it is sent, what the workspace may hold even if its answer is lost."""
        if sha256 not in self.of(notebook).sent:
            self._change(notebook, lambda line: replace(line, sent=(*line.sent[-19:], sha256)))

    def keep(self, notebook: str, kept: Kept | None) -> None:
        if self.of(notebook).kept != kept:
            self._change(notebook, lambda line: replace(line, kept=kept))

    def contest(self, notebook: str, conflict: Conflict | None) -> None:
        """Somebody has to choose between two texts; None: it is done."""
        if self.of(notebook).conflict != conflict:
            self._change(notebook, lambda line: replace(line, conflict=conflict))

    def originate(self, copy: str, origin: Origin) -> None:
        """Note of a copy what it keeps."""
        if self.of(copy).origin != origin:
            self._change(copy, lambda line: replace(line, origin=origin))

    def move(self, notebook: str, to: str) -> None:
        with self._changing:
            self._lines[to] = self._lines.pop(notebook, Line())
            self._lines = {path: _following(line, notebook, to) for path, line in self._lines.items()}
            self._write()

    def forget(self, notebook: str) -> None:
        with self._changing:
            if self._lines.pop(notebook, None) is not None:
                self._write()

    def _change(self, notebook: str, change: Callable[[Line], Line]) -> None:
        with self._changing:
            self._lines[notebook] = change(self.of(notebook))
            self._write()

    def _write(self) -> None:
        document = {"format": 1, "notebooks": {path: asdict(line) for path, line in self._lines.items()}}
        try:
            write_whole(self.file, json.dumps(document, indent=1).encode())
        except OSError:
            log.exception("%s could not be written. No work is lost by that; texts are compared again.", self.file)


def _following(line: Line, copy: str, to: str) -> Line:
    """The line of a notebook whose copy, or whose original, may have been renamed."""
    kept, conflict, origin = line.kept, line.conflict, line.origin
    return replace(
        line,
        kept=replace(kept, copy=to) if kept and kept.copy == copy else kept,
        conflict=replace(conflict, copy=to) if conflict and conflict.copy == copy else conflict,
        origin=replace(origin, of=to) if origin and origin.of == copy else origin,
    )


def _line(line: dict[str, Any]) -> Line:
    base, kept, conflict = line.get("base"), line.get("kept"), line.get("conflict")
    return Line(
        base=Base(version=str(base["version"]), sha256=str(base["sha256"])) if base else None,
        at=line.get("at"),
        sent=tuple(str(sha256) for sha256 in line.get("sent", ())),
        kept=Kept(**{name: str(kept[name]) for name in ("copy", "sha256", "reason", "at")}) if kept else None,
        conflict=_conflict(conflict) if conflict else None,
        origin=_origin(line.get("origin")),
    )


def _origin(facts: dict[str, Any] | None) -> Origin | None:
    return Origin(**{name: str(facts[name]) for name in ("of", "reason", "at", "outcome")}) if facts else None


def _conflict(facts: dict[str, Any]) -> Conflict:
    base = facts.get("base")
    return Conflict(
        copy=str(facts["copy"]),
        base=None if base is None else str(base),
        reason=str(facts["reason"]),
        at=str(facts["at"]),
    )
