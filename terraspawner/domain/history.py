"""The history of a notebook: its versions, what is under way with it, and what a save may do.

A notebook is a row that keeps its id through renames and the trash; its bytes are blobs named by their SHA-256. What
changes it is written down first, as an *intent*: that is the point of no return, and whoever finds an intent that was
left carries it out.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class NotebookState(enum.StrEnum):
    """`gone`: somebody took its file away past us. Its versions are kept for as long as the trash keeps things."""

    LIVE = "live"
    TRASHED = "trashed"
    GONE = "gone"


class VersionKind(enum.StrEnum):
    """Why there is a version; `found` is the first one of a notebook that was there before its history began."""

    CREATED = "created"
    SAVED = "saved"
    COPIED = "copied"
    RESTORED = "restored"
    MERGED = "merged"
    FOUND = "found"
    EXTERNAL = "external"
    CONFLICT = "conflict"
    SESSION_END = "session-end"


class Deed(enum.StrEnum):
    """What an intent is about to do."""

    SAVE = "save"
    MOVE = "move"
    DISCARD = "discard"
    PUT_BACK = "put-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """`version` is that of the object in the bucket, opaque; `number`, `sha256` and `size` are of the newest version.

    `number` is 0 while its first version is under way. `trash_item` is where it waits in the trash, `since` the
    time from which its state is what it is.
    """

    id: str
    workspace_id: str
    path: str
    state: NotebookState = NotebookState.LIVE
    number: int = 0
    sha256: str = ""
    size: int = 0
    version: str = ""
    trash_item: str | None = None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookVersion:
    """One version. `author` is empty where nobody of ours wrote it; `name` is what somebody called it.

    `version` is the opaque one that the bucket gave these bytes; `save_id` is the sender's own, to tell one that is
    sent twice.
    """

    notebook_id: str
    number: int
    sha256: str
    size: int
    kind: VersionKind
    author: str
    environment: str
    fence: int | None
    save_id: str
    version: str
    at: datetime
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is being done with a notebook; there is at most one for each. `token` tells it from all others.

    `base` is the version of the object that it replaces or takes away, empty where there is none. `target` is the path
    that a move leads to; `trash_item` the item of a deletion or of what comes back.
    """

    notebook_id: str
    token: str
    deed: Deed
    base: str
    number: int
    sha256: str
    size: int
    at: datetime
    kind: VersionKind = VersionKind.SAVED
    author: str = ""
    environment: str = ""
    fence: int | None = None
    save_id: str = ""
    target: str = ""
    trash_item: str = ""


class Judgement(enum.Enum):
    """What a save of some bytes is to a notebook as it is."""

    NEXT = enum.auto()
    """It becomes the next version."""
    UNCHANGED = enum.auto()
    """These bytes are there: nothing is written, and the answer is as if they had been."""
    MOVED_ON = enum.auto()
    """There is another version than the one it is based on, or none, or one where there should be none."""


def judge(present: Notebook | None, base: str | None, sha256: str) -> Judgement:
    """`base` is the version that the bytes are based on, None where they are to be a new notebook."""
    if present is None:
        return Judgement.NEXT if base is None else Judgement.MOVED_ON
    if present.sha256 == sha256:
        return Judgement.UNCHANGED
    return Judgement.NEXT if base == present.version else Judgement.MOVED_ON


class Found(enum.Enum):
    """What lies where a conditional write was refused."""

    OURS = enum.auto()
    """Our own bytes: the answer was lost, or another process finished this intent."""
    FINISHED = enum.auto()
    """Another process finished this intent, and it went on from there: nothing is left to do."""
    OUTSIDE = enum.auto()
    """Somebody wrote past us while our intent stands."""


def found_instead(intent: Intent, sha256: str | None, standing: Intent | None) -> Found:
    """`sha256` of what lies there, None where nothing does; `standing` is the intent of that notebook as of now.

    Without the question for the intent a stalled process took newer work for a change from outside and overwrote
    it, 13 times in 25 seconds of trying.
    """
    if sha256 == intent.sha256:
        return Found.OURS
    return Found.OUTSIDE if is_same(intent, standing) else Found.FINISHED


def is_same(intent: Intent, standing: Intent | None) -> bool:
    """Whether the intent still stands."""
    return standing is not None and standing.token == intent.token
