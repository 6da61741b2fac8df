"""Takes a bucket over into an object store: every object with its version, each read back and compared by its hash.

It may be interrupted at any point and done again: what is there with the version that the source has now is left, what
changed meanwhile is copied again, what is gone from the source and was brought by an earlier round goes. So a first
round can run beside people at work, and a short last one when nothing writes any more.

Guarded objects keep their versions, so that leases, outboxes and rows in the database that are based on one go on as if
nothing had happened. What lies below ``data/`` gets the versions that its new store makes, which nobody keeps.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from terraspawner.errors import SettingsWrong
from terraspawner.storage import faults
from terraspawner.storage.addresses import parse_address
from terraspawner.storage.base import ANYTHING, RESERVED, Bucket, ObjectChanged, ObjectInfo, digest_of, is_key
from terraspawner.storage.errors import BucketUnavailable, ObjectMissing
from terraspawner.storage.layout import DATA, DATA_TRASH
from terraspawner.storage.locate import create_bucket, open_bucket
from terraspawner.storage.notes import Note, hash_of_key, note_of
from terraspawner.storage.objectstore import PART, ObjectStoreBucket
from terraspawner.storage.options import Options
from terraspawner.storage.remote import Client

_ATTEMPTS = 5
_NAMED = 5
"""Files that a refusal names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Of one bucket. `copied` and `size` (bytes) are what had to be sent this time; `removed` what was gone since."""

    total: int = 0
    looked_at: int = 0
    copied: int = 0
    size: int = 0
    removed: int = 0


def move_bucket(source: Bucket, target: ObjectStoreBucket, tell: Callable[[Progress], None]) -> Progress:
    """Make `target` what `source` is; `tell` hears of each object. Raises ``BucketUnavailable``."""
    wanted = {info.key: info for info in source.list()}
    there = _there(target)
    progress = Progress(total=len(wanted))
    for key, info in wanted.items():
        size = _bring(source, target, info, there.get(key))
        progress = replace(progress, looked_at=progress.looked_at + 1)
        if size is not None:
            progress = replace(progress, copied=progress.copied + 1, size=progress.size + size)
        tell(progress)
    for key in sorted(set(there) - set(wanted)):
        target.delete(key, ANYTHING)
        progress = replace(progress, removed=progress.removed + 1)
    tell(progress)
    return progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One bucket that is there. `left` are links, and other things that are no files, and folders with nothing in them
    (these end with ``/``), by their paths in the bucket: no store knows such."""

    id: str
    progress: Progress
    left: tuple[str, ...]


def move_all(url: str, target: str, options: Options, tell: Callable[[int, int, Progress], None]) -> list[Moved]:
    """All buckets of the folder `url` into the object store `target`; `tell` hears which of how many, and how far.

    Raises ``BucketUnavailable``, also where there are files that could not come along, and `SettingsWrong`.
    """
    folder = parse_address(url).folder
    if folder is None or not parse_address(target).is_object_store:
        raise SettingsWrong(f"Buckets move from a folder into an object store, and not from '{url}' to '{target}'.")
    found = sorted(each.name for each in Path(folder).iterdir() if (each / RESERVED).is_dir())
    for bucket_id in found:
        _check_all_listed(Path(folder) / bucket_id)
    done = []
    for number, bucket_id in enumerate(found, 1):
        made = create_bucket(target, bucket_id, options)
        assert isinstance(made, ObjectStoreBucket), "its address says so"  # noqa: S101 - for the type checker
        progress = move_bucket(open_bucket(url, bucket_id), made, partial(tell, number, len(found)))
        done.append(Moved(id=bucket_id, progress=progress, left=tuple(_unknown_to_stores(Path(folder) / bucket_id))))
    return done


def _check_all_listed(bucket: Path) -> None:
    """No list has files of people with names that are no keys, or that are closed to this process: they would stay
    behind in silence. Raises ``BucketUnavailable`` with their names."""
    left = [*_left_out(bucket, DATA), *_left_out(bucket, DATA_TRASH)]
    if left:
        shown = ", ".join(ascii(path) for path in left[:_NAMED]) + (" and more" if len(left) > _NAMED else "")
        raise BucketUnavailable(
            f"{len(left)} files of the bucket {bucket.name} cannot come along, and nothing was moved: {shown}. The"
            " service may not read them, or their names are none that a store takes (other than UTF-8 in form NFC, or"
            " with control characters). Rename them or let them be read (chmod g+rX), or delete them, and do it again."
        )


def _unknown_to_stores(bucket: Path) -> Iterator[str]:
    for here, folders, names in os.walk(bucket / DATA):
        path = Path(here).relative_to(bucket).as_posix()
        if not (folders or names) and path != DATA:
            yield f"{path}/"
        links = [name for name in folders if Path(here, name).is_symlink()]
        yield from (f"{path}/{name}" for name in links)
        yield from (f"{path}/{name}" for name in names if not stat.S_ISREG(Path(here, name).lstat().st_mode))


def _left_out(bucket: Path, folder: str) -> Iterator[str]:
    closed: list[OSError] = []
    for here, _, names in os.walk(bucket / folder, onerror=closed.append):
        for path in (Path(here, name) for name in names):
            key = path.relative_to(bucket).as_posix()
            if stat.S_ISREG(path.lstat().st_mode) and not (is_key(key) and os.access(path, os.R_OK)):
                yield key
    for error in closed:
        if not isinstance(error, FileNotFoundError):
            yield Path(error.filename).relative_to(bucket).as_posix()


def _there(target: ObjectStoreBucket) -> dict[str, Note]:
    """What earlier rounds brought. Raises ``BucketUnavailable`` where others have written: that is no copy any more."""
    keys = [info.key for info in target.list()]
    found = target.store.pool.map(target.store.client.head, [target.path_of(key) for key in keys])
    notes = {key: note_of(key, remote.note if remote else "") for key, remote in zip(keys, found, strict=True)}
    for key, note in notes.items():
        if note is None or not note.kept:
            raise BucketUnavailable(
                f"In the store there is '{key}' already, which was not brought there from here. Nothing was changed: "
                "choose an empty bucket or another prefix.",
                key=key,
            )
    return {key: note for key, note in notes.items() if note is not None}


def _bring(source: Bucket, target: ObjectStoreBucket, info: ObjectInfo, there: Note | None) -> int | None:
    """Bytes that were sent; None where that was not needed, or the object is gone by now: the next round sees to it."""
    for _ in range(_ATTEMPTS):
        if there is not None and there.kept == info.version:
            return None
        try:
            _send(source, target, info)
        except ObjectMissing:
            return None
        except ObjectChanged as moved_on:
            if moved_on.current is None:
                return None
            info = moved_on.current
        else:
            return info.size
    raise faults.restless(info.key)


def _send(source: Bucket, target: ObjectStoreBucket, info: ObjectInfo) -> None:
    """Raises `ObjectChanged` where the source has another version by now."""
    path, client = target.path_of(info.key), target.store.client
    body = b"".join(_pieces(source, info)) if info.size <= PART else b""
    digest = digest_of(body) if info.size <= PART else _digest(_pieces(source, info))
    note = Note(
        mark=secrets.token_hex(8),
        moment=int(info.modified.timestamp() * 1_000_000),
        sha256=digest,
        key_hash=hash_of_key(info.key),
        kept=info.version,
    )
    if info.size <= PART:
        client.put_over(path, body, str(note))
    else:
        client.put_parts(path, _pieces(source, info), str(note))
    _compare(target, path, info.key, digest)


def _compare(target: ObjectStoreBucket, path: str, key: str, sent: str) -> None:
    """Read back what was sent. What is not the same goes, so that no later round takes it for done."""
    if _digest(_arrived(target.store.client, path)) != sent:
        target.store.client.delete(path)
        raise BucketUnavailable(
            f"'{key}' came back from the store with other bytes than were sent; it was taken away there again. "
            "The bucket it comes from is as it was. Do it again, or use another store.",
            key=key,
        )


def _pieces(source: Bucket, info: ObjectInfo) -> Iterator[bytes]:
    for start in range(0, info.size, PART):
        yield source.read_range(info.key, start, PART, info.version)


def _digest(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _arrived(client: Client, path: str) -> Iterator[bytes]:
    there = client.head(path)
    for start in range(0, there.size if there else 0, PART):
        found = client.get(path, (start, start + PART))
        yield found[0] if found else b""
