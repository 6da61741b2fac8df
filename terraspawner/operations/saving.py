"""Saving a notebook: the steps of the commit one after the other, again where somebody came between."""

from __future__ import annotations

from terraspawner.domain.history import NotebookVersion
from terraspawner.operations import save_steps
from terraspawner.operations.commit_words import MovedOn, Save, Saved, Underway
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.operations.settling import ATTEMPTS, present, restless
from terraspawner.storage import blobs
from terraspawner.storage.base import Bucket, ObjectInfo, Version, find


def commit(context: Context, workspace_id: str, path: str, wanted: Save) -> ObjectInfo | MovedOn:
    """Make the next version of it. Returned as the object is once that is durable: only then may the sender forget it.

    Raises what the guard does, `BucketUnavailable`, `KeyRefused`, `Refused`, `Unavailable`.
    """
    for _ in range(ATTEMPTS):
        present(context, workspace_id, path)
        done = _try(context, workspace_id, path, wanted)
        if done is not None:
            return done
    raise restless(path)


def _try(context: Context, workspace_id: str, path: str, wanted: Save) -> ObjectInfo | MovedOn | None:
    """None where something came between and all is to be looked at anew."""
    bucket = context.bucket(workspace_id)
    with context.database.read() as connection:
        answer = save_steps.look(connection, workspace_id, path, wanted)
    if answer is None:
        blobs.keep(bucket, wanted.body, wanted.sha256)
    if answer is None or isinstance(answer, Saved):
        has_blob = answer is None
        with context.database.write() as connection:
            answer = save_steps.begin(context, connection, workspace_id, path, wanted, has_blob=has_blob)
    if isinstance(answer, MovedOn):
        return answer
    if answer is None or isinstance(answer, Underway):
        return None
    if isinstance(answer, Saved):
        return _object_of(bucket, path, answer.version)
    placed = save_steps.put(context, bucket, answer, wanted.body)
    made = save_steps.finish(context, bucket, answer, placed)
    if made is None:
        return None
    if placed is not None and placed.info.version == made.version:
        return placed.info
    return _object_of(bucket, path, made)


def _object_of(bucket: Bucket, path: str, version: NotebookVersion) -> ObjectInfo:
    """The object that has this version, also where the notebook went on since."""
    there = find(bucket, FOLDER + path)
    if there is not None and there.version == version.version:
        return there
    return ObjectInfo(
        key=FOLDER + path,
        size=version.size,
        modified=version.at,
        version=Version(version.version),
        sha256=version.sha256,
    )
