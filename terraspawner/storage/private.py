"""The directory store's own corner of a bucket: ``.terra/`` with its temporary files and its locks.

No container sees this folder, so nothing in it is hostile; but processes of ours are killed in the middle.
Whatever must be let go when a process dies is therefore held by ``flock``, which the kernel lets go.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator

from terraspawner.storage.beneath import open_beneath
from terraspawner.storage.records import RECORDS

PRIVATE = ".terra"
TEMPORARY = ".terra/tmp"
LOCKS = ".terra/locks"
FOLDERS = (PRIVATE, TEMPORARY, LOCKS, RECORDS)
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY


class Slot:
    """One of the 4096 locks, held. Its file remembers the highest generation given under it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def highest(self) -> int:
        """0 at first, and when the file holds no number."""
        text = os.pread(self._descriptor, 20, 0)
        return int(text) if text.isdigit() else 0

    def raise_to(self, generation: int) -> None:
        """Remember ``generation`` as given, unless a higher one is."""
        if generation > self.highest():
            os.pwrite(self._descriptor, b"%020d" % generation, 0)


@contextlib.contextmanager
def hold(root: int, key: str) -> Iterator[Slot]:
    """Keep every other writer of ``key`` out, in this process and in others. Not re-entrant."""
    descriptor = os.open(_lock_of(key), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=root)
    try:
        # An open file of its own for each holder: so threads exclude each other as well.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield Slot(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def hold_two(root: int, one: str, other: str) -> Iterator[tuple[Slot, Slot]]:
    """Keep every other writer of two keys out. All take the locks in one order; keys may share one."""
    first, second = sorted((one, other), key=_lock_of)
    with hold(root, first) as slot:
        if _lock_of(first) == _lock_of(second):
            yield slot, slot
            return
        with hold(root, second) as another:
            yield (slot, another) if first == one else (another, slot)


@contextlib.contextmanager
def temporary(root: int, pieces: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """A new file with these bytes beside the objects, as descriptor and path; removed unless renamed away."""
    descriptor, path = _create(root)
    try:
        with contextlib.ExitStack() as leftover:
            leftover.callback(_unlink, root, path)
            for piece in pieces:
                _write_all(descriptor, piece)
            yield descriptor, path
    finally:
        os.close(descriptor)


def replace(root: int, path: str, body: bytes) -> None:
    """Put a file of the store's own in place atomically and durably."""
    with temporary(root, (body,)) as (descriptor, written):
        os.fsync(descriptor)
        os.rename(written, path, src_dir_fd=root, dst_dir_fd=root)
        sync_folder(root, path.rpartition("/")[0])


def sync_folder(root: int, path: str) -> None:
    """Make the names in a folder of the store's own durable."""
    folder = open_beneath(root, path, _OPEN_FOLDER)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sweep(root: int) -> None:
    """Remove temporary files whose writers are dead; a living writer holds a lock on its own."""
    folder = open_beneath(root, TEMPORARY, _OPEN_FOLDER)
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
        for name in names:
            with contextlib.suppress(FileNotFoundError, BlockingIOError):
                _remove_if_left(folder, name)
    finally:
        os.close(folder)


def _remove_if_left(folder: int, name: str) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name, dir_fd=folder)
    finally:
        os.close(descriptor)


def _lock_of(key: str) -> str:
    return f"{LOCKS}/{hashlib.sha256(key.encode()).hexdigest()[:3]}"


def _create(root: int) -> tuple[int, str]:
    while True:
        path = f"{TEMPORARY}/{uuid.uuid4().hex}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=root)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor, path
        except BlockingIOError:
            pass
        # A sweep came between creation and lock and took the file for a left-over: try another.
        os.close(descriptor)


def _unlink(root: int, path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path, dir_fd=root)


def _write_all(descriptor: int, body: bytes) -> None:
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
