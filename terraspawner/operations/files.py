"""Data files in the bucket of a workspace: looked at, read, written, deleted (FEATURES.md H5).

No row is kept of them: environments write them past us, so the bucket alone knows what there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from terraspawner.domain import data_file
from terraspawner.domain.access import Action
from terraspawner.domain.trash import Item
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import Refused
from terraspawner.errors_files import FileMissing, FileMovedOn, FileTooLarge
from terraspawner.operations import library_room, pieces, trashed_files, workspaces
from terraspawner.operations.context import Context, new_id
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import (
    Absent,
    Anything,
    Bucket,
    ObjectChanged,
    ObjectInfo,
    Version,
    check_key,
    find,
    is_key,
)
from terraspawner.storage.errors import ObjectMissing
from terraspawner.storage.folders import hidden

Expected = Absent | Version | Anything
MOST = 1000
"""Entries of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    """A file as people know it. `size` in bytes."""

    path: str
    size: int
    modified: datetime
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of what lies in a folder, in the order of names: files, and paths of folders, which end with ``/``. Of the
    whole folder, so many are `hidden`: their names are none that a bucket takes."""

    items: tuple[FileInfo | str, ...]
    next: str | None
    hidden: int = 0


def list_folder(context: Context, place: Place, *, after: str = "", limit: int = MOST) -> Page:
    """What lies in the folder `place.path`, empty for the top; `after` is the `next` of the page before."""
    workspace = enter(context, place, Action.READ_BUCKET)
    folder = f"{_key(place.path.strip('/'))}/" if place.path.strip("/") else data_file.FOLDER
    bucket = context.bucket(workspace.id)
    found = bucket.entries(folder, after=_after(folder, after))
    items = tuple(each if isinstance(each, str) else info_of(each) for each in islice(found, limit + 1))
    named = tuple(_path(each) if isinstance(each, str) else each for each in items)
    last = named[limit - 1] if len(named) > limit else None
    following = last.path if isinstance(last, FileInfo) else last
    return Page(items=named[:limit], next=following, hidden=hidden(bucket, folder))


def _after(folder: str, cursor: str) -> str:
    """The key that a page begins after. Raises `Refused` for a cursor that no page of the folder gave: what is no key
    a store may take for anything."""
    key = data_file.FOLDER + cursor
    if cursor and not (key.startswith(folder) and is_key(key.removesuffix("/"))):
        raise Refused("There is no page after this cursor. Begin without one.")
    return key if cursor else ""


def describe(context: Context, place: Place) -> FileInfo:
    """Raises `FileMissing`."""
    bucket, key = _reach(context, place, Action.READ_BUCKET)
    try:
        return info_of(bucket.stat(key))
    except ObjectMissing as error:
        raise missing(place.path) from error


def read_part(context: Context, place: Place, version: str, start: int, size: int) -> bytes:
    """At most `size` bytes from byte `start` on. Raises `FileMissing`, `FileMovedOn` where it was changed meanwhile."""
    bucket, key = _reach(context, place, Action.READ_BUCKET)
    try:
        return bucket.read_range(key, start, size, Version(version))
    except ObjectMissing as error:
        raise missing(place.path) from error
    except ObjectChanged as error:
        raise moved_on(place.path, error.current) from error


def check_write(context: Context, place: Place, size: int, expected: Expected, announced: int = 0) -> None:
    """Before anything is sent; `announced` bytes of other files are on their way.

    Raises `IsANotebook`, `KeyRefused`, `FileTooLarge`, `LibraryFull`, `FileMovedOn`.
    """
    workspace, key = enter(context, place, Action.WRITE_BUCKET), _key(place.path)
    data_file.check_may_be_written(key)
    check_size(place.path, size, context.settings.file_limit)
    library_room.refuse_what_does_not_fit(context, workspace, key, size, announced)
    if isinstance(expected, Anything):
        return
    found = find(context.bucket(workspace.id), key)
    is_as_expected = found is None if isinstance(expected, Absent) else found is not None and found.version == expected
    if not is_as_expected:
        raise moved_on(place.path, found)


def keep_piece(context: Context, place: Place, upload_id: str, offset: int, piece: bytes) -> None:
    """A part of a file that is sent in one go, until `write` is told of its end."""
    bucket, _ = _reach(context, place, Action.WRITE_BUCKET)
    pieces.keep(bucket, upload_id, offset, piece)


def drop_pieces(context: Context, place: Place, upload_id: str) -> None:
    """What was sent of it is in the file, or comes to nothing."""
    workspace = enter(context, place, Action.READ_BUCKET)
    pieces.forget(context.bucket(workspace.id), upload_id)


def write(
    context: Context, place: Place, last: bytes, expected: Expected, upload_id: str = "", at: int = 0
) -> FileInfo:
    """Put the file there: the pieces of `upload_id`, if there are any, and the `last` one, which begins at byte `at`.

    Raises as `check_write`, and `UploadMissing` where pieces are not there. Those that are stay.
    """
    workspace, key = enter(context, place, Action.WRITE_BUCKET), _key(place.path)
    data_file.check_may_be_written(key)
    bucket = context.bucket(workspace.id)
    body: Iterable[bytes] = pieces.whole(bucket, upload_id, last, at) if upload_id else (last,)
    try:
        with library_room.taken(context, workspace, key, at + len(last)):
            return info_of(bucket.write_stream(key, body, expected))
    except ObjectChanged as error:
        raise moved_on(place.path, error.current) from error


def delete(context: Context, place: Place, base: str | None = None) -> Item:
    """Put it into the trash, if it is still version `base` or whatever it is; who may write here can restore it.

    Raises `FileMissing`, `FileMovedOn`.
    """
    workspace = enter(context, place, Action.WRITE_BUCKET)
    key = _key(place.path)
    try:
        found = context.bucket(workspace.id).stat(key)
        if base is not None and base != found.version:
            found = replace(found, version=Version(base))  # the store refuses, and tells what there is
        item = trashed_files.discard(context, workspace.id, found, place.user)
    except ObjectMissing as error:
        raise missing(place.path) from error
    except ObjectChanged as error:
        raise moved_on(place.path, error.current) from error
    library_room.given_back(context, workspace, item)
    return item


def enter(context: Context, place: Place, action: Action) -> Workspace:
    return workspaces.enter(context, user=place.user, namespace=place.namespace, name=place.name, action=action)


def info_of(info: ObjectInfo) -> FileInfo:
    return FileInfo(path=_path(info.key), size=info.size, modified=info.modified, version=info.version)


def new_upload_id() -> str:
    return new_id()


def missing(path: str) -> FileMissing:
    return FileMissing(f"There is no file {path!r} here. It may have been renamed, or be in the trash.")


def moved_on(path: str, present: ObjectInfo | None) -> FileMovedOn:
    """What is told to whose request names another version; the present one is in the details."""
    what = "is no longer in the bucket" if present is None else "is in the bucket in another version than you named"
    return FileMovedOn(
        f"The file {path!r} {what}. Nothing was changed; look at it, then decide.",
        version=present and present.version,
        size=present and present.size,
        modified=present and present.modified.isoformat(),
    )


def check_size(path: str, size: int, limit: int) -> None:
    """Raises `FileTooLarge`."""
    if size > limit:
        raise FileTooLarge(
            f"The file {path!r} is larger than {limit / 1024**3:.3g} GiB, which is the limit here. Split it, copy it in"
            " an environment, or ask the operator.",
            limit=limit,
        )


def _reach(context: Context, place: Place, action: Action) -> tuple[Bucket, str]:
    workspace = enter(context, place, action)
    return context.bucket(workspace.id), _key(place.path)


def _key(path: str) -> str:
    return check_key(data_file.FOLDER + data_file.path_of(path))


def _path(key: str) -> str:
    return key.removeprefix(data_file.FOLDER)
