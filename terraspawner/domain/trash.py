"""The trash: what was deleted, by whom, and until when it can be had back (FEATURES.md C17).

One kind of item for disks, notebooks, files, folders, workspaces, libraries and environments. An item is *held* until
somebody restores it or its time is over; *purging* is the point of no return, written down before anything is
destroyed, and whoever finds it goes on from there. A folder goes in and comes back file by file, which takes its time:
it is *discarding* and *restoring* meanwhile.
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
    FOLDER = "folder"
    WORKSPACE = "workspace"
    LIBRARY = "library"
    ENVIRONMENT = "environment"


class ItemState(enum.StrEnum):
    DISCARDING = "discarding"
    HELD = "held"
    RESTORING = "restoring"
    RESTORED = "restored"
    PURGING = "purging"
    PURGED = "purged"


class ItemEvent(enum.StrEnum):
    COLLECTED = "collected"
    RESTORE = "restore"
    BRING_BACK = "bring back"
    BROUGHT_BACK = "brought back"
    PURGE = "purge"
    PURGED = "purged"


TRANSITIONS: Mapping[ItemState, Mapping[ItemEvent, ItemState]] = {
    ItemState.DISCARDING: {ItemEvent.COLLECTED: ItemState.HELD, ItemEvent.BRING_BACK: ItemState.RESTORING},
    ItemState.HELD: {
        ItemEvent.RESTORE: ItemState.RESTORED,
        ItemEvent.BRING_BACK: ItemState.RESTORING,
        ItemEvent.PURGE: ItemState.PURGING,
    },
    ItemState.RESTORING: {ItemEvent.BROUGHT_BACK: ItemState.RESTORED, ItemEvent.COLLECTED: ItemState.HELD},
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
    ItemState.DISCARDING: "on its way into the trash",
    ItemState.HELD: "in the trash",
    ItemState.RESTORING: "on its way back",
    ItemState.RESTORED: "restored already",
    ItemState.PURGING: "being deleted for good",
    ItemState.PURGED: "gone for good",
}


_DONE = {
    ItemEvent.COLLECTED: "put there",
    ItemEvent.RESTORE: "restored",
    ItemEvent.BRING_BACK: "restored",
    ItemEvent.BROUGHT_BACK: "restored",
    ItemEvent.PURGE: "purged",
    ItemEvent.PURGED: "purged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing in the trash.

    `subject` says which: the path of a notebook, a file or a folder, else its id. `name` is what people call it. `user`
    is whose it is: the person's of a disk or an environment, else who deleted it. `size` in bytes, None where nobody
    counted.
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
        raise WrongState(f"This is {_WORDS[state]}, so it cannot be {_DONE[event]}.", state=str(state))
    return following


def purge_time(now: datetime, days: float) -> datetime:
    """When what goes into the trash now is purged."""
    return now + timedelta(days=days)
