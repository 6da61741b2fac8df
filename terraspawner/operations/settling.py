"""Notebooks as they are: what was begun is carried out, what somebody did past us is taken into their history.

Called before anything new is begun with a notebook, and by the worker for what a killed process left.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa

from terraspawner.db import notebook_records
from terraspawner.domain.history import Deed, Intent, Notebook, NotebookState, VersionKind
from terraspawner.errors import TerraError, Unavailable
from terraspawner.operations import move_steps, save_steps
from terraspawner.operations.context import Context, new_id
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.storage import blobs
from terraspawner.storage.base import Bucket, ObjectInfo, Version, find
from terraspawner.storage.errors import ObjectMissing
from terraspawner.storage.overwriting import overwriting

log = logging.getLogger(__name__)

ATTEMPTS = 20
"""How often something is done again because somebody else came between; each time somebody made progress."""


def carry_out(context: Context, workspace_id: str, intent: Intent) -> None:
    """What somebody began, to its end. Raises `BucketUnavailable`: then it stands and is tried again."""
    bucket = context.bucket(workspace_id)
    try:
        if intent.deed is Deed.SAVE:
            placed = save_steps.put(context, bucket, intent, blobs.read(bucket, intent.sha256))
            save_steps.finish(context, bucket, intent, placed)
        elif intent.deed is Deed.DISCARD:
            move_steps.carry_out_discard(context, bucket, intent)
        else:
            move_steps.carry_out_move(context, bucket, intent)
    except ObjectMissing:
        log.exception(
            "what %s of notebook %s needs is not in the bucket; it is given up", intent.deed, intent.notebook_id
        )
        save_steps.give_up(context, intent)


def settle_all(context: Context) -> int:
    """Carry out whatever was left; returns how many could not be. One's trouble holds up no other."""
    with context.database.read() as connection:
        left = notebook_records.intents(connection)
    failed = 0
    for intent, workspace_id in left:
        try:
            carry_out(context, workspace_id, intent)
        except TerraError as error:
            failed += 1
            log.warning("%s of notebook %s is not finished: %s", intent.deed, intent.notebook_id, error.message)
        except Exception:  # whatever is wrong with one, the others are carried out
            failed += 1
            log.exception("%s of notebook %s is not finished", intent.deed, intent.notebook_id)
    return failed


def settled(context: Context, workspace_id: str, path: str) -> Notebook | None:
    """The notebook at `path`, with nothing under way; its row may still know less than the bucket.

    Raises `BucketUnavailable`, `Unavailable`.
    """
    for _ in range(ATTEMPTS):
        with context.database.read() as connection:
            row = notebook_records.notebook_at(connection, workspace_id, path)
            coming = notebook_records.intent_towards(connection, workspace_id, path)
            if coming is None and row is not None:
                coming = notebook_records.intent_of(connection, row.id)
        if coming is None:
            return row
        carry_out(context, workspace_id, coming)
    raise restless(path)


def present(context: Context, workspace_id: str, path: str) -> Notebook | None:
    """The notebook at `path` as the bucket has it, None where it has none.

    A notebook from before there were histories gets its first version here. Raises as `settled` does.
    """
    bucket = context.bucket(workspace_id)
    for _ in range(ATTEMPTS):
        row = settled(context, workspace_id, path)
        info = find(bucket, FOLDER + path)  # after the row: what is told of it now is no older
        if (row.version if row else None) == (info.version if info else None):
            return row
        if info is None and row is not None:
            _note_gone(context, row)
        elif row is not None and info is not None and _came_late(context, bucket, row, info):
            _put_back(bucket, row)
        else:
            _take_in(context, bucket, workspace_id, path, row)
    raise restless(path)


def heal(context: Context, workspace_id: str) -> int:
    """In a store that takes no conditions: put back what late writes of ours came out on top of. Returns how many.

    Elsewhere there is nothing to look for. Raises `BucketUnavailable`.
    """
    bucket = context.bucket(workspace_id)
    if overwriting(bucket) is None:
        return 0
    there = {info.key.removeprefix(FOLDER): info for info in bucket.list(FOLDER)}
    with context.database.read() as connection:
        rows = [row for row in notebook_records.notebooks_of(connection, workspace_id) if row.path in there]
    late = [row for row in rows if _came_late(context, bucket, row, there[row.path])]
    for row in late:
        present(context, workspace_id, row.path)
    return len(late)


def _came_late(context: Context, bucket: Bucket, row: Notebook, info: ObjectInfo) -> bool:
    """Whether what lies there is an earlier version of ours, in a store that lets it: nobody else writes as we do."""
    if info.version == row.version or row.state is not NotebookState.LIVE or overwriting(bucket) is None:
        return False
    with context.database.read() as connection:
        earlier = notebook_records.version_called(connection, row.id, str(info.version))
    return earlier is not None and earlier.number < row.number


def _put_back(bucket: Bucket, row: Notebook) -> None:
    """As the version that it was, so that whoever works on it goes on."""
    store = overwriting(bucket)
    assert store is not None, "it was asked before"  # noqa: S101 - for the type checker
    log.warning("a late write of notebook %s came out on top; version %d is put back", row.id, row.number)
    store.put_back(FOLDER + row.path, blobs.read(bucket, row.sha256), Version(row.version))


def restless(path: str) -> Unavailable:
    return Unavailable(f"{path!r} is being changed by others all the time. Nothing was changed. Try again in a minute.")


def _note_gone(context: Context, row: Notebook) -> None:
    """Somebody took the file away past us. What it held is kept for a while, should the file come back."""
    with context.database.write() as connection:
        if _is_as_seen(connection, row.workspace_id, row.path, row):
            notebook_records.update_notebook(connection, row.id, state=NotebookState.GONE, since=context.now())


def _take_in(context: Context, bucket: Bucket, workspace_id: str, path: str, row: Notebook | None) -> None:
    """Make a version of what somebody wrote past us, unless something was done with the notebook meanwhile."""
    try:
        body, info = bucket.read(FOLDER + path)
    except ObjectMissing:
        return
    blobs.keep(bucket, body)
    with context.database.write() as connection:
        if not _is_as_seen(connection, workspace_id, path, row):
            return
        known, kind = row, VersionKind.EXTERNAL
        if known is None:
            known = notebook_records.notebook_gone_from(connection, workspace_id, path)
        if known is None:
            known = Notebook(id=new_id(), workspace_id=workspace_id, path=path, since=context.now())
            kind = VersionKind.FOUND
            notebook_records.insert_notebook(connection, known)
        number = known.number
        if known.sha256 != info.sha256:
            number += 1
            notebook_records.insert_version(connection, save_steps.outside(known.id, number, info, kind))
        notebook_records.update_notebook(connection, known.id, number=number, **_as_it_is(info))


def _is_as_seen(connection: sa.Connection, workspace_id: str, path: str, row: Notebook | None) -> bool:
    """Whether nothing was done since `row` was read, and nothing is under way."""
    now = notebook_records.notebook_at(connection, workspace_id, path)
    if now != row or notebook_records.intent_towards(connection, workspace_id, path):
        return False
    return row is None or notebook_records.intent_of(connection, row.id) is None


def _as_it_is(info: ObjectInfo) -> dict[str, object]:
    return {"state": NotebookState.LIVE, "sha256": info.sha256, "size": info.size, "version": info.version}
