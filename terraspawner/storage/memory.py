"""A bucket in memory: for tests and for a demonstration that leaves nothing behind. Shipped and supported."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from terraspawner.storage.base import (
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
from terraspawner.storage.errors import KeyRefused, ObjectMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    body: bytes
    info: ObjectInfo


class MemoryBucket:
    """Keeps every promise of :class:`~terraspawner.storage.base.Bucket` but durability, for one process.

    ``clock`` gives nanoseconds since 1970. A store stamps its objects itself, as an object store would: it is
    the one place besides the mains where a clock is read.
    """

    def __init__(self, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._objects: dict[str, _Stored] = {}
        self._generation = 0

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        with self._lock:
            found = [stored.info for key, stored in self._objects.items() if key.startswith(prefix)]
        # Code points and UTF-8 bytes sort alike.
        return iter(sorted(found, key=lambda info: info.key))

    def stat(self, key: str) -> ObjectInfo:
        return self._get(key).info

    def read(self, key: str) -> tuple[bytes, ObjectInfo]:
        stored = self._get(key)
        return stored.body, stored.info

    def write(self, key: str, body: bytes, expected: Absent | Version | Anything) -> ObjectInfo:
        check_key(key)
        digest = digest_of(body)
        with self._lock:
            self._check_no_folder(key)
            self._check_expected(key, expected)
            self._generation += 1
            info = ObjectInfo(
                key=key,
                size=len(body),
                modified=_moment(self._clock()),
                version=Version(f"{self._generation}-{digest}"),
                sha256=digest,
            )
            self._objects[key] = _Stored(body=bytes(body), info=info)
            return info

    def delete(self, key: str, expected: Version | Anything) -> None:
        check_key(key)
        with self._lock:
            self._check_expected(key, expected)
            if self._objects.pop(key, None) is None:
                raise ObjectMissing(f"There is no object '{key}' in the bucket.", key=key)

    def entries(self, folder: str = "", after: str = "") -> Iterator[ObjectInfo | str]:
        found: dict[str, ObjectInfo | str] = {}
        for info in self.list(folder):
            name, slash, _ = info.key.removeprefix(folder).partition("/")
            key = f"{folder}{name}{slash}"
            found[key] = key if slash else info
        return iter([found[key] for key in sorted(found) if key > after])

    def read_range(self, key: str, start: int, size: int, expected: Version | Anything) -> bytes:
        stored = self._get(key)
        if not meets(stored.info, expected):
            raise ObjectChanged(key, stored.info)
        return stored.body[start : start + size]

    def write_stream(self, key: str, pieces: Iterable[bytes], expected: Absent | Version | Anything) -> ObjectInfo:
        return self.write(key, b"".join(pieces), expected)

    def rename(self, key: str, target: str, expected: Version | Anything) -> ObjectInfo:
        return move(self, key, target, expected)

    def _get(self, key: str) -> _Stored:
        check_key(key)
        with self._lock:
            stored = self._objects.get(key)
        if stored is None:
            raise ObjectMissing(f"There is no object '{key}' in the bucket.", key=key)
        return stored

    def _check_expected(self, key: str, expected: Absent | Version | Anything) -> None:
        stored = self._objects.get(key)
        current = stored.info if stored else None
        if not meets(current, expected):
            raise ObjectChanged(key, current)

    def _check_no_folder(self, key: str) -> None:
        """Refuse what a directory could not hold, so that what passes here passes there."""
        segments = key.split("/")
        for end in range(1, len(segments)):
            if (parent := "/".join(segments[:end])) in self._objects:
                raise KeyRefused(f"'{key}' cannot be written: '{parent}' is an object, not a folder.", key=key)
        if any(other.startswith(f"{key}/") for other in self._objects):
            raise KeyRefused(f"'{key}' cannot be written: it is a folder with objects in it.", key=key)


def _moment(nanoseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
