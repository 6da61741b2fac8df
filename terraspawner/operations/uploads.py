"""Uploads that can be gone on with: a row says how far one came, its pieces lie in the bucket (FEATURES.md H5).

The last piece is not kept but written along with the others: so an upload whose end was not reached asks for its last
piece again, and never looks done before the file is there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from terraspawner.db import upload_records
from terraspawner.domain import data_file
from terraspawner.domain.access import Action
from terraspawner.domain.data_file import ANY, NEW, Upload
from terraspawner.errors_files import FileMovedOn, UploadMissing, UploadMovedOn, UploadRefused
from terraspawner.operations import files, pieces
from terraspawner.operations.context import Context, new_id
from terraspawner.operations.files import Expected
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT, ANYTHING, Absent, Anything, Bucket, ObjectChanged, Version

GRACE = timedelta(hours=24)
"""Pieces without a row, of what was sent in one go and broke off, are kept for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Which upload, and who goes on with it."""

    user: str
    namespace: str
    name: str
    id: str

    def place(self, path: str = "") -> Place:
        return Place(user=self.user, namespace=self.namespace, name=self.name, path=path)


def begin(context: Context, place: Place, size: int, expected: Expected) -> Upload:
    """Raises as `files.check_write`; `UploadRefused` where too many are under way. Into a library files that are on
    their way count as if they were there."""
    workspace = files.enter(context, place, Action.WRITE_BUCKET)
    with context.database.read() as connection:
        announced = upload_records.announced(connection, workspace.id, context.now())
    files.check_write(context, place, size, expected, announced)
    made = Upload(
        id=new_id(),
        workspace_id=workspace.id,
        user=place.user,
        path=data_file.path_of(place.path),
        size=size,
        expected=_word(expected),
        received=0,
        touched_at=context.now(),
    )
    with context.database.write() as connection:
        crowd = upload_records.under_way(connection, workspace.id, place.user, context.now())
        if obstacle := crowd.obstacle(f"{place.namespace}/{place.name}"):
            raise UploadRefused(obstacle, limit=data_file.UPLOADS_EACH)
        upload_records.forget_done(connection, workspace.id, place.user, data_file.UPLOADS_DONE)
        upload_records.insert_upload(connection, made)
    return made if size else _finish(context, At(**_of(place), id=made.id), made, b"")


def look(context: Context, at: At) -> Upload:
    """How far it came. Raises `UploadMissing`, also where it is somebody else's."""
    workspace = files.enter(context, at.place(), Action.WRITE_BUCKET)
    with context.database.read() as connection:
        found = upload_records.upload_by_id(connection, at.id)
    if found is None or (found.workspace_id, found.user) != (workspace.id, at.user) or found.is_due(context.now()):
        raise UploadMissing
    return found


def append(context: Context, at: At, offset: int, piece: bytes) -> Upload:
    """Go on at byte `offset`; with its last byte the file is in the bucket.

    Raises `UploadMovedOn` where it goes on elsewhere, `UploadRefused` for more bytes than were announced, `FileMovedOn`
    where the file is not what was expected any more.
    """
    upload = look(context, at)
    if offset != upload.received:
        raise _elsewhere(upload)
    end = offset + len(piece)
    if end > upload.size:
        raise UploadRefused(f"The upload was announced with {upload.size} bytes, and these would be more.", size=end)
    if end == upload.size:
        return upload if upload.is_done else _finish(context, at, upload, piece)
    return _keep(context, upload, piece) if piece else upload


def give_up(context: Context, at: At) -> None:
    """Its pieces go; of one that is done the file stays."""
    _forget(context, look(context, at))


def forget_old(context: Context, workspace_id: str) -> None:
    """What nobody goes on with, and what is done; and pieces that no row speaks of."""
    now = context.now()
    with context.database.read() as connection:
        rows = upload_records.uploads_of(connection, workspace_id)
    for upload in rows:
        if upload.is_due(now):
            _forget(context, upload)
    living = {upload.id for upload in rows if not upload.is_due(now)}
    bucket = context.bucket(workspace_id)
    lost = {each for each, info in pieces.listed(bucket) if each not in living and info.modified <= now - GRACE}
    for upload_id in lost:
        pieces.forget(bucket, upload_id)


def _keep(context: Context, upload: Upload, piece: bytes) -> Upload:
    end, bucket = upload.received + len(piece), context.bucket(upload.workspace_id)
    if len(piece) < data_file.SMALL_PIECE:
        _refuse_too_many(bucket, upload)
    try:
        pieces.keep(bucket, upload.id, upload.received, piece)
    except ObjectChanged as error:
        # sent twice at once, or kept before the service ended and told nobody: what is there counts
        kept = error.current.size if error.current else 0
        raise _elsewhere(_advanced(context, upload, upload.received + kept)) from error
    return _advanced(context, upload, end)


def _refuse_too_many(bucket: Bucket, upload: Upload) -> None:
    """Counted where a small one comes: of others there are as few as their size lets there be."""
    if pieces.small_ones(bucket, upload.id) >= data_file.SMALL_PIECES:
        raise UploadRefused(
            f"Of the upload of {upload.path!r} {data_file.SMALL_PIECES} pieces are smaller than 1 MiB. Send at least"
            f" that much at once, from byte {upload.received} on.",
            limit=data_file.SMALL_PIECES,
            offset=upload.received,
        )


def _advanced(context: Context, upload: Upload, to: int) -> Upload:
    now = context.now()
    with context.database.write() as connection:
        upload_records.advance(connection, upload.id, upload.received, to, now)
    return replace(upload, received=to, touched_at=now)


def _finish(context: Context, at: At, upload: Upload, last: bytes) -> Upload:
    """The row is told before the pieces go: whoever sends the end once more finds either."""
    bucket = context.bucket(upload.workspace_id)
    try:
        version = _written(context, at, upload, last)
    except UploadMissing:
        return _ended_otherwise(context, upload)
    with context.database.write() as connection:
        upload_records.finish(connection, upload, version, context.now())
    pieces.forget(bucket, upload.id)
    return replace(upload, received=upload.size, version=version)


def _written(context: Context, at: At, upload: Upload, last: bytes) -> str:
    """The version that the file is. Raises `UploadMissing` where the pieces are not just the bytes before the `last`
    one."""
    place, expected = at.place(upload.path), _expected(upload.expected)
    try:
        return files.write(context, place, last, expected, upload.id, upload.received).version
    except FileMovedOn as error:
        version = str(error.details["version"] or "")
        if not _is_ours(context.bucket(upload.workspace_id), upload, version, last):
            raise
        return version


def _is_ours(bucket: Bucket, upload: Upload, version: str, last: bytes) -> bool:
    """Whether the file is there already: the service ended before it could say so, or the end was sent twice."""
    key = data_file.FOLDER + upload.path
    body = pieces.whole(bucket, upload.id, last, upload.received)
    try:
        return bool(version) and pieces.is_the_same(bucket, key, Version(version), body)
    except ObjectChanged:
        return False


def _ended_otherwise(context: Context, upload: Upload) -> Upload:
    """The end was sent twice at once, and the other one was done first; or a piece more is there than was counted.

    Raises `UploadMovedOn`, and `UploadMissing` where pieces are lost.
    """
    with context.database.read() as connection:
        now = upload_records.upload_by_id(connection, upload.id)
    if now is not None and now.is_done:
        return now
    if (kept := pieces.size_of(context.bucket(upload.workspace_id), upload.id)) > upload.received:
        raise _elsewhere(_advanced(context, upload, kept))
    raise UploadMissing


def _forget(context: Context, upload: Upload) -> None:
    pieces.forget(context.bucket(upload.workspace_id), upload.id)
    with context.database.write() as connection:
        upload_records.delete_upload(connection, upload.id)


def _elsewhere(upload: Upload) -> UploadMovedOn:
    return UploadMovedOn(
        f"The upload of {upload.path!r} goes on at byte {upload.received}. Send from there.", offset=upload.received
    )


def _word(expected: Expected) -> str:
    if isinstance(expected, Anything):
        return ANY
    return NEW if isinstance(expected, Absent) else expected


def _expected(word: str) -> Expected:
    if word == ANY:
        return ANYTHING
    return ABSENT if word == NEW else Version(word)


def _of(place: Place) -> dict[str, str]:
    return {"user": place.user, "namespace": place.namespace, "name": place.name}
