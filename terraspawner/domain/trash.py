"""The trash: what was deleted, by whom, and until when it can be had back (FEATURES.md C17).

One kind of item for disks, notebooks, files, workspaces, libraries and environments. An item is *held* until somebody
restores it or its time is over; *purging* is the point of no return, written down before anything is destroyed, and
whoever finds it goes on from there.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from terraspawner.domain.disk import DiskEvent, DiskState
from terraspawner.errors import WrongState


class Kind(enum.StrEnum):
    DISK = "disk"
    NOTEBOOK = "notebook"
    FILE = "file"
    WORKSPACE = "workspace"
    LIBRARY = "library"
    ENVIRONMENT = "environment"


class ItemState(enum.StrEnum):
    HELD = "held"
    RESTORED = "restored"
    PURGING = "purging"
    PURGED = "purged"


class ItemEvent(enum.StrEnum):
    RESTORE = "restore"
    PURGE = "purge"
    PURGED = "purged"


TRANSITIONS: Mapping[ItemState, Mapping[ItemEvent, ItemState]] = {
    ItemState.HELD: {ItemEvent.RESTORE: ItemState.RESTORED, ItemEvent.PURGE: ItemState.PURGING},
    ItemState.PURGING: {ItemEvent.PURGED: ItemState.PURGED},
    ItemState.RESTORED: {},
    ItemState.PURGED: {},
}

DISK_OF_A_RESTORED: Mapping[DiskState, tuple[DiskEvent, ...]] = {
    DiskState.KEPT: (DiskEvent.ATTACH,),
    DiskState.TRASHED: (DiskEvent.RESTORE, DiskEvent.ATTACH),
}
"""An environment comes back with the disk that its container has, in every other state of that not at all: a container
is of use with its own home folder alone. A disk in the trash comes back along with it."""

_WORDS = {
    ItemState.HELD: "in the trash",
    ItemState.RESTORED: "restored already",
    ItemState.PURGING: "being deleted for good",
    ItemState.PURGED: "gone for good",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing in the trash.

    `subject` says which: the path of a notebook or a file, else its id. `name` is what people call it. `user` is whose
    it is: the person's of a disk or an environment, else who deleted it. `size` in bytes, None where nobody counted.
    """

    id: str
    kind: Kind
    subject: str
    workspace_id: str
    user: str
    name: str
    size: int | None
    state: ItemState
    trashed_at: datetime
    trashed_by: str
    purge_at: datetime

    def is_due(self, now: datetime) -> bool:
        """Whether its time in the trash is over."""
        return self.state is ItemState.HELD and now >= self.purge_at


def next_state(state: ItemState, event: ItemEvent) -> ItemState:
    """The state after `event`. Raises `WrongState`, which says what has become of it."""
    following = TRANSITIONS[state].get(event)
    if following is None:
        raise WrongState(f"This is {_WORDS[state]}, so it cannot be {event}d.", state=str(state))
    return following


def purge_time(now: datetime, days: float) -> datetime:
    """When what goes into the trash now is purged."""
    return now + timedelta(days=days)
