"""A folder of an object store as a bucket: S3, Azure, Google Cloud Storage (``remote.py``), and their like.

An object store keeps most promises of :class:`~terraspawner.storage.base.Bucket` by itself. What it does not:

* *Equal bytes have an equal ETag* (S3, Google; not Azure), so A-B-A would look untouched. As in the directory store
  there are two zones. *Guarded*, everything but ``data/``: each write carries a mark of 16 random hex digits in an
  attribute of the object, beside hash, time and whose key it is; the version is mark and ETag. A list knows no
  attributes, so it asks for each object that it does not remember, some at once. *Shared*, ``data/``, where
  environments write past us and nobody wants a question for each file: the version is ETag and second of the last
  change. A write of ours that comes out with a version given before waits for the next second and is made again.
* *No condition on a removal* that all stores know. Ours looks, then removes, under a lock of this process, through
  which all writes go; between processes (a second service by mistake) a write can fall between the two. Its bytes are
  in the history, and it is put back by whoever settles saves.
* *A folder can be an object*. A write where nothing was looks for both; of two at the same moment both may pass.
* *An answer may be lost*. A condition that failed is looked at again: if the mark is ours, the write was. Nothing is
  ever written without a condition where the store knows conditions (``probe.py``), so that a request which the network
  held back for long changes nothing any more. Where it knows none, what is promised holds in this process alone.

Guarded objects without our attribute, or with another key's, were put there past us and told as ``is_external``.
Who puts an object back together with its attributes brings its version back, too.
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace as changed

from terraspawner.storage import faults
from terraspawner.storage.base import (
    ABSENT,
    ANYTHING,
    KEY_LIMIT,
    Absent,
    Anything,
    ObjectChanged,
    ObjectInfo,
    Version,
    check_key,
    check_prefix,
    digest_of,
    meets,
    move,
)
from terraspawner.storage.contents import Contents
from terraspawner.storage.errors import BucketUnavailable, KeyRefused, ObjectMissing
from terraspawner.storage.layout import is_shared
from terraspawner.storage.notes import Note, gone, hash_of_key, info_of
from terraspawner.storage.remote import Conditions, Refused, Remote
from terraspawner.storage.store import ObjectStore

_ATTEMPTS = 20
PART = 16 << 20
"""Bytes up to which an object is written in one request."""


class ObjectStoreBucket:
    """Keeps the promises of :class:`~terraspawner.storage.base.Bucket` below `prefix` (empty or ending with ``/``).

    ``clock`` gives nanoseconds since 1970, for the time that people are shown of what is written here.
    """

    def __init__(self, store: ObjectStore, prefix: str, *, clock: Callable[[], int] = time.time_ns) -> None:
        self.store = store
        self._client = store.client
        self._contents = Contents(store, prefix)
        self._prefix = prefix
        self._clock = clock

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return self._contents.below(check_prefix(prefix))

    def stat(self, key: str) -> ObjectInfo:
        found = self._client.head(self.path_of(key))
        # An answer without a body does not tell a missing object from a missing store.
        return info_of(key, found) if found is not None else self.read(key)[1]

    def read(self, key: str) -> tuple[bytes, ObjectInfo]:
        found = self._client.get(self.path_of(key))
        if found is None:
            raise _missing(key)
        body, remote = found
        return body, changed(info_of(key, remote), size=len(body), sha256=digest_of(body))

    def write(self, key: str, body: bytes, expected: Absent | Version | Anything) -> ObjectInfo:
        path = self.path_of(key)
        conditions = self.store.conditions()
        note = self._note(key, digest_of(body))
        with self.store.hold(path):
            for _ in range(_ATTEMPTS):
                present = self._checked(key, path, expected)
                if present is None:
                    self._check_no_folder(key)
                made = self._put(path, body, note, present, conditions)
                if made is not None:
                    return self._dated(key, body, note, conditions) if is_shared(key) else info_of(key, made)
        raise faults.restless(key)

    def delete(self, key: str, expected: Version | Anything) -> None:
        path = self.path_of(key)
        with self.store.hold(path):
            if self._checked(key, path, expected) is None:
                raise _missing(key)
            self._client.delete(path)

    def entries(self, folder: str = "", after: str = "") -> Iterator[ObjectInfo | str]:
        return self._contents.directly_in(check_prefix(folder), after)

    def read_range(self, key: str, start: int, size: int, expected: Version | Anything) -> bytes:
        found = self._client.get(self.path_of(key), (start, start + size)) if size else None
        if found is None:  # nothing there, or nothing of it
            info = self.stat(key)
            body = b""
        else:
            body, remote = found
            info = info_of(key, remote)
        if not meets(info, expected):
            raise ObjectChanged(key, info)
        return body

    def write_stream(self, key: str, pieces: Iterable[bytes], expected: Absent | Version | Anything) -> ObjectInfo:
        """Guarded objects are small, and what fits one part is, too: these are written as ``write`` does."""
        path, coming = self.path_of(key), iter(pieces)
        with self.store.hold(path):
            self._checked(key, path, expected)
        if not is_shared(key):
            return self.write(key, b"".join(coming), expected)
        beginning = bytearray()
        for piece in coming:
            beginning += piece
            if len(beginning) > PART:
                return self._write_parts(key, itertools.chain([bytes(beginning)], coming), expected)
        return self.write(key, bytes(beginning), expected)

    def rename(self, key: str, target: str, expected: Version | Anything) -> ObjectInfo:
        """A copy inside the store below ``data/`` and in its trash; guarded objects are small, and carry their keys."""
        if not (is_shared(check_key(key)) and is_shared(check_key(target))):
            return move(self, key, target, expected)
        source, path = self.path_of(key), self.path_of(target)
        if self._checked(key, source, expected) is None:
            raise _missing(key)
        with self.store.hold(path):
            self._checked(target, path, ABSENT)
            self._check_no_folder(target)
            info = self._copied(source, target)
        if expected is ANYTHING:
            self.delete(key, ANYTHING)
            return info
        try:
            self.delete(key, expected)
        except ObjectChanged:
            self.delete(target, info.version)
            raise
        return info

    def _copied(self, source: str, target: str) -> ObjectInfo:
        for _ in range(_ATTEMPTS):
            self._client.copy(source, self.path_of(target))
            info = self.stat(target)
            if self.store.is_new(self.path_of(target), info.version):
                return info
            self.store.next_second()
        raise faults.restless(target)

    def _write_parts(self, key: str, pieces: Iterable[bytes], expected: Absent | Version | Anything) -> ObjectInfo:
        """In parts that the store puts together at the end, just before which the condition is looked at."""
        path, note, size = self.path_of(key), self._note(key, ""), 0

        def passing(held: contextlib.ExitStack) -> Iterator[bytes]:
            nonlocal size
            for piece in pieces:
                size += len(piece)
                yield piece
            held.enter_context(self.store.hold(path))
            if self._checked(key, path, expected) is None:
                self._check_no_folder(key)

        with contextlib.ExitStack() as held:
            try:
                self._client.put_parts(path, passing(held), str(note))
            except BucketUnavailable:
                there = self._client.head(path)
                if there is None or there.note != str(note):
                    raise
            there = self._client.head(path)
        if there is None or there.note != str(note):
            return gone(key, size, note)
        info = info_of(key, there)
        self.store.is_new(path, info.version)
        return info

    @property
    def overwrites(self) -> bool:
        """Whether the store takes no conditions (`overwriting`)."""
        return self.store.conditions() is Conditions.NONE

    def put_back(self, key: str, body: bytes, version: Version) -> None:
        path, note = self.path_of(key), self._note(key, digest_of(body))
        with self.store.hold(path):
            self._client.put_over(path, body, str(changed(note, kept=version)))

    def _checked(self, key: str, path: str, expected: Absent | Version | Anything) -> Remote | None:
        """What is there, if it is as expected. Raises `ObjectChanged`."""
        present = self._client.head(path)
        info = None if present is None else info_of(key, present)
        if not meets(info, expected):
            raise ObjectChanged(key, info)
        return present

    def _put(self, path: str, body: bytes, note: Note, over: Remote | None, conditions: Conditions) -> Remote | None:
        """Write in place of what was looked at; None where somebody was faster."""
        try:
            return self._client.put(path, body, str(note), over, conditions)
        except (Refused, BucketUnavailable) as refusal:
            there = self._client.head(path)
            if there is not None and there.note == str(note):
                return there
            if isinstance(refusal, BucketUnavailable):
                raise
            if there is not None and there == over:
                raise faults.unavailable("the store refuses a condition that holds") from None
            return None

    def _dated(self, key: str, body: bytes, note: Note, conditions: Conditions) -> ObjectInfo:
        """What was just written to ``data/``, with the version that the store's date makes; made again if that was."""
        path = self.path_of(key)
        for _ in range(_ATTEMPTS):
            there = self._client.head(path)
            if there is None or there.note != str(note):
                break
            info = info_of(key, there)
            if self.store.is_new(path, info.version):
                return changed(info, sha256=note.sha256)
            self.store.next_second()
            if self._put(path, body, note, there, conditions) is None:
                break
        return gone(key, len(body), note)

    def _note(self, key: str, sha256: str) -> Note:
        moment = self._clock() // 1000
        return Note(mark=secrets.token_hex(8), moment=moment, sha256=sha256, key_hash=hash_of_key(key))

    def _check_no_folder(self, key: str) -> None:
        """Refuse what a directory could not hold, so that a bucket can move."""
        parts = key.split("/")
        parents = ["/".join(parts[:end]) for end in range(1, len(parts))]
        is_folder = self.store.pool.submit(self._client.has_any, f"{self._prefix}{key}/")
        found = self.store.pool.map(self._client.head, [f"{self._prefix}{parent}" for parent in parents])
        for parent, there in zip(parents, found, strict=True):
            if there is not None:
                raise KeyRefused(f"'{key}' cannot be written: '{parent}' is an object, not a folder.", key=key)
        if is_folder.result():
            raise KeyRefused(f"'{key}' cannot be written: it is a folder with objects in it.", key=key)

    def path_of(self, key: str) -> str:
        path = f"{self._prefix}{check_key(key)}"
        if len(path.encode()) > KEY_LIMIT:
            raise KeyRefused(f"The key '{key[:80]}' is too long for this store; nothing was done.", key=key[:80])
        return path


def _missing(key: str) -> ObjectMissing:
    return ObjectMissing(f"There is no object '{key}' in the bucket.", key=key)
