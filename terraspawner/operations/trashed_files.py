"""Data files in the trash. Their bytes are renamed, never copied: some are larger than what is free.

The row is written first. Is the process ended between row and rename, the trash shows a file that is still in its
place: restoring it finds that, and purging it takes nothing away. The other order would lose a file to everybody. So
the row also stays where a store gave no answer: it may have renamed all the same.
"""

from __future__ import annotations

from contextlib import suppress

from terraspawner.db import trash_records
from terraspawner.domain import data_file
from terraspawner.domain.trash import Item, ItemState, Kind
from terraspawner.errors import NameTaken, TrashMissing
from terraspawner.operations import discarding, library_room
from terraspawner.operations.context import Context
from terraspawner.storage.base import ANYTHING, ObjectChanged, ObjectInfo, check_key
from terraspawner.storage.errors import KeyRefused, ObjectMissing
from terraspawner.storage.layout import DATA_TRASH


def discard(context: Context, workspace_id: str, found: ObjectInfo, by: str) -> Item:
    """Raises `ObjectMissing` and `ObjectChanged` where the file is not what was found any more."""
    path = found.key.removeprefix(data_file.FOLDER)
    with context.database.write() as connection:
        item = discarding.put(
            context,
            connection,
            kind=Kind.FILE,
            subject=path,
            workspace_id=workspace_id,
            user=by,
            name=path,
            size=found.size,
            by=by,
        )
    try:
        context.bucket(workspace_id).rename(found.key, _key(item), found.version)
    except (ObjectChanged, ObjectMissing, KeyRefused):  # the file is where it was, or is not
        with context.database.write() as connection:
            trash_records.set_state(connection, item.id, ItemState.RESTORED, context.now())
        raise
    return item


def put_back(context: Context, item: Item, to: str | None) -> None:
    """Among the data again, under its own name or `to`; if it is there already, that is as good.

    Raises `NameTaken`, `KeyRefused`, `IsANotebook`, `LibraryFull`, `TrashMissing`.
    """
    path = item.subject if to is None else data_file.path_of(to)
    if to is not None:
        data_file.check_may_be_written(path)
    bucket, key = context.bucket(item.workspace_id), check_key(data_file.FOLDER + path)
    try:
        with library_room.taken_again(context, item, key):
            bucket.rename(_key(item), key, ANYTHING)
    except ObjectChanged as error:
        raise NameTaken(
            f"There is a file {path!r} in the bucket already. Restore it under another name.", name=path
        ) from error
    except ObjectMissing as error:
        try:
            bucket.stat(key)
        except ObjectMissing:
            raise TrashMissing from error


def forget(context: Context, item: Item) -> None:
    """Gone for good. Done already is done."""
    with suppress(ObjectMissing):
        context.bucket(item.workspace_id).delete(_key(item), ANYTHING)


def _key(item: Item) -> str:
    return f"{DATA_TRASH}{item.id}"
