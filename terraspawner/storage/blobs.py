"""Bytes under the name of their hash, in a folder of the bucket that no list, no mount and no path of a user reaches.

A blob never changes. Who is about to refer to one calls `keep` first; `forget` takes away what nothing has referred to
for a while. The two do not race: `keep` writes a blob that is there once more, so that it is young again, and `forget`
takes away only the very writing that was seen old.
"""

from __future__ import annotations

from collections.abc import Iterator

from terraspawner.storage.base import ABSENT, Absent, Bucket, ObjectChanged, ObjectInfo, Version, digest_of
from terraspawner.storage.errors import BucketUnavailable, ObjectMissing

HISTORY = "history/"
_ATTEMPTS = 20


def keep(bucket: Bucket, body: bytes, sha256: str = "") -> str:
    """Put the bytes there, durably, and return their hash; `sha256` where it has been reckoned already."""
    sha256 = sha256 or digest_of(body)
    expected: Absent | Version = ABSENT
    for _ in range(_ATTEMPTS):
        try:
            bucket.write(_key(sha256), body, expected)
        except ObjectChanged as found:
            expected = ABSENT if found.current is None else found.current.version
        else:
            return sha256
    raise BucketUnavailable("A version could not be kept: others wrote it at each attempt. Nothing was changed.")


def read(bucket: Bucket, sha256: str) -> bytes:
    """Raises `ObjectMissing`; `BucketUnavailable` where other bytes lie there than the name says."""
    body, found = bucket.read(_key(sha256))
    if found.sha256 != sha256:
        raise BucketUnavailable("A version of a notebook was changed in the store by somebody. Ask the operator.")
    return body


def listed(bucket: Bucket) -> Iterator[tuple[str, ObjectInfo]]:
    """All blobs by hash."""
    for info in bucket.list(HISTORY):
        yield info.key.rpartition("/")[2], info


def forget(bucket: Bucket, info: ObjectInfo) -> bool:
    """Take a blob away as `listed` saw it; False where it was written again meanwhile, or is gone."""
    try:
        bucket.delete(info.key, info.version)
    except (ObjectChanged, ObjectMissing):
        return False
    return True


def _key(sha256: str) -> str:
    return f"{HISTORY}{sha256[:2]}/{sha256}"
