"""How much room a library has: its owner's limit, and what its files take.

What goes through the service is refused where it does not fit. Terminals and programs write past it: there a limit can
only be watched, so what was measured last is told with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from terraspawner.db import library_records, records
from terraspawner.domain import data_file
from terraspawner.domain.access import Action
from terraspawner.domain.library import Library
from terraspawner.domain.trash import Item
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import Refused
from terraspawner.errors_libraries import LibraryFull, LibraryMissing
from terraspawner.operations import audit, libraries
from terraspawner.operations.context import Context
from terraspawner.operations.libraries import Seen
from terraspawner.storage.base import find
from terraspawner.storage.layout import DATA, NOTEBOOKS

LEAST = 1024**2
"""Bytes of the smallest limit: less is a slip of the pen."""


def set_limit(context: Context, *, actor: str, library_id: str, size: int | None) -> Seen:
    """None takes the limit away. What is there already stays. Raises `Refused`, `LibraryMissing`, `NotAllowed`."""
    if size is not None and size < LEAST:
        raise Refused(f"A library has {LEAST} bytes at least: 1 MiB.", least=LEAST)
    with context.database.write() as connection:
        at = libraries.within(connection, user=actor, library_id=library_id, action=Action.CHANGE_WORKSPACE).library
        if at.outside:
            raise Refused(f"The files of {at.name!r} lie on a drive from outside, which has a limit of its own.")
        if size != at.size_limit:
            library_records.change(connection, at.id, size_limit=size)
            audit.note(
                context, connection, actor=actor, action="library-limited", subject=f"library:{at.id}", name=at.name,
                before=at.size_limit, after=size,
            )  # fmt: skip
        return libraries.within(connection, user=actor, library_id=library_id, action=Action.SEE)


@contextmanager
def taken(context: Context, at: Workspace, key: str, size: int) -> Iterator[None]:
    """While `size` bytes are put in place of what `key` has now. They count from before that, and not when they are
    measured: of those who write at once nobody gets the room of another. Room that becomes free is there afterwards.

    Raises as `refuse_what_does_not_fit`.
    """
    more = refuse_what_does_not_fit(context, at, key, size)
    while more > 0 and not _reserved(context, at.id, more):  # somebody else was quicker
        more = refuse_what_does_not_fit(context, at, key, size)
    try:
        yield
    except BaseException:
        if more > 0:
            _count(context, at.id, -more)
        raise
    if more < 0:
        _count(context, at.id, more)


def given_back(context: Context, at: Workspace, item: Item) -> None:
    """It is in the trash: its room is there for others at once."""
    if not at.is_library or not item.size:
        return
    with context.database.write() as connection:
        if _library(connection, at.id).used is not None:
            library_records.count(connection, at.id, -item.size)


def refuse_what_does_not_fit(context: Context, at: Workspace, key: str, size: int, announced: int = 0) -> int:
    """Raises `LibraryFull` where `size` bytes in place of what `key` has now are beyond the limit of a library, with
    those that are `announced` by uploads; others have none, and what becomes smaller always fits. Returns how many
    bytes more it has then, 0 where nobody counts."""
    if not at.is_library:
        return 0
    with context.database.read() as connection:
        library = _library(connection, at.id)
    if library.size_limit is None:
        return 0
    present = find(context.bucket(at.id), key)
    more = size - (present.size if present else 0)
    if more > 0 and not library.has_room(more + announced):
        under_way = f" and {announced} under way in uploads" if announced else ""
        raise LibraryFull(
            f"The library {library.name!r} has {library.used} of {library.size_limit} bytes in use{under_way}, so"
            f" {more} more do not fit. Nothing was written. Delete something there, or ask {library.owner} for a larger"
            " limit.",
            used=library.used,
            limit=library.size_limit,
        )
    return more


def _reserved(context: Context, library_id: str, more: int) -> bool:
    with context.database.write() as connection:
        return library_records.reserve(connection, library_id, more)


def _count(context: Context, library_id: str, more: int) -> None:
    with context.database.write() as connection:
        library_records.count(connection, library_id, more)


@contextmanager
def taken_again(context: Context, item: Item, key: str) -> Iterator[None]:
    """The same for what was in the trash, and is as large as it was."""
    with context.database.read() as connection:
        at = records.workspace_by_id(connection, item.workspace_id)
    with taken(context, at, key, item.size or 0):
        yield


def measure(context: Context, library_id: str) -> int:
    """Count what its files take, in bytes, and keep it. Raises `BucketUnavailable`, and `LibraryMissing` where it went
    for good meanwhile."""
    bucket = context.bucket(library_id)
    used = data_file.total(info.size for zone in (NOTEBOOKS, DATA) for info in bucket.list(f"{zone}/"))
    with context.database.read() as connection:
        known = _library(connection, library_id).used
    if used != known:
        with context.database.write() as connection:
            library_records.change(connection, library_id, used=used)
    return used


def libraries_here(context: Context) -> list[str]:
    """The ids of those that are not in the trash and lie here: a drive from outside has limits of its own."""
    with context.database.read() as connection:
        return library_records.ids_here(connection)


def _library(connection: sa.Connection, library_id: str) -> Library:
    """Raises `LibraryMissing` where there is none (any more)."""
    found = library_records.libraries_by_id(connection, [library_id]).get(library_id)
    if found is None:
        raise LibraryMissing
    return found
