"""What a bucket is: verbs with promises, and free functions over them. Five are for all objects, four for large ones.

The conditional write is part of the protocol, not an extra: everything that keeps two people's work apart
rests on it. A store that cannot keep a promise below must not be offered (an object store that ignores
conditions answers 200 and overwrites; probe it first, ``research/storage.md`` section 2).

The protocol is synchronous: deeds are, and doors call them in threads. `read` and `write` carry objects whole:
notebooks are at most some tens of MiB. Data files of any size go by `entries`, `read_range`, `write_stream` and
`rename`, which need the memory of one piece; appending to an object is no verb, since no object store has it.

Keys are paths of NFC text below the bucket, such as ``notebooks/a/b.ipynb``; see :func:`check_key`. Folders
are not things of their own: they come and go with their objects. An object is never a folder at once, though
object stores would allow it, so that a bucket can move from one store to another.
"""

from __future__ import annotations

import enum
import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from terraspawner.storage.errors import KeyRefused, ObjectMissing, VersionMismatch

KEY_LIMIT = 1024
"""UTF-8 bytes of a whole key (the bound of S3, GCS and Azure)."""
SEGMENT_LIMIT = 255
"""UTF-8 bytes of one part of a key (the bound of Linux file systems)."""
TRASH = "trash/"
"""Where deleted objects wait, beside ``notebooks/`` and ``data/``: no list of those shows them, no mount holds them."""
RESERVED = ".terra"
"""First segment that belongs to the store itself; compared without case."""

Version = NewType("Version", str)
"""Opaque. ASCII letters, digits, ``-`` and ``.`` only, so that it can stand in an ETag."""


class Absent(enum.Enum):
    """The condition: there must be no such object."""

    ABSENT = "absent"


class Anything(enum.Enum):
    """The condition that always holds: last writer wins."""

    ANYTHING = "anything"


ABSENT = Absent.ABSENT
ANYTHING = Anything.ANYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What is known of an object without its bytes."""

    key: str
    size: int
    """Bytes."""
    modified: datetime
    """Aware, UTC, by the store's own clock; for people. Order and sameness are told by the version alone."""
    version: Version
    sha256: str | None
    """Hex digest of the bytes, or None where the store does not know it without reading them."""
    is_external: bool = False
    """Whether the present bytes were put there past this protocol (edited by hand, restored from a backup)."""


class ObjectChanged(VersionMismatch):
    """The object in the bucket has another version than expected. Nothing was written."""

    def __init__(self, key: str, current: ObjectInfo | None) -> None:
        self.current = current
        """The object as it is now; None when there is none."""
        now = "is not there (any more)" if current is None else "has another version than expected"
        super().__init__(
            f"'{key}' {now}; nothing was changed. Read it again, then decide.",
            key=key,
            version=current and current.version,
            size=current and current.size,
            modified=current and current.modified.isoformat(),
        )


class Bucket(Protocol):
    """A store of objects by key. Safe for use from many threads; the directory store also from many processes.

    Every verb may raise ``KeyRefused`` (the key breaks a rule, or leads to something that is no plain object)
    and ``BucketUnavailable`` (the store cannot be reached; nothing was changed).
    """

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """All objects below a folder, in the order of their keys' UTF-8 bytes.

        ``prefix`` is empty or ends with ``/``; an unknown folder has no objects. Objects written or deleted
        meanwhile may or may not be seen; no object is seen twice. What lies in the store under a name that
        is no legal key, and what is no plain object, is left out. Versions are the same as ``stat`` tells.
        """
        ...

    def stat(self, key: str) -> ObjectInfo:
        """Raises ``ObjectMissing``."""
        ...

    def read(self, key: str) -> tuple[bytes, ObjectInfo]:
        """The bytes and what is known of exactly these bytes; never a mixture of two writes. ``sha256`` is known.

        Raises ``ObjectMissing``.
        """
        ...

    def write(self, key: str, body: bytes, expected: Absent | Version | Anything) -> ObjectInfo:
        """Put ``body`` if the present object meets ``expected``; the check and the write are one step.

        Returns only when the bytes would survive a loss of power. Every write gives a new version, also of
        equal bytes, and a version is never given again, not even after a deletion. ``sha256`` is known.
        Raises ``ObjectChanged`` (a ``VersionMismatch``, with ``current``) and ``BucketFull``, both with the
        old object untouched.
        """
        ...

    def delete(self, key: str, expected: Version | Anything) -> None:
        """Remove the object if it meets ``expected``.

        Raises ``ObjectChanged`` when the version differs or the object is gone, and ``ObjectMissing`` when
        anything was expected but nothing is there.
        """
        ...

    def entries(self, folder: str = "", after: str = "") -> Iterator[ObjectInfo | str]:
        """What lies in a folder itself: its objects and, as keys that end with ``/``, its folders, by ``list``'s order.

        ``folder`` is as ``list``'s prefix. Only what comes after the key ``after``, so that a large folder is read page
        by page: take what a page needs and leave the iterator. Folders without objects are told where the store has
        them.
        """
        ...

    def read_range(self, key: str, start: int, size: int, expected: Version | Anything) -> bytes:
        """At most ``size`` bytes from byte ``start`` on, of one version that meets ``expected``; fewer only at the end.

        Raises ``ObjectMissing``, and ``ObjectChanged`` where there is another version by now (a conditional GET).
        """
        ...

    def write_stream(self, key: str, pieces: Iterable[bytes], expected: Absent | Version | Anything) -> ObjectInfo:
        """``write`` of bytes that come one piece after the other, with all its promises but two: ``sha256`` may be
        unknown, and where a store can make no condition of the end of a transfer in parts, the check may come just
        before it (below ``data/``, where environments write past us anyway; an object that fits one part is written
        as ``write`` does). A store may check before it asks for the first piece as well, to spare the transfer.

        What ``pieces`` raises is passed on; then, too, nothing was changed and no part is left behind.
        """
        ...

    def rename(self, key: str, target: str, expected: Version | Anything) -> ObjectInfo:
        """``move`` without the bytes passing through this process: a rename, or a copy inside the store and a deletion.

        ``sha256`` may be unknown. Raises as ``move`` does; the target is never written over.
        """
        ...


def check_key(key: str) -> str:
    """Return ``key`` if it may name an object; raise ``KeyRefused`` with the reason if not."""
    if not key:
        raise _refused(key, "is empty")
    if not (key.isascii() and key.isprintable()):  # most are, and a large folder has a hundred thousand
        _check_characters(key)
    if len(key.encode()) > KEY_LIMIT:
        raise _refused(key, f"is longer than {KEY_LIMIT} bytes")
    for segment in key.split("/"):
        if segment in ("", ".", ".."):
            raise _refused(key, f"has the part '{segment}' beside a '/'")
        if len(segment.encode()) > SEGMENT_LIMIT:
            raise _refused(key, f"has a part longer than {SEGMENT_LIMIT} bytes")
    if key.split("/", 1)[0].casefold() == RESERVED:
        raise _refused(key, f"begins with '{RESERVED}', which belongs to the store")
    return key


def _check_characters(key: str) -> None:
    for char in key:
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
            raise _refused(key, f"contains the character U+{ord(char):04X}")
    if not unicodedata.is_normalized("NFC", key):
        raise _refused(key, "is not in Unicode form NFC")


def check_prefix(prefix: str) -> str:
    """Return ``prefix`` if it is empty or a folder of legal keys that ends with ``/``; else raise ``KeyRefused``."""
    if prefix:
        if not prefix.endswith("/"):
            raise _refused(prefix, "is no folder: it does not end with '/'")
        check_key(prefix[:-1])
    return prefix


def is_key(text: str) -> bool:
    """Whether ``text`` may name an object."""
    try:
        check_key(text)
    except KeyRefused:
        return False
    return True


def digest_of(body: bytes) -> str:
    """The SHA-256 of ``body`` as it stands in :attr:`ObjectInfo.sha256`."""
    return hashlib.sha256(body).hexdigest()


def meets(current: ObjectInfo | None, expected: Absent | Version | Anything) -> bool:
    """Whether an object, or its absence, is what a caller expected."""
    if expected is ANYTHING:
        return True
    if expected is ABSENT:
        return current is None
    return current is not None and current.version == expected


def find(bucket: Bucket, key: str) -> ObjectInfo | None:
    """``stat`` for callers to whom absence is no error."""
    try:
        return bucket.stat(key)
    except ObjectMissing:
        return None


def save(bucket: Bucket, key: str, body: bytes, expected: Absent | Version | Anything) -> ObjectInfo:
    """Write, but take equal bytes that are there already for success: a save sent twice is answered twice.

    The version returned is then the present one. So it cannot tell "I made it" from "it was there": to
    create under a name that must be new, call ``write`` with ``ABSENT``.
    """
    present = find(bucket, key)
    if present is not None and _has_bytes(bucket, present, body):
        return present
    try:
        return bucket.write(key, body, expected)
    except ObjectChanged as refusal:
        # Our own write whose answer was lost, or another sender of the same bytes, between the two calls.
        if refusal.current is not None and _has_bytes(bucket, refusal.current, body):
            return refusal.current
        raise


def copy(bucket: Bucket, source: str, target: str) -> ObjectInfo:
    """Copy to a key where nothing is. Raises ``ObjectMissing``, and ``ObjectChanged`` when the target exists."""
    body, _ = bucket.read(source)
    return bucket.write(target, body, ABSENT)


def move(bucket: Bucket, source: str, target: str, expected: Version | Anything) -> ObjectInfo:
    """Move to a key where nothing is, if the source is as expected.

    Two steps, since no store does it in one: a reader between them sees both, and after a crash between them
    both are there; nothing is lost. Raises ``ObjectMissing``, and ``ObjectChanged`` about the source or, when
    something is there already, about the target (its ``details["key"]`` tells).
    """
    body, found = bucket.read(source)
    if not meets(found, expected):
        raise ObjectChanged(source, found)
    moved = bucket.write(target, body, ABSENT)
    try:
        bucket.delete(source, found.version)
    except ObjectChanged:
        # Someone wrote the source meanwhile. Theirs stays, and our copy goes unless it was written to as well.
        _delete_if_same(bucket, moved)
        raise
    return moved


def _delete_if_same(bucket: Bucket, info: ObjectInfo) -> None:
    try:
        bucket.delete(info.key, info.version)
    except ObjectChanged:
        return


def _has_bytes(bucket: Bucket, info: ObjectInfo, body: bytes) -> bool:
    if info.size != len(body):
        return False
    if info.sha256 is not None:
        return info.sha256 == digest_of(body)
    try:
        found, now = bucket.read(info.key)
    except ObjectMissing:
        return False
    return now.version == info.version and found == body


def _refused(key: str, why: str) -> KeyRefused:
    shown = "".join(c if c.isprintable() else "\ufffd" for c in key[:80])
    return KeyRefused(f"The key '{shown}' {why}; nothing was done.", key=shown)
