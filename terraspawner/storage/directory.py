"""A folder of a local file system as a bucket: the embedded default.

obstore's ``LocalStore`` was not taken: it has no conditional replace, no fsync, and follows symbolic links
out of its root (``research/storage.md`` section 1). Here a write is: temporary file, ``flock`` of the key,
compare, fsync, rename, fsync of the folder. So it holds between threads and processes, a reader sees the old
object or the new one, and a kill at any point leaves one of the two.

Two zones, by who else writes there (``layout.is_shared``):

* *Guarded*, everything but ``data/``: this store alone writes. The version is ``generation-sha256`` and is
  kept in a record (``records.py``); the generation rises with each write, by the clock where it can, so that
  neither A-B-A nor delete and create repeats one. A file that its record does not speak of was edited by
  hand: it is hashed again, gets a new version unless the bytes are the same, and is told as ``is_external``.
* *Shared*, ``data/``: mounted writable in environments, whose users write past us all the time, may forge
  attributes, and store files that nobody wants hashed for a listing. The version is the file's identity
  (inode, size, both times), which a user cannot set back, and the hash is known only after a read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace as changed
from pathlib import Path

from terraspawner.storage import faults, file_facts, private, tree
from terraspawner.storage.base import (
    ABSENT,
    Absent,
    Anything,
    ObjectChanged,
    ObjectInfo,
    Version,
    check_key,
    check_prefix,
    digest_of,
    is_key,
    meets,
    move,
)
from terraspawner.storage.errors import KeyRefused, ObjectMissing
from terraspawner.storage.layout import is_shared
from terraspawner.storage.records import Records


class DirectoryBucket:
    """Keeps the promises of :class:`~terraspawner.storage.base.Bucket` in the folder ``path``.

    Opening it sweeps up what killed writers left behind. It holds no descriptor between calls.
    ``use_attributes=False`` makes it keep all records in side files. ``clock`` gives nanoseconds since 1970.
    Raises ``BucketUnavailable`` if ``layout.make_folders`` has not made the folder.
    """

    def __init__(self, path: Path, *, use_attributes: bool = True, clock: Callable[[], int] = time.time_ns) -> None:
        self.path = path
        self._clock = clock
        self._records = Records(use_attributes=use_attributes, replace=private.replace)
        with self.opened() as root:
            private.sweep(root)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        return self._walk(self._keys_in(prefix))

    def stat(self, key: str) -> ObjectInfo:
        check_key(key)
        with self.opened(key) as root:
            return _existing(key, self._current(root, key))

    def read(self, key: str) -> tuple[bytes, ObjectInfo]:
        check_key(key)
        with self.opened(key) as root:
            for _ in range(tree.ATTEMPTS):
                info = _existing(key, self._current(root, key))
                found = self._read_state(root, info)
                if found is not None:
                    return found
        raise faults.restless(key)

    def write(self, key: str, body: bytes, expected: Absent | Version | Anything) -> ObjectInfo:
        return self.write_stream(key, (body,), expected)

    def write_stream(self, key: str, pieces: Iterable[bytes], expected: Absent | Version | Anything) -> ObjectInfo:
        check_key(key)
        hashing = hashlib.sha256()
        with (
            self.opened(key) as root,
            private.temporary(root, file_facts.hashed(pieces, hashing)) as (descriptor, path),
            private.hold(root, key) as slot,
        ):
            digest = hashing.hexdigest()
            self._check_expected(root, key, slot, expected)
            self._stamp(root, key, descriptor, slot, digest)
            self._put_in_place(root, path, key, descriptor, slot, expected)
            info = self._known(root, key, descriptor)
            # None only if somebody edited the file in this very moment: then that is how it is now.
            info = info or _existing(key, self._take_note(root, key, slot))
            return info if info.is_external else changed(info, sha256=digest)

    def delete(self, key: str, expected: Version | Anything) -> None:
        check_key(key)
        with self.opened(key) as root, private.hold(root, key) as slot:
            _existing(key, self._check_expected(root, key, slot, expected))
            tree.remove(root, key)
            self._records.forget(root, key)

    def entries(self, folder: str = "", after: str = "") -> Iterator[ObjectInfo | str]:
        check_prefix(folder)
        with self.opened(folder) as root:
            names = tree.names_in(root, folder, after)
        return self._look_in(names)

    def read_range(self, key: str, start: int, size: int, expected: Version | Anything) -> bytes:
        check_key(key)
        with self.opened(key) as root:
            self._check_present(root, key, expected)
            with tree.opened_object(root, key) as descriptor:
                body = b"" if descriptor is None else os.pread(descriptor, size, start)
            self._check_present(root, key, expected)
            return body

    def rename(self, key: str, target: str, expected: Version | Anything) -> ObjectInfo:
        """A rename on the disk in the shared zone; guarded objects, which carry records, are small and are copied."""
        if not (is_shared(check_key(key)) and is_shared(check_key(target))):
            return move(self, key, target, expected)
        with self.opened(key) as root, private.hold_two(root, key, target) as (slot, other):
            _existing(key, self._check_expected(root, key, slot, expected))
            self._check_expected(root, target, other, ABSENT)
            tree.rename(root, key, target)
            return _existing(target, self._current(root, target, other))

    def remove_folders(self, folder: str) -> None:
        """For `folders.remove_empty`, in the shared zone: others go with their last object."""
        check_prefix(folder)
        with self.opened(folder) as root:
            tree.remove_folders(root, folder)

    def hidden(self, folder: str) -> int:
        """For `folders.hidden`."""
        check_prefix(folder)
        with self.opened(folder) as root:
            return sum(not is_key(key.removesuffix("/")) for key in tree.names_in(root, folder))

    def _check_present(self, root: int, key: str, expected: Version | Anything) -> None:
        info = _existing(key, self._current(root, key))
        if not meets(info, expected):
            raise ObjectChanged(key, info)

    def _check_expected(
        self, root: int, key: str, slot: private.Slot, expected: Absent | Version | Anything
    ) -> ObjectInfo | None:
        current = self._current(root, key, slot)
        if not meets(current, expected):
            raise ObjectChanged(key, current)
        return current

    def _put_in_place(
        self, root: int, path: str, key: str, descriptor: int, slot: private.Slot, expected: Absent | Version | Anything
    ) -> None:
        """What must be new is new also where somebody writes past us after we have looked."""
        try:
            tree.put_in_place(root, path, key, descriptor, may_replace=expected is not ABSENT or not is_shared(key))
        except FileExistsError:
            self._check_expected(root, key, slot, expected)
            raise

    def _stamp(self, root: int, key: str, descriptor: int, slot: private.Slot, digest: str) -> None:
        """Give the file that is to become the object its generation, as its time and in its record."""
        generation = max(slot.highest() + 1, self._clock() // 1000)
        slot.raise_to(generation)
        os.utime(descriptor, ns=(generation * 1000, generation * 1000))
        if is_shared(key):
            return
        record = file_facts.record_of(os.fstat(descriptor), generation, digest, is_external=False)
        with tree.opened_object(root, key) as old:
            before = None if old is None else self._records.find(root, key, old)
        self._records.keep(root, key, descriptor, record, before=before)

    def _current(self, root: int, key: str, slot: private.Slot | None = None) -> ObjectInfo | None:
        """The object as it is now; to take note of an edit by hand the key's lock is needed."""
        with tree.opened_object(root, key) as descriptor:
            if descriptor is None:
                return None
            info = self._known(root, key, descriptor)
        if info is not None:
            return info
        if slot is not None:
            return self._take_note(root, key, slot)
        with private.hold(root, key) as own:
            return self._take_note(root, key, own)

    def _known(self, root: int, key: str, descriptor: int) -> ObjectInfo | None:
        """What is known of the open file; None when no record speaks of it."""
        if is_shared(key):
            return file_facts.shared_info(key, os.fstat(descriptor))
        record = self._records.find(root, key, descriptor)
        return None if record is None else file_facts.guarded_info(key, record)

    def _read_state(self, root: int, info: ObjectInfo) -> tuple[bytes, ObjectInfo] | None:
        """The bytes that ``info`` speaks of; None if the object is in another state by now."""
        with tree.opened_object(root, info.key) as descriptor:
            if descriptor is None:
                return None
            body = b"".join(file_facts.chunks(descriptor, info.size))
            now = self._known(root, info.key, descriptor)
        digest = info.sha256 or digest_of(body)
        if now is None and digest_of(body) != digest:
            return None  # no record, maybe because none can be stored: then the hash decides
        if now is not None and now.version != info.version:
            return None
        return (body, changed(info, sha256=digest)) if len(body) == info.size else None

    def _take_note(self, root: int, key: str, slot: private.Slot) -> ObjectInfo | None:
        """Hash a guarded file that no record speaks of, and record it. The lock of the key is held.

        The generation comes from the file's own change time: should the record not be storable (disk full,
        read-only), the same version comes out the next time.
        """
        with tree.opened_object(root, key) as descriptor:
            if descriptor is None:
                return None
            known = self._known(root, key, descriptor)
            if known is not None:
                return known
            digest, facts = file_facts.hash_steadily(key, descriptor)
            last = self._records.last(root, key, descriptor)
            if last is not None and last.sha256 == digest:
                record = file_facts.record_of(facts, last.generation, digest, is_external=last.is_external)
            else:
                generation = max(last.generation + 1 if last else 0, facts.st_ctime_ns // 1000)
                record = file_facts.record_of(facts, generation, digest, is_external=True)
            with contextlib.suppress(OSError):
                slot.raise_to(record.generation)
                self._records.keep(root, key, descriptor, record, before=None)
            return file_facts.guarded_info(key, record)

    def _walk(self, keys: Sequence[str]) -> Iterator[ObjectInfo]:
        """Folder by folder. Nothing is held open meanwhile, since the caller may take its time."""
        waiting = [*reversed(keys)]
        while waiting:
            key = waiting.pop()
            info = None
            # What a user closed to us, or made a link of in this moment, does not spoil the list.
            with contextlib.suppress(KeyRefused), self.opened(key) as root:
                if key.endswith("/"):
                    waiting.extend(reversed(tree.keys_in(root, key)))
                else:
                    info = self._current(root, key)
            if info is not None:
                yield info

    def _look_in(self, names: Sequence[str]) -> Iterator[ObjectInfo | str]:
        for key in names:
            info = None
            if not is_key(key.removesuffix("/")):
                continue
            if key.endswith("/"):
                yield key
                continue
            with contextlib.suppress(KeyRefused), self.opened(key) as root:
                info = self._current(root, key)
            if info is not None:
                yield info

    def _keys_in(self, folder: str) -> Sequence[str]:
        with self.opened(folder) as root:
            return tree.keys_in(root, folder)

    @contextlib.contextmanager
    def opened(self, key: str = "") -> Iterator[int]:
        """The bucket's root, open; what the system refuses inside the block becomes an error of ours."""
        try:
            root = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise faults.unavailable("its folder cannot be opened") from error
        try:
            yield root
        except OSError as error:
            raise faults.translated(key, error) from error
        finally:
            os.close(root)


def _existing(key: str, info: ObjectInfo | None) -> ObjectInfo:
    if info is None:
        raise ObjectMissing(f"There is no object '{key}' in the bucket.", key=key)
    return info
