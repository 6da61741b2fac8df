"""How the mount of a bucket or of a drive from outside stands: what a look at it found becomes mounted, slow or gone.

Its files go over a network, and networks fail. Then a call in an environment ends with an
error and the page says why; nothing waits for ever. What was written and is not in the store yet lies on this machine
and is sent when the store is back: how many files that are is told all the time.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from terraspawner.domain.mount_words import Words

FOLDER: Final = "buckets"
WRITER, READER = "writer", "reader"
DATA, NOTEBOOKS = "bucket", "notebooks"
"""As an environment calls what is mounted in its folder of the workspace."""
OUTSIDE: Final = "outside"
SLOW: Final = timedelta(seconds=2)
"""What people notice at each click in a list of files."""
_PAUSES: Final = (0.2, 1, 2, 5, 10)


class MountState(enum.StrEnum):
    MOUNTED = "mounted"
    SLOW = "slow"
    GONE = "gone"


class Answer(enum.StrEnum):
    """What the store said when it was asked. `MISSING`: that what is mounted is not there."""

    WELL = "well"
    NONE = "none"
    REFUSED = "refused"
    MISSING = "missing"


NO_SERVICE: Final = "The service that mounts buckets is not answering. It is started again; else ask the operator."
NOT_SHARED: Final = (
    "On this machine what is mounted does not reach environments, so files of the bucket are not there. `make up` says "
    "the cause, which the operator can mend."
)


def shown_folder(workspace_id: str, *, writes: bool) -> str:
    """What an environment has as its folder of the workspace, below the one that is shared with the machine."""
    return f"{FOLDER}/{workspace_id}/{WRITER if writes else READER}"


def outside_folder(library_id: str) -> str:
    """Where a library from outside is mounted, below the folder that is shared with the machine."""
    return f"{OUTSIDE}/{library_id}/data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found. `took` is how long the store took to answer, or has been taking so far; `waiting` are files that
    it does not have yet, `not_taken` those of them that were sent more than once; `is_full`: there is no room for more
    of them."""

    answer: Answer
    took: timedelta
    waiting: int = 0
    not_taken: int = 0
    is_full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a mount stands, since when and why; `reason` is empty where all is well. Files that the store does not have
    yet have waited without a break since `waiting_since`: a store that refuses some of them is known by that."""

    state: MountState
    since: datetime
    reason: str = ""
    waiting: int = 0
    waiting_since: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "state": str(self.state),
            "since": self.since.isoformat(),
            "reason": self.reason,
            "waiting": self.waiting,
            "waiting_since": self.waiting_since and self.waiting_since.isoformat(),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Standing:
        return cls(
            state=MountState(told["state"]),
            since=datetime.fromisoformat(told["since"]),
            reason=str(told["reason"]),
            waiting=int(told["waiting"]),
            waiting_since=datetime.fromisoformat(told["waiting_since"]) if told["waiting_since"] else None,
        )


def seen(before: Standing, look: Look, now: datetime, words: Words) -> Standing:
    """How it stands after a look."""
    state, reason = _judged(look, words)
    return _next(before, state, reason, look.waiting, now)


def lost(before: Standing, reason: str, now: datetime) -> Standing:
    """How it stands where nothing is mounted. What waited still does."""
    return _next(before, MountState.GONE, reason, before.waiting, now)


def pause_before(tries: int) -> float:
    """Seconds until it is mounted again, after so many times in a row that came to nothing."""
    return _PAUSES[min(tries, len(_PAUSES) - 1)]


def _judged(look: Look, words: Words) -> tuple[MountState, str]:
    gone = {Answer.NONE: words.silent, Answer.REFUSED: words.refusing, Answer.MISSING: words.missing}
    if look.answer in gone:
        return MountState.GONE, gone[look.answer]
    if look.is_full:
        return MountState.SLOW, words.room_is_full
    if look.not_taken:
        return MountState.SLOW, words.not_taken
    if look.took > SLOW:
        return MountState.SLOW, words.slow
    return MountState.MOUNTED, ""


def _next(before: Standing, state: MountState, reason: str, waiting: int, now: datetime) -> Standing:
    since = before.since if before.state is state else now
    waiting_since = (before.waiting_since or now) if waiting else None
    return Standing(state=state, since=since, reason=reason, waiting=waiting, waiting_since=waiting_since)
