"""What the directory store remembers of an object beside its bytes, and where.

A record lies in an extended attribute of the file, so that bytes and record become visible in the same
rename. It names the inode, time and size it speaks of: when these are no longer the file's, somebody edited
by hand and the record is void. Where the file system knows no extended attributes the record lies in a
side file; that one is written before the rename and holds the record of the old file as well, so that
whichever file a crash leaves in place finds its own.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass

from terraspawner.storage.base import Version
from terraspawner.storage.beneath import open_beneath

ATTRIBUTE = "user.terra.record"
RECORDS = ".terra/records"
_NO_ATTRIBUTES = (errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.ENOSPC, errno.E2BIG, errno.EROFS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The facts about one state of one file."""

    generation: int
    sha256: str
    is_external: bool
    inode: int
    mtime_ns: int
    size: int

    @property
    def version(self) -> Version:
        return Version(f"{self.generation}-{self.sha256}")

    def speaks_of(self, facts: os.stat_result) -> bool:
        """Whether the file is still in the state this record was made for."""
        return (self.inode, self.mtime_ns, self.size) == (facts.st_ino, facts.st_mtime_ns, facts.st_size)


Replace = Callable[[int, str, bytes], None]
"""``replace(root, path, body)``: put a file of the store's own in place atomically and durably."""


class Records:
    """Reads and keeps records of the bucket whose open root is given to each call."""

    def __init__(self, *, use_attributes: bool, replace: Replace) -> None:
        self._use_attributes = use_attributes
        self._replace = replace

    def find(self, root: int, key: str, descriptor: int) -> Record | None:
        """The record that speaks of the open file as it is now."""
        facts = os.fstat(descriptor)
        attribute = self._attribute(descriptor)
        if attribute is not None and attribute.speaks_of(facts):
            return attribute
        return next((record for record in _side_file(root, key) if record.speaks_of(facts)), None)

    def last(self, root: int, key: str, descriptor: int) -> Record | None:
        """The newest record there is, of whatever state."""
        attribute = self._attribute(descriptor)
        known = [*([attribute] if attribute else []), *_side_file(root, key)]
        return max(known, key=lambda record: record.generation, default=None)

    def keep(self, root: int, key: str, descriptor: int, record: Record, *, before: Record | None) -> None:
        """Remember ``record`` of the open file. ``before`` is that of the file it will replace, if any."""
        if self._use_attributes:
            try:
                os.setxattr(descriptor, ATTRIBUTE, _to_json([record]))
            except OSError as error:
                if error.errno not in _NO_ATTRIBUTES:
                    raise
            else:
                return
        self._replace(root, _side_path(key), _to_json([record] if before is None else [record, before]))

    def forget(self, root: int, key: str) -> None:
        """Drop the side file of a deleted object, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_side_path(key), dir_fd=root)

    def _attribute(self, descriptor: int) -> Record | None:
        if not self._use_attributes:
            return None
        try:
            found = _from_json(os.getxattr(descriptor, ATTRIBUTE))
        except OSError:
            return None
        return found[0] if found else None


def _side_path(key: str) -> str:
    return f"{RECORDS}/{hashlib.sha256(key.encode()).hexdigest()}"


def _side_file(root: int, key: str) -> list[Record]:
    try:
        descriptor = open_beneath(root, _side_path(key), os.O_RDONLY)
    except FileNotFoundError:
        return []
    with os.fdopen(descriptor, "rb") as file:
        return _from_json(file.read())


def _to_json(records: list[Record]) -> bytes:
    return json.dumps([asdict(record) for record in records]).encode()


def _from_json(text: bytes) -> list[Record]:
    """Records as kept; none where a foreign hand has spoilt the text."""
    try:
        return [Record(**fields) for fields in json.loads(text)]
    except (ValueError, TypeError):
        return []
