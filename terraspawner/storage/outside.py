"""The files of a library that lie on a drive from outside, mounted by rclone; the library's own corner stays here.

What is below ``data/`` lies there, everything else (trash, versions, locks) in the library's folder of this machine.

Nothing that a drive says of a file is enough to know its version by. Inode numbers are new with each mount, times are
whole seconds and change once more when a file has arrived at the server. So a notebook's version is told by its bytes:
they are hashed when the file's size or time is another than when that was done last, or was too young then for its time
to be trusted (as git does with its index). A data file, of any size, is not read for that: its version is its size and
time, and changes once without a cause when it has arrived.

A write is durable here at once, and on the server when rclone has sent it, some seconds later. It is made beside its
place and renamed there, so that nobody, not even the server, sees half of it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from terraspawner.storage import outside_files, private, tree
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
)
from terraspawner.storage.directory import DirectoryBucket
from terraspawner.storage.errors import KeyRefused, ObjectMissing
from terraspawner.storage.known_files import KnownFiles
from terraspawner.storage.layout import DATA
from terraspawner.storage.outside_errors import restless, too_much
from terraspawner.storage.patience import Patience, nothing

T = TypeVar("T")

MOST_FOLDERS = 2000
"""Each is asked of the server by itself."""
WALK_SECONDS = 15.0
"""Less than the service waits for. What was learnt until then is known the next time."""
MOST_FOR_TRASH = 1 << 30
"""Bytes of a file that comes here when it is deleted, to be restored from here."""
_PIECE = 4 << 20
_BYTES_A_SECOND = 4 << 20
"""A drive that is slower has no more patience with it than this."""
_TREE = f"{DATA}/"


class OutsideBucket:
    """Keeps the promises of :class:`~terraspawner.storage.base.Bucket`, but those that the module's docstring limits.

    ``own`` is the library's folder of this machine and ``mount`` the one where the drive is mounted. ``is_hashed`` says
    of a path on the drive whether its version is told by its bytes, up to ``largest`` of them. ``clock`` gives
    nanoseconds since 1970.
    """

    def __init__(
        self,
        own: DirectoryBucket,
        mount: Path,
        patience: Patience,
        *,
        is_hashed: Callable[[str], bool],
        largest: int,
        is_mounted: Callable[[int, Path], bool] = outside_files.is_mounted,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._own, self._mount, self._patience, self._is_mounted = own, mount, patience, is_mounted
        self._known = KnownFiles(
            own, is_hashed=lambda key: is_hashed(key.removeprefix(_TREE)), largest=largest, clock=clock
        )

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        if prefix:
            return self._walk(prefix) if prefix.startswith(_TREE) else self._own.list(prefix)
        found = [*self._own.list(), *self._walk(_TREE)]
        return iter(sorted(found, key=lambda info: info.key.encode()))

    def stat(self, key: str) -> ObjectInfo:
        if not _is_outside(key):
            return self._own.stat(key)
        return self._asked(key, lambda root: _existing(key, self._known.look(root, key)))

    def read(self, key: str) -> tuple[bytes, ObjectInfo]:
        if not _is_outside(key):
            return self._own.read(key)
        for _ in range(tree.ATTEMPTS):
            info = self.stat(key)
            with contextlib.suppress(ObjectChanged):
                body = b"".join(self._pieces(info))
                if len(body) == info.size and info.sha256 in (None, digest_of(body)):
                    return body, replace(info, sha256=digest_of(body))
        raise restless(key)

    def write(self, key: str, body: bytes, expected: Absent | Version | Anything) -> ObjectInfo:
        return self.write_stream(key, (body,), expected)

    def write_stream(self, key: str, pieces: Iterable[bytes], expected: Absent | Version | Anything) -> ObjectInfo:
        if not _is_outside(key):
            return self._own.write_stream(key, pieces, expected)
        with self._own.opened(key) as own, private.temporary(own, pieces) as (staged, _):
            size = outside_files.size_of(staged)
            # its own, since it may go on when `staged` is closed and its number is that of somebody else's file
            source = os.dup(staged)

            def put(root: int) -> ObjectInfo:
                with self._known.held(key) as slot:
                    self._check(root, key, slot, expected)
                    digest = outside_files.put(root, key, source)
                    return self._known.ours(root, key, slot, digest)

            return self._asked(key, put, size, after=partial(os.close, source))

    def delete(self, key: str, expected: Version | Anything) -> None:
        if not _is_outside(key):
            self._own.delete(key, expected)
            return

        def remove(root: int) -> None:
            with self._known.held(key) as slot:
                _existing(key, self._check(root, key, slot, expected))
                outside_files.remove(root, key)
                self._known.forget(key)

        self._asked(key, remove)

    def entries(self, folder: str = "", after: str = "") -> Iterator[ObjectInfo | str]:
        check_prefix(folder)
        if not folder.startswith(_TREE):
            return self._own.entries(folder, after)
        return self._look_in(self._asked(folder, lambda root: outside_files.names_in(root, folder, after)))

    def read_range(self, key: str, start: int, size: int, expected: Version | Anything) -> bytes:
        if not _is_outside(key):
            return self._own.read_range(key, start, size, expected)

        def part(root: int) -> bytes:
            self._check_present(root, key, expected)
            body = outside_files.read(root, key, start, size)
            self._check_present(root, key, expected)
            return body

        return self._asked(key, part, size)

    def rename(self, key: str, target: str, expected: Version | Anything) -> ObjectInfo:
        """On the drive a rename; to and from the trash, which is here, the bytes are copied."""
        inside, outside = (_is_outside(each) for each in (key, target))
        if not (inside or outside):
            return self._own.rename(key, target, expected)
        if not (inside and outside):
            return self._carry(key, target, expected)

        def change(root: int) -> ObjectInfo:
            with self._known.held_two(key, target) as (slot, other):
                found = _existing(key, self._check(root, key, slot, expected))
                self._check(root, target, other, ABSENT)
                outside_files.rename(root, key, target)
                self._known.forget(key)
                return self._known.ours(root, target, other, found.sha256 or "")

        return self._asked(key, change)

    def remove_folders(self, folder: str) -> None:
        """For `folders.remove_empty`, on the drive: others go with their last object."""
        check_prefix(folder)
        if folder.startswith(_TREE):
            self._asked(folder, lambda root: tree.remove_folders(root, folder))

    def hidden(self, folder: str) -> int:
        """For `folders.hidden`."""
        check_prefix(folder)
        if not folder.startswith(_TREE):
            return self._own.hidden(folder)
        names = self._asked(folder, lambda root: outside_files.names_in(root, folder))
        return sum(not is_key(key.removesuffix("/")) for key in names)

    def _carry(self, key: str, target: str, expected: Version | Anything) -> ObjectInfo:
        """Two steps, of which a kill between them leaves both files and no less than one."""
        found = self.stat(key)
        if not meets(found, expected):
            raise ObjectChanged(key, found)
        if _is_outside(key) and found.size > MOST_FOR_TRASH:
            raise KeyRefused(
                f"'{key}' has {found.size} bytes, more than is taken from a drive from outside into the trash"
                f" ({MOST_FOR_TRASH}). Nothing was done. Delete it on that drive, or in a terminal: it is gone then.",
                key=key,
            )
        moved = self.write_stream(target, self._pieces(found), ABSENT)
        try:
            self.delete(key, found.version)
        except ObjectChanged:
            self.delete(target, moved.version)
            raise
        return moved

    def _pieces(self, info: ObjectInfo) -> Iterator[bytes]:
        for start in range(0, info.size, _PIECE):
            yield self.read_range(info.key, start, _PIECE, info.version)

    def _check_present(self, root: int, key: str, expected: Version | Anything) -> None:
        info = _existing(key, self._known.look(root, key))
        if not meets(info, expected):
            raise ObjectChanged(key, info)

    def _check(
        self, root: int, key: str, slot: private.Slot, expected: Absent | Version | Anything
    ) -> ObjectInfo | None:
        current = self._known.look(root, key, slot)
        if not meets(current, expected):
            raise ObjectChanged(key, current)
        return current

    def _walk(self, prefix: str) -> Iterator[ObjectInfo]:
        """Folder by folder, each asked for by itself: a server that ends to answer is noticed between any two."""
        waiting, folders, end = [prefix], 0, time.monotonic() + WALK_SECONDS
        with self._patience.walk():
            while waiting:
                key = waiting.pop()
                if time.monotonic() > end or folders > MOST_FOLDERS:
                    raise too_much(folders)
                if key.endswith("/"):
                    folders += 1
                    waiting.extend(reversed(self._keys_in(key)))
                else:
                    yield from self._seen(key)

    def _look_in(self, names: Sequence[str]) -> Iterator[ObjectInfo | str]:
        for key in names:
            if is_key(key.removesuffix("/")):
                yield from ([key] if key.endswith("/") else self._seen(key))

    def _seen(self, key: str) -> Iterator[ObjectInfo]:
        """What is closed to us does not spoil the list."""
        with contextlib.suppress(KeyRefused):
            info = self._asked(key, lambda root: self._known.look(root, key))
            if info is not None:
                yield info

    def _keys_in(self, folder: str) -> Sequence[str]:
        names = self._asked(folder, lambda root: outside_files.names_in(root, folder))
        return [key for key in names if is_key(key.removesuffix("/"))]

    def _asked(self, key: str, act: Callable[[int], T], size: int = 0, after: Callable[[], None] = nothing) -> T:
        """What ``act`` returns, given the open root, below which the drive is ``data``. So many bytes go through it;
        ``after`` is as `Patience` has it."""

        def asked() -> T:
            with outside_files.opened(self._mount, key, self._is_mounted) as root:
                return act(root)

        return self._patience(asked, more_seconds=size / _BYTES_A_SECOND, after=after)


def _is_outside(key: str) -> bool:
    return check_key(key).startswith(_TREE)


def _existing(key: str, info: ObjectInfo | None) -> ObjectInfo:
    if info is None:
        raise ObjectMissing(f"There is no object '{key}' in the bucket.", key=key)
    return info
