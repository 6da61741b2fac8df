"""What goes into the transaction that decides about a notebook, and what can come out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from terraspawner.domain.history import Intent, Notebook, NotebookVersion, VersionKind
from terraspawner.storage.base import ObjectInfo, digest_of

Guard = Callable[[sa.Connection], None]
"""Asked inside transaction 1, before anything is decided: whether its person may (still) do this, and whether the lease
that comes with it is the present one, by its fence. Raises what says why not; nothing was changed then."""


def unguarded(_connection: sa.Connection) -> None:
    """Of what the service does by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """What somebody wants to be the next version. `base` is the version it is based on, None for a new notebook;
    `must_be_new` where one that is there is in the way even with the same bytes. `sha256` is the body's, reckoned here
    and not in a transaction, for which all others wait."""

    body: bytes
    base: str | None
    kind: VersionKind
    author: str
    environment: str = ""
    fence: int | None = None
    save_id: str = ""
    must_be_new: bool = False
    guard: Guard = unguarded
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", digest_of(self.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """These bytes are a version of the notebook; `is_old` where the same save was answered before, maybe long ago."""

    version: NotebookVersion
    is_old: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """Something else is being done with the notebook, and has to be carried out first."""

    intent: Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedOn:
    """The notebook is another version than the one the save is based on; None where there is none."""

    present: Notebook | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The object has the bytes of an intent; `by_us` where this very call wrote them."""

    info: ObjectInfo
    by_us: bool


Answer = Saved | Underway | MovedOn | Intent
"""What transaction 1 came to. An `Intent` is to be carried out: `put`, then `finish`."""
