"""The three-way compare: what is to be done when a workspace notebook is opened. Pure, stands here alone.

Three texts meet: the *local* one on the disk, the *base* the local one is derived from, and the *remote* one in the
workspace. The one rule above all: no text that exists only here is ever overwritten; it is sent, or kept as a copy
under its own name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The state of the workspace a local text is derived from."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The workspace has the notebook in this version, with these bytes."""

    version: str
    sha256: str


class Remote(Enum):
    """What else the workspace may have said."""

    ABSENT = auto()
    UNKNOWN = auto()  # not reached: never taken for absent


class Step(Enum):
    """What is to be done."""

    NOT_THERE = auto()  # nowhere: "not found"
    CANNOT_TELL = auto()  # not here, and the workspace was not reached
    TAKE_THEIRS = auto()  # write the remote text to the disk; nothing here is lost by it
    OPEN_LOCAL = auto()  # the local text is the one to show
    ADOPT = auto()  # both texts are the same: note the version, show it
    SEND = auto()  # the local text is newer: show it, send it
    KEEP_COPY = auto()  # both changed: keep the local text as a copy, then take theirs
    SET_ASIDE = auto()  # deleted in the workspace, and nothing unsent here: out of the way


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    step: Step
    because: str


def decide(
    *,
    local: str | None,
    base: Base | None,
    remote: Present | Remote,
    sent: Collection[str] = (),
    kept: str | None = None,
) -> Decision:
    """Return what opening a notebook has to do.

    `local` is the SHA-256 of the text on the disk (None: no file). `sent` holds the hashes of saves that were sent
    and whose answer never came: the workspace holding one of those holds our own work, not somebody else's. `kept` is
    the hash of a text that is kept under another name already.
    """
    if local is None:
        return _without_local(remote)
    if remote is Remote.UNKNOWN:
        return Decision(step=Step.OPEN_LOCAL, because="the workspace cannot be reached; this is the text on the disk")
    if isinstance(remote, Present):
        if local == kept != remote.sha256:
            return Decision(step=Step.TAKE_THEIRS, because="the text on the disk is kept as a copy")
        return _with_both(local, base, remote, sent)
    return _deleted_or_new(local, base)


def _without_local(remote: Present | Remote) -> Decision:
    if isinstance(remote, Present):
        return Decision(step=Step.TAKE_THEIRS, because="it is not on the disk yet")
    if remote is Remote.UNKNOWN:
        return Decision(step=Step.CANNOT_TELL, because="it is not on the disk and the workspace cannot be reached")
    return Decision(step=Step.NOT_THERE, because="neither the disk nor the workspace has it")


def _with_both(local: str, base: Base | None, remote: Present, sent: Collection[str]) -> Decision:
    if local == remote.sha256:
        return Decision(step=Step.ADOPT, because="the disk and the workspace hold the same text")
    if base is not None and local == base.sha256:
        return Decision(step=Step.TAKE_THEIRS, because="nothing was changed here and the workspace has a newer text")
    if base is not None and remote.version == base.version:
        return Decision(step=Step.SEND, because="only the text on the disk was changed")
    if remote.sha256 in sent or (base is not None and remote.sha256 == base.sha256):
        return Decision(step=Step.SEND, because="the workspace holds an earlier save of this very text")
    return Decision(step=Step.KEEP_COPY, because="both the disk and the workspace hold a text the other does not know")


def _deleted_or_new(local: str, base: Base | None) -> Decision:
    if base is None:
        return Decision(step=Step.SEND, because="it is new: the workspace does not have it yet")
    if local == base.sha256:
        return Decision(step=Step.SET_ASIDE, because="it was deleted in the workspace")
    return Decision(step=Step.KEEP_COPY, because="it was deleted in the workspace while it was changed here")
