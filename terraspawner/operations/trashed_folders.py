"""Folders of data files on their way into the trash, back, and out of it for good: one item, whatever is in them.

No store renames a folder, so each file is renamed, which takes its time. A request only writes down what is wanted; the
worker carries it out, some seconds at once, and after a restart goes on with what is left. In the trash the files lie
as they lay in the folder. One that finds its place taken comes beside it under a name with a counter: nothing is
written over, and nothing is lost. (A store that copies in place of renaming, and is killed between copy and removal,
leaves a file twice.) What the service may not move stays where it is, and the item's name says so.

Notebooks of a library are not among its data: they stay, with their locks and versions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from terraspawner.db import records, trash_records
from terraspawner.domain import data_file
from terraspawner.domain import trash as rules
from terraspawner.domain.access import Action
from terraspawner.domain.trash import Item, ItemEvent, ItemState, Kind
from terraspawner.errors import NameTaken, Refused
from terraspawner.errors_files import FileMissing
from terraspawner.operations import discarding, files, library_room
from terraspawner.operations.context import Context
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ANYTHING, Bucket, ObjectChanged, ObjectInfo, check_key
from terraspawner.storage.errors import KeyRefused, ObjectMissing
from terraspawner.storage.folders import remove_empty
from terraspawner.storage.layout import DATA_TRASH

AT_ONCE = timedelta(seconds=10)
COUNTED = 10_000
"""Files and folders that are looked at for somebody who waits; of more it is said that there are more."""
_NAMES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What is in a folder: so many `files` of `size` bytes together, and not all were counted where `is_more`."""

    files: int
    size: int
    is_more: bool


def weigh(context: Context, place: Place) -> Weight:
    """What would go with the folder `place.path`. Raises `FileMissing`, `Refused` for the whole bucket."""
    workspace = files.enter(context, place, Action.WRITE_BUCKET)
    return _weighed(context.bucket(workspace.id), _folder(place.path))


def discard(context: Context, place: Place) -> tuple[Item, Weight]:
    """Write down that it shall go into the trash; asked again while it goes, it is the same item. Raises as `weigh`."""
    workspace, folder = files.enter(context, place, Action.WRITE_BUCKET), _folder(place.path)
    path = folder.removeprefix(data_file.FOLDER)[:-1]
    weight = _weighed(context.bucket(workspace.id), folder)
    with context.database.write() as connection:
        there = trash_records.items_there(connection, kind=Kind.FOLDER, within=[workspace.id])
        for item in there:
            if (item.subject, item.state) == (path, ItemState.DISCARDING):
                return item, weight
        item = discarding.put(
            context, connection, kind=Kind.FOLDER, subject=path, workspace_id=workspace.id, user=place.user, name=path,
            size=0, by=place.user, state=ItemState.DISCARDING,
        )  # fmt: skip
    return item, weight


def going_back(context: Context, item: Item, to: str | None) -> Item:
    """As it is to be brought back: to its own place or the folder `to`, where nothing may be; one that is still on its
    way into the trash turns round. Raises `NameTaken`, `Refused`, `KeyRefused`, `LibraryFull`."""
    path = item.subject if to is None else data_file.path_of(to).strip("/")
    bucket, key = context.bucket(item.workspace_id), check_key(data_file.FOLDER + path)
    if to is not None:
        data_file.check_may_be_written(path)
    if item.state is ItemState.DISCARDING:
        if path != item.subject:
            raise Refused("The folder is still on its way into the trash. Restore it under its own name, or later.")
        return item
    _refuse_taken(bucket, key, path)
    with library_room.taken_again(context, item, key):
        return replace(item, subject=path)


def on_the_way(context: Context, place: Place) -> list[Item]:
    """The folders of a workspace that are neither here nor there."""
    workspace = files.enter(context, place, Action.READ_BUCKET)
    found = (item for item in under_way(context) if item.workspace_id == workspace.id)
    return [item for item in found if item.state is not ItemState.PURGING]


def under_way(context: Context) -> list[Item]:
    """All of them, and those that shall be gone for good."""
    with context.database.read() as connection:
        return trash_records.items_on_the_way(connection, Kind.FOLDER)


def go_on(context: Context, item_id: str) -> bool:
    """Do some of what is wanted; returns whether that is all. Raises `BucketUnavailable` and what a store raises."""
    with context.database.read() as connection:
        item = trash_records.item_by_id(connection, item_id)
    if item is None:
        return True
    if item.state is ItemState.DISCARDING:
        return _collect(context, item)
    if item.state is ItemState.RESTORING:
        return _bring_back(context, item)
    return item.state is not ItemState.PURGING or _purge(context, item)


def _collect(context: Context, item: Item) -> bool:
    bucket, trash = context.bucket(item.workspace_id), _trash(item)
    moved = _move_some(context, bucket, f"{data_file.FOLDER}{item.subject}/", trash)
    if moved.is_more:
        with context.database.write() as connection:  # for who looks at the page meanwhile
            trash_records.change(connection, item.id, size=data_file.total((item.size or 0, moved.size)))
        return False
    sizes = [info.size for info in bucket.list(trash)]
    size = data_file.total(sizes)
    with context.database.write() as connection:
        now = trash_records.item_by_id(connection, item.id)
        if now is None or now.state is not ItemState.DISCARDING:
            return False  # somebody wants it back by now
        trash_records.change(connection, item.id, size=size, name=_called(item.subject, moved.left))
        state = rules.next_state(now.state, ItemEvent.COLLECTED) if sizes else ItemState.RESTORED
        trash_records.set_state(connection, item.id, state, None if sizes else context.now())
        workspace = records.workspace_by_id(connection, item.workspace_id)
    library_room.given_back(context, workspace, replace(item, size=size))
    return True


def _bring_back(context: Context, item: Item) -> bool:
    bucket, trash = context.bucket(item.workspace_id), _trash(item)
    moved = _move_some(context, bucket, trash, f"{data_file.FOLDER}{item.subject}/")
    if moved.is_more:
        return False
    event = ItemEvent.COLLECTED if moved.left else ItemEvent.BROUGHT_BACK
    with context.database.write() as connection:
        if moved.left:
            trash_records.change(connection, item.id, name=_called(item.subject, moved.left))
        ended = None if moved.left else context.now()
        trash_records.set_state(connection, item.id, rules.next_state(item.state, event), ended)
    return True


def _purge(context: Context, item: Item) -> bool:
    bucket, trash = context.bucket(item.workspace_id), _trash(item)
    until, is_begun = context.now() + AT_ONCE, False
    for info in _files_below(bucket, trash):
        if is_begun and context.now() >= until:
            return False
        with suppress(ObjectMissing):
            bucket.delete(info.key, ANYTHING)
        is_begun = True
    remove_empty(bucket, trash)
    with context.database.write() as connection:
        state = rules.next_state(item.state, ItemEvent.PURGED)
        trash_records.set_state(connection, item.id, state, context.now())
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    """So many bytes this time; `left` files cannot be moved; and whether there are more that were not looked at."""

    size: int
    left: int
    is_more: bool


def _move_some(context: Context, bucket: Bucket, source: str, target: str) -> _Moved:
    """Time is over only once something was moved: those that cannot be would else be all that is ever looked at."""
    sizes: list[int] = []
    left, until = 0, context.now() + AT_ONCE
    for info in _files_below(bucket, source):
        if sizes and context.now() >= until:
            return _Moved(size=sum(sizes), left=left, is_more=True)
        if _is_moved(bucket, info.key, target + info.key.removeprefix(source)):
            sizes.append(info.size)
        else:
            left += 1
    remove_empty(bucket, source)
    return _Moved(size=sum(sizes), left=left, is_more=False)


def _files_below(bucket: Bucket, folder: str) -> Iterator[ObjectInfo]:
    return (each for each in _below(bucket, folder) if not isinstance(each, str))


def _below(bucket: Bucket, folder: str) -> Iterator[ObjectInfo | str]:
    """What is below a folder, files and folders, folder by folder: a list of all would take an object store minutes
    before the first is told."""
    waiting = [folder]
    while waiting:
        for each in bucket.entries(waiting.pop()):
            if isinstance(each, str):
                waiting.append(each)
            yield each


def _is_moved(bucket: Bucket, key: str, target: str) -> bool:
    for place in itertools.islice(_names(target), _NAMES):
        try:
            bucket.rename(key, place, ANYTHING)
        except ObjectMissing:
            return True  # somebody else took it away
        except ObjectChanged as error:
            if error.details["key"] == key:
                return error.current is None  # else somebody writes to it, maybe all the time
            continue
        except KeyRefused:
            return False
        return True
    return False


def _names(key: str) -> itertools.chain[str]:
    """The key itself, then with a counter before its ending."""
    folder, slash, name = key.rpartition("/")
    begin, dot, ending = name.rpartition(".") if "." in name[1:] else (name, "", "")
    return itertools.chain([key], (f"{folder}{slash}{begin} ({n}){dot}{ending}" for n in itertools.count(2)))


def _weighed(bucket: Bucket, folder: str) -> Weight:
    found = list(itertools.islice(_below(bucket, folder), COUNTED + 1))
    sizes = [each.size for each in found[:COUNTED] if not isinstance(each, str)]
    if not found and not _is_there(bucket, folder):
        path = folder.removeprefix(data_file.FOLDER)[:-1]
        raise FileMissing(f"There is no folder {path!r} here. It may have been renamed, or be in the trash.")
    return Weight(files=len(sizes), size=sum(sizes), is_more=len(found) > COUNTED)


def _is_there(bucket: Bucket, folder: str) -> bool:
    """Whether there is such a folder, with nothing in it that a list would have."""
    parent = folder[:-1].rpartition("/")[0] + "/"
    found = (each if isinstance(each, str) else each.key for each in bucket.entries(parent, after=folder[:-1]))
    return folder in itertools.takewhile(lambda key: key <= folder, found)


def _refuse_taken(bucket: Bucket, key: str, path: str) -> None:
    parent = key.rpartition("/")[0] + "/"
    found = (each if isinstance(each, str) else each.key for each in bucket.entries(parent, after=key[:-1]))
    if any(each in (key, f"{key}/") for each in itertools.takewhile(lambda other: other <= f"{key}/", found)):
        raise NameTaken(f"There is {path!r} in the bucket already. Restore the folder under another name.", name=path)


def _folder(path: str) -> str:
    inside = data_file.path_of(path).strip("/")
    if not inside:
        raise Refused("The whole of a bucket is not deleted. Name a folder in it, or delete the workspace.")
    return f"{check_key(data_file.FOLDER + inside)}/"


def _called(path: str, left: int) -> str:
    return f"{path} (but for {left} that the service may not move)"[:1024] if left else path


def _trash(item: Item) -> str:
    return f"{DATA_TRASH}{item.id}/"
