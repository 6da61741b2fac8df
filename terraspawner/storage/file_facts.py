"""What is known of a file in a bucket's folder: of one of ours by its record, of one that others write by the file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from terraspawner.storage import faults, tree
from terraspawner.storage.base import ObjectInfo, Version
from terraspawner.storage.records import Record

_CHUNK = 1 << 20
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (
    (day - _BEGIN) // timedelta(microseconds=1)
    for day in (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
)
"""Times that the calendar has in every time zone, in microseconds."""


def record_of(facts: os.stat_result, generation: int, digest: str, *, is_external: bool) -> Record:
    return Record(
        generation=generation,
        sha256=digest,
        is_external=is_external,
        inode=facts.st_ino,
        mtime_ns=facts.st_mtime_ns,
        size=facts.st_size,
    )


def guarded_info(key: str, record: Record) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size=record.size,
        modified=moment(record.mtime_ns),
        version=record.version,
        sha256=record.sha256,
        is_external=record.is_external,
    )


def shared_info(key: str, facts: os.stat_result) -> ObjectInfo:
    identity = (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, facts.st_size)
    return ObjectInfo(
        key=key,
        size=facts.st_size,
        modified=moment(facts.st_mtime_ns),
        version=Version(".".join(f"{part:x}" for part in identity)),
        sha256=None,
    )


def hashed(pieces: Iterable[bytes], hashing: hashlib._Hash) -> Iterator[bytes]:
    """The pieces, counted in the hash as they pass."""
    for piece in pieces:
        hashing.update(piece)
        yield piece


def hash_steadily(key: str, descriptor: int) -> tuple[str, os.stat_result]:
    """The hash of a file and the facts of just that state; ``BucketUnavailable`` if it never holds still."""
    for _ in range(tree.ATTEMPTS):
        before = os.fstat(descriptor)
        digest = hashlib.sha256()
        for chunk in chunks(descriptor, before.st_size):
            digest.update(chunk)
        after = os.fstat(descriptor)
        if (before.st_size, before.st_mtime_ns, before.st_ctime_ns) == (
            after.st_size,
            after.st_mtime_ns,
            after.st_ctime_ns,
        ):
            return digest.hexdigest(), after
    raise faults.restless(key)


def chunks(descriptor: int, size: int) -> Iterator[bytes]:
    """The file's bytes, up to one more than ``size``: a file that grows without end is not followed."""
    offset = 0
    while offset <= size and (chunk := os.pread(descriptor, min(_CHUNK, size + 1 - offset), offset)):
        yield chunk
        offset += len(chunk)


def moment(nanoseconds: int) -> datetime:
    """Programs and servers give a file any time: what no calendar has is its first or its last day."""
    return _BEGIN + timedelta(microseconds=min(max(nanoseconds // 1000, _FIRST), _LAST))
