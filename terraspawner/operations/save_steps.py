"""The commit of a save, step by step: blob, intent, the object, version (ARCHITECTURE.md, Commit of a save).

`begin` is transaction 1 and the point of no return: the blob is durable, so whoever finds the intent can go on. `put`
writes the object under the version that it had; `finish` is transaction 2. Every step may be the last one of its
process, may be done again, and by several processes at once; one of them makes the version and all see the same.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import sqlalchemy as sa

from terraspawner.db import notebook_records
from terraspawner.domain.history import (
    Deed,
    Found,
    Intent,
    Judgement,
    Notebook,
    NotebookVersion,
    VersionKind,
    found_instead,
    is_same,
    judge,
)
from terraspawner.errors import Refused
from terraspawner.operations.commit_words import Answer, MovedOn, Placed, Save, Saved, Underway
from terraspawner.operations.context import Context, new_id
from terraspawner.operations.notebook_names import FOLDER, copy_name
from terraspawner.storage import blobs
from terraspawner.storage.base import ABSENT, Bucket, ObjectChanged, ObjectInfo, Version, save
from terraspawner.storage.errors import BucketUnavailable, KeyRefused, ObjectMissing

_ATTEMPTS = 10


def look(connection: sa.Connection, workspace_id: str, path: str, wanted: Save) -> Answer | None:
    """What `begin` would come to as things are, if its guard lets it; None where it would make an intent."""
    present = notebook_records.notebook_at(connection, workspace_id, path)
    coming = notebook_records.intent_towards(connection, workspace_id, path)
    if coming is None and present is not None:
        coming = notebook_records.intent_of(connection, present.id)
    if coming is not None:
        return Underway(intent=coming)
    if present is not None and (before := _sent_before(connection, present, wanted)):
        return before
    judgement = judge(present, wanted.base, wanted.sha256)
    if judgement is Judgement.MOVED_ON or (present is not None and wanted.must_be_new):
        return MovedOn(present=present)
    if judgement is Judgement.UNCHANGED:
        assert present is not None, "bytes are the same as some"  # noqa: S101 - for the type checker
        newest = notebook_records.version_numbered(connection, present.id, present.number)
        assert newest is not None, "the newest version is never thinned out"  # noqa: S101
        return Saved(version=replace(newest, version=present.version))
    return None


def begin(
    context: Context, connection: sa.Connection, workspace_id: str, path: str, wanted: Save, *, has_blob: bool = True
) -> Answer | None:
    """Transaction 1, the point of no return. The fence is checked here, by the guard, before anything else.

    None where an intent would be made of bytes that have not been kept as a blob yet. A new notebook gets its row.
    """
    wanted.guard(connection)
    answer = look(connection, workspace_id, path, wanted)
    if answer is not None or not has_blob:
        return answer
    present = notebook_records.notebook_at(connection, workspace_id, path)
    if present is None:
        present = Notebook(id=new_id(), workspace_id=workspace_id, path=path, since=context.now())
        notebook_records.insert_notebook(connection, present)
    intent = Intent(
        notebook_id=present.id,
        token=new_id(),
        deed=Deed.SAVE,
        base=present.version,
        number=present.number + 1,
        sha256=wanted.sha256,
        size=len(wanted.body),
        at=context.now(),
        kind=wanted.kind,
        author=wanted.author,
        environment=wanted.environment,
        fence=wanted.fence,
        save_id=wanted.save_id or new_id(),
        target=path,
    )
    notebook_records.insert_intent(connection, intent)
    return intent


def put(context: Context, bucket: Bucket, intent: Intent, body: bytes) -> Placed | None:
    """Write the object; None where the intent does not stand any more: another process finished it, or gave it up.

    What somebody wrote there past us is kept, as a version and as a notebook of its own, before it is replaced. Where
    a new notebook was to be, theirs stays: the intent is given up. Raises `BucketUnavailable`, `KeyRefused`.
    """
    key = FOLDER + intent.target
    for _ in range(_ATTEMPTS):
        try:
            info = bucket.write(key, body, Version(intent.base) if intent.base else ABSENT)
            return Placed(info=info, by_us=True)
        except KeyRefused:
            give_up(context, intent)
            raise
        except ObjectChanged:
            theirs, there = _whatever_is(bucket, key)
        with context.database.read() as connection:
            standing = notebook_records.intent_of(connection, intent.notebook_id)
        found = found_instead(intent, there.sha256 if there else None, standing)
        if there is not None and found is Found.OURS:
            return Placed(info=there, by_us=False)
        if found is Found.FINISHED:
            return None
        if intent.number == 1:
            give_up(context, intent)
            return None
        renewed = _keep_theirs(context, bucket, intent, theirs, there)
        if renewed is None:
            return None
        intent = renewed
    raise BucketUnavailable(f"{intent.target!r} is being changed past the service all the time. Try again in a minute.")


def finish(context: Context, bucket: Bucket, intent: Intent, placed: Placed | None) -> NotebookVersion | None:
    """Transaction 2: the version and the head, once. None where the intent was given up."""
    with context.database.write() as connection:
        standing = notebook_records.intent_of(connection, intent.notebook_id)
        if placed is not None and standing is not None and is_same(intent, standing):
            made = _version_of(standing, placed.info)
            notebook_records.insert_version(connection, made)
            notebook_records.update_notebook(
                connection,
                intent.notebook_id,
                number=made.number,
                sha256=made.sha256,
                size=made.size,
                version=made.version,
            )
            notebook_records.delete_intent(connection, standing)
            return made
        if placed is not None and placed.by_us:
            take_back(connection, bucket, intent, placed.info)
        return notebook_records.version_saved_as(connection, intent.notebook_id, intent.save_id)


def give_up(context: Context, intent: Intent) -> None:
    """Nothing of it was written and nothing will be. A notebook that has no version yet never was one."""
    with context.database.write() as connection:
        standing = notebook_records.intent_of(connection, intent.notebook_id)
        if standing is None or not is_same(intent, standing):
            return
        notebook_records.delete_intent(connection, standing)
        present = notebook_records.notebook_by_id(connection, intent.notebook_id)
        if present is not None and present.number == 0:
            notebook_records.delete_notebook(connection, present.id)


def _sent_before(connection: sa.Connection, present: Notebook, wanted: Save) -> Saved | None:
    if not wanted.save_id:
        return None
    known = notebook_records.version_saved_as(connection, present.id, wanted.save_id)
    if known is None:
        return None
    if known.sha256 != wanted.sha256:
        raise Refused("This Save-Id has been used for other bytes. Take a new one for each save. Nothing was written.")
    return Saved(version=known, is_old=known.number != present.number)


def _keep_theirs(
    context: Context, bucket: Bucket, intent: Intent, theirs: bytes, there: ObjectInfo | None
) -> Intent | None:
    """The intent as it goes on from what lies there now; None where it does not stand any more."""
    if there is not None:
        blobs.keep(bucket, theirs)
        assert there.sha256, "it was read"  # noqa: S101 - for the type checker
        with suppress(ObjectChanged):  # a copy that somebody has gone on with
            save(bucket, FOLDER + copy_name(intent.target, f"changed outside {there.sha256[:8]}"), theirs, ABSENT)
    with context.database.write() as connection:
        standing = notebook_records.intent_of(connection, intent.notebook_id)
        if standing is None or not is_same(intent, standing):
            return None
        if there is None:
            renewed = replace(standing, base="")
        elif standing.base == there.version:
            return standing  # somebody else who carries it out was here before
        else:
            notebook_records.insert_version(connection, outside(intent.notebook_id, standing.number, there))
            renewed = replace(standing, base=str(there.version), number=standing.number + 1)
        notebook_records.update_intent(connection, renewed)
        return renewed


def outside(
    notebook_id: str, number: int, info: ObjectInfo, kind: VersionKind = VersionKind.EXTERNAL
) -> NotebookVersion:
    """The version that somebody wrote past us."""
    assert info.sha256, "it was read"  # noqa: S101 - for the type checker
    return NotebookVersion(
        notebook_id=notebook_id,
        number=number,
        sha256=info.sha256,
        size=info.size,
        kind=kind,
        author="",
        environment="",
        fence=None,
        save_id=new_id(),
        version=str(info.version),
        at=info.modified,
    )


def _version_of(intent: Intent, written: ObjectInfo) -> NotebookVersion:
    return NotebookVersion(
        notebook_id=intent.notebook_id,
        number=intent.number,
        sha256=intent.sha256,
        size=intent.size,
        kind=intent.kind,
        author=intent.author,
        environment=intent.environment,
        fence=intent.fence,
        save_id=intent.save_id,
        version=str(written.version),
        at=intent.at,
    )


def _whatever_is(bucket: Bucket, key: str) -> tuple[bytes, ObjectInfo | None]:
    try:
        return bucket.read(key)
    except ObjectMissing:
        return b"", None


def take_back(connection: sa.Connection, bucket: Bucket, intent: Intent, written: ObjectInfo) -> None:
    """A process that stood still for long wrote what had been deleted or renamed meanwhile: away with it.

    Within the transaction, which keeps everybody else from referring to it: this never happens but then.
    """
    notebook = notebook_records.notebook_by_id(connection, intent.notebook_id)
    if notebook is not None:
        there = notebook_records.notebook_at(connection, notebook.workspace_id, intent.target)
        coming = notebook_records.intent_towards(connection, notebook.workspace_id, intent.target)
        if coming is not None or (there is not None and there.version == written.version):
            return
    with suppress(ObjectChanged, ObjectMissing):
        bucket.delete(written.key, written.version)
