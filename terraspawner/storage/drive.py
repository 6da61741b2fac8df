"""Libraries of the drive as buckets: one tree of files as people see it, and our own corner beside it.

A library is mounted as it is in environments, so its notebooks lie among its other files, not in a zone of their own.
Seen from here they are apart, as in every bucket: ``notebooks/a/b.ipynb`` and ``data/a/b.csv`` are both in the folder
``a`` of the tree ``data/``, and each file has one key alone. What only ends like a notebook but has a name that no
notebook may have, in ``.ipynb_checkpoints`` say, is data.

Environments write to all of it, past us and at any time. So every version is told from the file itself, as the
directory store does for what it shares, and a conditional write keeps apart those who come through here alone: what a
terminal writes between a check and a rename, some microseconds, is replaced. Whatever was there before is noticed.
"""

from __future__ import annotations

import contextlib
import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from terraspawner.errors import SettingsWrong
from terraspawner.storage import faults, tree
from terraspawner.storage.base import (
    ANYTHING,
    Absent,
    Anything,
    Bucket,
    ObjectChanged,
    ObjectInfo,
    Version,
    check_key,
    check_prefix,
    digest_of,
)
from terraspawner.storage.directory import DirectoryBucket
from terraspawner.storage.errors import BucketFull, KeyRefused, ObjectMissing
from terraspawner.storage.folders import hidden, remove_empty
from terraspawner.storage.layout import DATA, NOTEBOOKS, make_folders
from terraspawner.storage.outside import OutsideBucket
from terraspawner.storage.patience import Patience
from terraspawner.storage.private import PRIVATE

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NOTEBOOKS, _DATA = f"{NOTEBOOKS}/", f"{DATA}/"
_OUTSIDE = f"{PRIVATE}/outside"

IsNotebook = Callable[[str], bool]
"""Whether a path in the tree is one that a notebook may have."""


class LibraryBucket:
    """Keeps the promises of :class:`~terraspawner.storage.base.Bucket` over ``files``, the bucket of the tree.

    No notebook of more than ``largest`` bytes is read: anybody may put one there, of any size.
    """

    def __init__(self, files: Bucket, is_notebook: IsNotebook, largest: int) -> None:
        self._files = files
        self._is_notebook = is_notebook
        self._largest = largest

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        if not prefix:
            return iter(sorted(self._all(), key=lambda info: info.key.encode()))
        if prefix.startswith((_NOTEBOOKS, _DATA)):
            zone, below = prefix.split("/", 1)
            return (
                info for info in map(self._seen, self._files.list(_DATA + below)) if info.key.startswith(f"{zone}/")
            )
        return self._files.list(prefix)

    def stat(self, key: str) -> ObjectInfo:
        return self._seen(self._files.stat(self._there(key)))

    def read(self, key: str) -> tuple[bytes, ObjectInfo]:
        inner = self._there(key)
        if not key.startswith(_NOTEBOOKS):
            body, info = self._files.read(inner)
            return body, self._seen(info)
        for _ in range(tree.ATTEMPTS):
            info = self._files.stat(inner)
            if info.size > self._largest:
                raise KeyRefused(
                    f"'{key.removeprefix(_NOTEBOOKS)}' has {info.size} bytes, and a notebook has {self._largest} at"
                    " most. It was put there past the service, which does not read it. Clear its outputs there.",
                    key=key,
                )
            with contextlib.suppress(ObjectChanged):
                body = self._files.read_range(inner, 0, info.size, info.version)
                return body, replace(self._seen(info), sha256=digest_of(body))
        raise faults.restless(key)

    def write(self, key: str, body: bytes, expected: Absent | Version | Anything) -> ObjectInfo:
        with self._told():
            return self._seen(self._files.write(self._place(key), body, expected))

    def delete(self, key: str, expected: Version | Anything) -> None:
        with self._told():
            self._files.delete(self._expected(key, expected), expected)

    def entries(self, folder: str = "", after: str = "") -> Iterator[ObjectInfo | str]:
        check_prefix(folder)
        if not folder.startswith((_NOTEBOOKS, _DATA)):
            return self._files.entries(folder, after)
        zone, below = folder.split("/", 1)
        found = self._files.entries(_DATA + below, _DATA + after.partition("/")[2] if after else "")
        return self._of_zone(f"{zone}/", found)

    def read_range(self, key: str, start: int, size: int, expected: Version | Anything) -> bytes:
        with self._told():
            return self._files.read_range(self._expected(key, expected), start, size, expected)

    def write_stream(self, key: str, pieces: Iterable[bytes], expected: Absent | Version | Anything) -> ObjectInfo:
        with self._told():
            return self._seen(self._files.write_stream(self._place(key), pieces, expected))

    def rename(self, key: str, target: str, expected: Version | Anything) -> ObjectInfo:
        with self._told():
            return self._seen(self._files.rename(self._expected(key, expected), self._place(target), expected))

    def remove_folders(self, folder: str) -> None:
        """For `folders.remove_empty`."""
        remove_empty(self._files, folder)

    def hidden(self, folder: str) -> int:
        """For `folders.hidden`: of the tree, which both zones have."""
        zone, _, below = folder.partition("/")
        return hidden(self._files, _DATA + below if zone in (NOTEBOOKS, DATA) else folder)

    def _all(self) -> Iterator[ObjectInfo]:
        return map(self._seen, self._files.list())

    def _of_zone(self, zone: str, found: Iterable[ObjectInfo | str]) -> Iterator[ObjectInfo | str]:
        """Objects that belong to it, and all folders: a tree has one set of them."""
        for each in found:
            if isinstance(each, str):
                yield zone + each.removeprefix(_DATA)
            elif (info := self._seen(each)).key.startswith(zone):
                yield info

    def _seen(self, info: ObjectInfo) -> ObjectInfo:
        """With the key that it has here."""
        return replace(info, key=self._outer(info.key))

    def _outer(self, key: str) -> str:
        path = key.removeprefix(_DATA)
        return _NOTEBOOKS + path if key.startswith(_DATA) and self._is_notebook(path) else key

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What the store says of its own keys is said of the ones that the caller knows."""
        try:
            yield
        except ObjectChanged as refusal:
            current = refusal.current and self._seen(refusal.current)
            raise ObjectChanged(self._outer(str(refusal.details["key"])), current) from refusal

    def _inner(self, key: str) -> str | None:
        """The key in the bucket of the tree; None for what has another key here."""
        zone, _, path = check_key(key).partition("/")
        if zone not in (NOTEBOOKS, DATA) or not path:
            return key
        return _DATA + path if self._is_notebook(path) == (zone == NOTEBOOKS) else None

    def _there(self, key: str) -> str:
        inner = self._inner(key)
        if inner is None:
            raise _missing(key)
        return inner

    def _expected(self, key: str, expected: Version | Anything) -> str:
        """As `_there`, where a version may be expected of what is not there."""
        inner = self._inner(key)
        if inner is None:
            raise _missing(key) if expected is ANYTHING else ObjectChanged(key, None)
        return inner

    def _place(self, key: str) -> str:
        inner = self._inner(key)
        if inner is None:
            zone, _, path = key.partition("/")
            why = "may not have this name" if zone == NOTEBOOKS else "is kept as a notebook, not as data"
            raise KeyRefused(f"'{path}' {why}; nothing was done.", key=key)
        return inner


def _missing(key: str) -> ObjectMissing:
    return ObjectMissing(f"There is no object '{key}' in the library.", key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Libraries:
    """Where libraries are, and what holds for all of them: ``url`` is the setting, ``mount_of`` says by a library's id
    where its drive is mounted, if its files lie on one from outside."""

    url: str
    is_notebook: IsNotebook
    largest: int
    mount_of: Callable[[str], Path]

    def create(self, library_id: str) -> Bucket:
        """Make the folder of a library and open it; one that is there is opened as it is.

        Raises ``SettingsWrong`` for an address that is no folder, ``BucketUnavailable`` and ``BucketFull``.
        """
        folder = self._folder(library_id)
        try:
            make_folders(folder.parent, library_id)
        except OSError as error:
            raise (BucketFull() if faults.is_full(error) else faults.unavailable("it cannot be made")) from error
        return LibraryBucket(DirectoryBucket(folder), self.is_notebook, self.largest)

    def create_outside(self, library_id: str) -> Bucket:
        """As `create`, for one whose files lie on a drive from outside. That it is one is said in the folder itself, so
        that its files are never looked for here."""
        self.create(library_id)
        (self._folder(library_id) / _OUTSIDE).touch()
        return self._from_outside(library_id)

    def find(self, library_id: str) -> Bucket | None:
        """The library with this id, where one was created."""
        folder = self._folder(library_id)
        if (folder / _OUTSIDE).exists():
            return self._from_outside(library_id)
        return LibraryBucket(DirectoryBucket(folder), self.is_notebook, self.largest) if folder.is_dir() else None

    def remove(self, library_id: str) -> None:
        """Take away the folder of a library that was emptied. Raises ``BucketUnavailable`` while there is something."""
        try:
            self._folder(library_id).rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            raise faults.unavailable("it cannot be removed") from error

    def _from_outside(self, library_id: str) -> Bucket:
        files = OutsideBucket(
            DirectoryBucket(self._folder(library_id)),
            self.mount_of(library_id),
            _patience_with(library_id),
            is_hashed=self.is_notebook,
            largest=self.largest,
        )
        return LibraryBucket(files, self.is_notebook, self.largest)

    def _folder(self, library_id: str) -> Path:
        if not _ID.fullmatch(library_id):
            raise ValueError(f"no id of a library: {library_id!r}")
        parts = urllib.parse.urlsplit(self.url)
        path = urllib.parse.unquote(parts.path)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not path.startswith("/"):
            raise SettingsWrong(
                f"TERRA_LIBRARIES is '{self.url}'; libraries are mounted from a folder, so use file:///folder."
            )
        return Path(path) / library_id


@cache
def _patience_with(library_id: str) -> Patience:  # noqa: ARG001 - what it is kept by
    """One for each drive in this process, however many buckets are opened of it."""
    return Patience()
