"""The life cycle of a persistent disk as one table of its own: it outlives its environment (FEATURES.md D1-D5, C17).

A disk is *attached* to one environment at a time, *kept* when that is deleted, and *trashed* when it is deleted with it
or by itself. Nothing leads from a disk in use to its end: it is purged out of the trash alone, and its volume stays
until then, with everything on it.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from terraspawner.errors import DiskMissing, DiskSizeRefused, Refused, WrongState

_ID = re.compile(r"[0-9a-f]{16}")
NEW = "new"
"""The wish for a disk that has nothing on it."""


class DiskState(enum.StrEnum):
    ATTACHED = "attached"
    KEPT = "kept"
    TRASHED = "trashed"
    DELETING = "deleting"
    DELETED = "deleted"


class DiskKind(enum.StrEnum):
    """What it is mounted as: the home folder, or `/data` beside it."""

    HOME = "home"
    DATA = "data"


class DiskForm(enum.StrEnum):
    """What it is on the machine: a plain volume, whose size is watched and warned of, or an image of its size, which is
    a limit. CONVERTING: it is a volume still, and its files are being copied onto an image."""

    VOLUME = "volume"
    IMAGE = "image"
    CONVERTING = "converting"


class DiskEvent(enum.StrEnum):
    ATTACH = "attach"
    DETACH = "detach"
    DISCARD = "discard"
    RESTORE = "restore"
    PURGE = "purge"
    PURGED = "purged"


TRANSITIONS: Mapping[DiskState, Mapping[DiskEvent, DiskState]] = {
    DiskState.ATTACHED: {DiskEvent.DETACH: DiskState.KEPT},
    DiskState.KEPT: {DiskEvent.ATTACH: DiskState.ATTACHED, DiskEvent.DISCARD: DiskState.TRASHED},
    DiskState.TRASHED: {DiskEvent.RESTORE: DiskState.KEPT, DiskEvent.PURGE: DiskState.DELETING},
    DiskState.DELETING: {DiskEvent.PURGED: DiskState.DELETED},
    DiskState.DELETED: {},
}
"""An environment that is deleted with its disk lets go of it first: `DETACH`, then `DISCARD`."""

HOLDS_VOLUME = frozenset(TRANSITIONS) - {DiskState.DELETED}
"""States in which there is a volume, which costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A large folder of a disk; `path` below the home folder, `size` in bytes with all that is in it."""

    path: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A persistent disk: one named volume. Sizes in bytes.

    `form` is None until it is made at its first start, and what it is made as then it stays, unless it is converted.

    `used` and the largest `folders` are what was measured at `measured_at`; None and none before that.
    `outbox_pending` counts notebooks whose last changes are on this disk alone, as its last environment said;
    while it is attached the environment's own count is the true one; a data disk has none. `last_used_at` is None
    before it was ever used.
    """

    id: str
    workspace_id: str
    user: str
    size: int
    state: DiskState
    created_at: datetime
    last_used_at: datetime | None = None
    outbox_pending: int = 0
    used: int | None = None
    measured_at: datetime | None = None
    folders: tuple[Folder, ...] = ()
    kind: DiskKind = DiskKind.HOME
    form: DiskForm | None = None

    @property
    def is_data(self) -> bool:
        return self.kind is DiskKind.DATA

    @property
    def has_limit(self) -> bool:
        """Whether no more than its size can be written to it."""
        return self.form is DiskForm.IMAGE

    def formed(self, standard: DiskForm) -> DiskForm:
        """What a start has it as: what it was made as, or `standard`. Raises `WrongState` while it is converted."""
        if self.form is DiskForm.CONVERTING:
            raise WrongState(
                f"The disk {self.id} is being given a real limit: its files are copied, and it is not used meanwhile."
                " Start in a few minutes, or ask the operator.",
                state=str(self.form),
            )
        return self.form or standard


def next_state(state: DiskState, event: DiskEvent) -> DiskState:
    """The state after `event`. Raises `WrongState`, naming the present state and what is possible."""
    following = TRANSITIONS[state].get(event)
    if following is None:
        possible = ", ".join(sorted(TRANSITIONS[state])) or "nothing"
        raise WrongState(f"The disk is {state}, so it cannot {event}. Possible now: {possible}.", state=str(state))
    return following


def wanted_disk(text: object) -> str | None:
    """A wish as clients send it; None for none. Raises `Refused` for what can be no disk."""
    if text is None or (isinstance(text, str) and (text == NEW or _ID.fullmatch(text))):
        return text
    raise Refused("A disk is named by its id, 16 hexadecimal digits, or `new`. `GET /disks` lists yours.")


def kept_data_disk(text: object) -> str | None:
    """The wish for a data disk at a start; None for none. Raises `Refused` for what can be no disk."""
    if text is None or (isinstance(text, str) and _ID.fullmatch(text)):
        return text
    raise Refused("A data disk is named by its id, 16 hexadecimal digits. `GET /disks` lists yours.")


def chosen(kept: Sequence[Disk], wanted: str | None) -> Disk | None:
    """The disk that a new environment gets, of those that its person has kept in the workspace; None for a new one.

    Without a wish it is the one that was used last: who comes back finds the files. Raises `DiskMissing` for an id that
    is none of `kept`.
    """
    if wanted is None:
        return max(kept, key=lambda disk: (disk.last_used_at or disk.created_at, disk.id), default=None)
    if wanted == NEW:
        return None
    for disk in kept:
        if disk.id == wanted:
            return disk
    raise DiskMissing(
        "You have kept no such disk in this workspace. `GET /disks` lists those that there are; one in the trash has to"
        " be restored first."
    )


def enlarged(present: int, wanted: int, most: int) -> int:
    """`wanted` bytes, where a disk of `present` bytes may get that size. Raises `DiskSizeRefused` with the bounds."""
    if wanted < present:
        raise DiskSizeRefused(
            f"A disk is never made smaller: it has {_gigabytes(present)}, and {_gigabytes(wanted)} were asked for."
            f" Choose a size from {_gigabytes(present)} to {_gigabytes(max(most, present))}.",
            least=present,
            most=max(most, present),
        )
    if wanted > max(most, present):
        raise DiskSizeRefused(
            f"A disk has {_gigabytes(max(most, present))} at most here, and {_gigabytes(wanted)} were asked for."
            " Ask the operator for more.",
            least=present,
            most=max(most, present),
        )
    return wanted


LEAST_DATA = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class DataWish:
    """The data disk that is wished for an environment: a new one of `size` bytes, the kept `disk`, or none."""

    size: int | None = None
    disk: str | None = None

    def __post_init__(self) -> None:
        if self.size is not None and self.disk is not None:
            raise Refused("A data disk is a new one of a size, or one that is kept: not both.")


def data_size(wanted: int, most: int) -> int:
    """`wanted` bytes, where a new data disk may have them. Raises `DiskSizeRefused` with the bounds, `Refused` where
    `most` is 0: there are none here."""
    if not most:
        raise Refused("There are no new data disks in this deployment. Ask the operator.")
    if not LEAST_DATA <= wanted <= most:
        raise DiskSizeRefused(
            f"A data disk has {_gigabytes(LEAST_DATA)} to {_gigabytes(most)} here, and {_gigabytes(wanted)} were asked"
            " for.",
            least=LEAST_DATA,
            most=most,
        )
    return wanted


# --- how full it is ---


class Fullness(enum.StrEnum):
    """How urgent it is, for pages and programs."""

    HIGH = "high"
    NEARLY_FULL = "nearly-full"
    FULL = "full"


WARNINGS: tuple[tuple[int, Fullness, str], ...] = (
    (95, Fullness.FULL, "Delete what you do not need, or enlarge the disk, before you go on."),
    (90, Fullness.NEARLY_FULL, "Delete what you do not need, or enlarge the disk, soon."),
    (80, Fullness.HIGH, "Look through what you keep on it, or enlarge it."),
)
"""Percent of the size from which on it is said, how urgent it is, and what to do; the most urgent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is said of a disk that fills up. `percent` is rounded down."""

    level: Fullness
    percent: int
    message: str


def notice(used: int | None, size: int) -> Notice | None:
    """What to say of a disk with `used` of `size` bytes; None where there is room enough or nothing is known."""
    if used is None or size <= 0:
        return None
    percent = used * 100 // size
    for threshold, level, advice in WARNINGS:
        if percent >= threshold:
            is_over = used > size
            text = (
                f"The disk holds more than its size, {percent} % of it."
                if is_over
                else f"The disk is {percent} % full."
            )
            return Notice(level=level, percent=percent, message=f"{text} {advice}")
    return None


def is_measured_anew(disk: Disk, *, is_in_use: bool, every: timedelta, now: datetime) -> bool:
    """Whether it is time to measure: a disk in use every so often, another one once after its last use."""
    if disk.state not in (DiskState.ATTACHED, DiskState.KEPT):
        return False
    last = disk.measured_at or disk.created_at
    if now - last < every:
        return False
    if is_in_use or disk.measured_at is None:
        return True
    return disk.last_used_at is not None and disk.last_used_at > disk.measured_at


def _gigabytes(size: int) -> str:
    return f"{size / 1024**3:.4g} GB"
