"""What an object in an object store says about itself, and what is known of it by that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from terraspawner.storage.base import ObjectInfo, Version, digest_of
from terraspawner.storage.layout import is_shared
from terraspawner.storage.remote import Remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Goes along with each write of ours, as an attribute of the object."""

    mark: str
    """Never used again: by it a write is known again."""
    moment: int
    """Microseconds since 1970, by the service's clock."""
    sha256: str
    """Empty for what came in pieces."""
    key_hash: str
    kept: str = ""
    """The version that it had in the store that it was moved from, and still has: what is based on it stays so."""

    def __str__(self) -> str:
        kept = f".{self.kept}" if self.kept else ""
        return f"{self.mark}.{self.moment}.{self.sha256}.{self.key_hash}{kept}"

    @property
    def modified(self) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.moment)


def hash_of_key(key: str) -> str:
    return digest_of(key.encode())[:16]


def info_of(key: str, remote: Remote) -> ObjectInfo:
    note = None if is_shared(key) else note_of(key, remote.note)
    if note is None:
        return ObjectInfo(
            key=key,
            size=remote.size,
            modified=remote.modified,
            version=Version(f"{remote.mark}.{int(remote.modified.timestamp()):x}"),
            sha256=None,
            is_external=not is_shared(key),
        )
    return ObjectInfo(
        key=key,
        size=remote.size,
        modified=note.modified,
        version=Version(note.kept or f"{note.mark}-{remote.mark}"),
        sha256=note.sha256,
    )


def gone(key: str, size: int, note: Note) -> ObjectInfo:
    """Somebody was there at once after us: ours was a version for less than a moment."""
    return ObjectInfo(
        key=key,
        size=size,
        modified=note.modified,
        version=Version(f"gone-{note.mark}"),
        sha256=note.sha256 or None,
    )


def note_of(key: str, text: str) -> Note | None:
    """None for what was not written here, or under another key."""
    parts = [*text.split(".", 4), ""]
    if len(parts) < 5 or not parts[1].isdecimal() or parts[3] != hash_of_key(key):
        return None
    return Note(mark=parts[0], moment=int(parts[1]), sha256=parts[2], key_hash=parts[3], kept=parts[4])
