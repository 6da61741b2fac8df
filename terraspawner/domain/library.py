"""Libraries of the drive: folder trees with an owner and shares, and what of them a person's drive shows.

A person may have come by a library in several ways: as its owner, by name, by groups, because it is shared with all.
The highest right counts, whichever way gave it; the folder is that of the most personal way, so that each library is
there once.

What belongs to somebody else always bears its owner's name, ``Survey (ada)``, not only where two are called the same.
A path under ``~/drive`` stands in people's code: it must not lead elsewhere, or nowhere, because a third person has
shared something of the same name meanwhile.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from terraspawner.domain import names
from terraspawner.domain.access import Action, Role
from terraspawner.domain.outside import Connection

NAMESPACE = names.RESERVED_NAMESPACE
"""Libraries stand in addresses as ``library/<id>``, where workspaces have their project; no project is called so."""
SHOWN_LIMIT = 255
"""UTF-8 bytes of a name on the drive (the bound of Linux file systems)."""

OWNED = 200
"""Libraries that one person may own: each may be shared with all, and is then on everybody's drive."""
ON_A_DRIVE = 2000
"""Libraries that a drive shows; of more, those that are there by the most personal ways."""

OF_BUCKETS = frozenset(
    {
        Action.READ_NOTEBOOKS,
        Action.WRITE_NOTEBOOKS,
        Action.TAKE_LEASES,
        Action.READ_BUCKET,
        Action.WRITE_BUCKET,
    }
)
"""What a drive workspace has no place for: its notebooks and data are in libraries."""
BY_WORKSPACE_DOORS = OF_BUCKETS | {Action.SEE}
"""What is done to a library as to a workspace. Its shares, name and end have doors of their own, and no environment
is made in it."""


class Access(enum.StrEnum):
    """What a share gives."""

    READ = "read"
    WRITE = "write"

    @property
    def role(self) -> Role:
        return Role.WRITER if self is Access.WRITE else Role.READER


class Folder(enum.StrEnum):
    """The folders of a drive, the most personal first."""

    MINE = "mine"
    ME = "me"
    GROUPS = "groups"
    ALL = "all"

    @property
    def label(self) -> str:
        """What it is called on the drive and on pages."""
        return _LABELS[self]


_LABELS = {
    Folder.MINE: "My Libraries",
    Folder.ME: "Shared with me",
    Folder.GROUPS: "Shared with groups",
    Folder.ALL: "Shared with all",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A folder tree of files. `people` and `groups` are its shares by name, without the owner.

    `size_limit` and `used` in bytes: None where there is no limit, and where nobody has looked yet; both for one whose
    files lie on a drive from `outside`, which has its own.
    """

    id: str
    name: str
    owner: str
    created_at: datetime
    for_all: Access | None = None
    people: Mapping[str, Access] = field(default_factory=dict)
    groups: Mapping[str, Access] = field(default_factory=dict)
    size_limit: int | None = None
    used: int | None = None
    outside: Connection | None = None

    def has_room(self, size: int) -> bool:
        """Whether `size` bytes more are within its limit, as far as it is known how full it is."""
        return self.size_limit is None or (self.used or 0) + size <= self.size_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A library on a person's drive. `name` is one segment of a path, of at most 255 bytes and unique on the drive."""

    id: str
    folder: Folder
    name: str
    is_read_only: bool
    is_outside: bool = False
    """Its files lie on a drive from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a person has of a library: by the most personal way that there is, with the highest right of all ways."""

    folder: Folder
    role: Role

    @property
    def is_read_only(self) -> bool:
        return self.role is Role.READER


def held(library: Library, user: str, groups: Collection[str]) -> Held | None:
    """None where nothing of it is `user`'s, who is in `groups`."""
    if library.owner == user:
        return Held(folder=Folder.MINE, role=Role.OWNER)
    ways = [(Folder.ME, library.people[user])] if user in library.people else []
    ways += [(Folder.GROUPS, access) for group, access in library.groups.items() if group in groups]
    ways += [(Folder.ALL, library.for_all)] if library.for_all else []
    if not ways:
        return None
    writes = any(access is Access.WRITE for _, access in ways)
    return Held(folder=ways[0][0], role=Role.WRITER if writes else Role.READER)


def shown(libraries: Iterable[Library], user: str, groups: Collection[str]) -> tuple[Shown, ...]:
    """What the drive of `user`, who is in `groups`, shows of `libraries`: by folder and name, whatever their order."""
    taken: set[str] = set()
    mine = []
    for library in sorted(libraries, key=lambda one: (one.owner != user, one.created_at, one.id)):
        here = held(library, user, groups)
        if here is not None:
            name = _unique(library, user, taken)
            mine.append(
                Shown(
                    id=library.id,
                    folder=here.folder,
                    name=name,
                    is_read_only=here.is_read_only,
                    is_outside=library.outside is not None,
                )
            )
    order = list(Folder)
    return tuple(sorted(mine, key=lambda one: (order.index(one.folder), names.comparable(one.name))))


def _unique(library: Library, user: str, taken: set[str]) -> str:
    """Its name on this drive. Unique on the whole drive: working copies of its notebooks lie under it in one folder.

    A counter is needed only where somebody has called an own library like a shared one, or where a name was cut.
    """
    ending = "" if library.owner == user else f" ({library.owner})"
    for counter in itertools.chain([""], (f" {n}" for n in itertools.count(2))):
        tail = ending + counter
        name = _cut(library.name, SHOWN_LIMIT - len(tail.encode())) + tail
        if names.comparable(name) not in taken:
            break
    taken.add(names.comparable(name))
    return name


def _cut(name: str, limit: int) -> str:
    """At most `limit` bytes of it, no half character."""
    return name.encode()[:limit].decode(errors="ignore")
