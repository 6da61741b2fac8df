"""Notebooks on their way into the trash and back: in the bucket, under a prefix that no list of notebooks shows.

No store moves an object in one step, and the row is in another house. So: first a copy under the trash's prefix, then
the row, then the object goes, if it is still the version that was looked at. A kill in between leaves the notebook
where it was, with a copy that costs some bytes, or a second one in the trash; never none.
"""

from __future__ import annotations

from contextlib import suppress

from terraspawner.db import trash_records
from terraspawner.domain import names
from terraspawner.domain.trash import Item, ItemState, Kind
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import NameTaken, TrashMissing
from terraspawner.operations import discarding
from terraspawner.operations.context import Context, new_id
from terraspawner.operations.notebook_names import FOLDER, refuse_twin
from terraspawner.storage.base import ABSENT, ANYTHING, TRASH, ObjectChanged, Version, meets, save
from terraspawner.storage.errors import ObjectMissing


def discard(context: Context, workspace: Workspace, *, path: str, base: str, by: str) -> Item:
    """Take version `base` of a notebook out of the list. Raises `ObjectMissing`, `ObjectChanged`."""
    bucket, item_id = context.bucket(workspace.id), new_id()
    body, found = bucket.read(FOLDER + path)
    if not meets(found, Version(base)):
        raise ObjectChanged(FOLDER + path, found)
    bucket.write(_key(item_id), body, ABSENT)
    with context.database.write() as connection:
        item = discarding.put(
            context,
            connection,
            kind=Kind.NOTEBOOK,
            subject=path,
            workspace_id=workspace.id,
            user=by,
            name=path,
            size=len(body),
            by=by,
            item_id=item_id,
        )
    try:
        bucket.delete(FOLDER + path, found.version)
    except (ObjectChanged, ObjectMissing):
        # somebody saved it in this moment: theirs stays, and it never was in the trash
        with context.database.write() as connection:
            trash_records.set_state(connection, item_id, ItemState.PURGED, context.now())
        forget(context, item)
        raise
    return item


def put_back(context: Context, item: Item, to: str | None) -> None:
    """Into the list again, under its own name or `to`; if it is there already, that is as good.

    Raises `NameTaken`, `NameRefused`, `TrashMissing`.
    """
    bucket = context.bucket(item.workspace_id)
    path = names.notebook_path_of_title(to) if to is not None else item.subject
    refuse_twin(bucket, path)
    try:
        body, _ = bucket.read(_key(item.id))
        save(bucket, FOLDER + path, body, ABSENT)
    except ObjectMissing as error:
        raise TrashMissing from error
    except ObjectChanged as error:
        raise NameTaken(
            f"There is another notebook {path!r} in this workspace by now. Restore this one under another name."
        ) from error


def forget(context: Context, item: Item) -> None:
    """Delete the bytes that the trash kept. Done already is done."""
    with suppress(ObjectMissing):
        context.bucket(item.workspace_id).delete(_key(item.id), ANYTHING)


def _key(item_id: str) -> str:
    return f"{TRASH}{item_id}"
