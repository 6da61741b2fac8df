"""Pieces of files on their way in, as objects of the bucket that no list, no mount and no path of a user reach.

So an upload outlives a restart of the service, needs no disk beside the bucket, and every store can hold it: the parts
of S3's own multipart uploads would do the same without copying, but neither a folder nor every object store has them.
A piece is written once, under the byte that it begins at.
"""

from __future__ import annotations

from collections.abc import Iterator

from terraspawner.domain.data_file import PIECE, SMALL_PIECE
from terraspawner.errors_files import UploadMissing
from terraspawner.storage.base import ABSENT, ANYTHING, Bucket, ObjectInfo, Version
from terraspawner.storage.errors import ObjectMissing

_FOLDER = "uploads/"


def keep(bucket: Bucket, upload_id: str, offset: int, piece: bytes) -> None:
    """Raises `ObjectChanged` where the piece that begins there is kept already."""
    bucket.write(_key(upload_id, offset), piece, ABSENT)


def size_of(bucket: Bucket, upload_id: str) -> int:
    """Bytes of all pieces that are kept."""
    return sum(info.size for info in bucket.list(f"{_FOLDER}{upload_id}/"))


def small_ones(bucket: Bucket, upload_id: str) -> int:
    """How many of the pieces that are kept are small."""
    return sum(info.size < SMALL_PIECE for info in bucket.list(f"{_FOLDER}{upload_id}/"))


def whole(bucket: Bucket, upload_id: str, last: bytes, at: int) -> Iterator[bytes]:
    """All pieces in their order, and the `last` one, which begins at byte `at`.

    Raises `UploadMissing` before the end unless they are just the bytes before that one: some may be on their way out,
    since the same end is sent twice, and a file with a hole must never take the place of a whole one.
    """
    come = 0
    for info in bucket.list(f"{_FOLDER}{upload_id}/"):
        if info.key != _key(upload_id, come):
            raise UploadMissing
        try:
            piece = bucket.read(info.key)[0]
        except ObjectMissing as error:
            raise UploadMissing from error
        come += len(piece)
        yield piece
    if come != at:
        raise UploadMissing
    yield last


def forget(bucket: Bucket, upload_id: str) -> None:
    """Done already is done."""
    for info in list(bucket.list(f"{_FOLDER}{upload_id}/")):
        _delete(bucket, info)


def listed(bucket: Bucket) -> Iterator[tuple[str, ObjectInfo]]:
    """All pieces of all uploads, by the upload's id."""
    for info in bucket.list(_FOLDER):
        yield info.key.removeprefix(_FOLDER).partition("/")[0], info


def is_the_same(bucket: Bucket, key: str, version: Version, pieces: Iterator[bytes]) -> bool:
    """Whether an object has just these bytes."""
    at = 0
    for piece in pieces:
        if bucket.read_range(key, at, len(piece), version) != piece:
            return False
        at += len(piece)
    return not bucket.read_range(key, at, PIECE, version)


def _key(upload_id: str, offset: int) -> str:
    return f"{_FOLDER}{upload_id}/{offset:020d}"


def _delete(bucket: Bucket, info: ObjectInfo) -> None:
    try:
        bucket.delete(info.key, ANYTHING)
    except ObjectMissing:
        return
