"""From a setting to a bucket: ``memory:`` or ``memory:anything``, and ``file:///folder``.

Buckets in memory live as long as the process; they are found again by address and id, as folders are.
"""

from __future__ import annotations

import re
import threading
import urllib.parse
from pathlib import Path

from terraspawner.errors import SettingsWrong
from terraspawner.storage import faults
from terraspawner.storage.base import Bucket
from terraspawner.storage.directory import DirectoryBucket
from terraspawner.storage.errors import BucketFull
from terraspawner.storage.layout import make_folders
from terraspawner.storage.memory import MemoryBucket

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_in_memory: dict[tuple[str, str], MemoryBucket] = {}
_in_memory_lock = threading.Lock()


def create_bucket(url: str, bucket_id: str) -> Bucket:
    """Make a bucket in the store at ``url`` and open it; one that is there is opened as it is.

    Raises ``SettingsWrong`` for an address this program does not know, ``BucketUnavailable`` and ``BucketFull``.
    """
    folder = _folder(url, bucket_id)
    if folder is None:
        with _in_memory_lock:
            return _in_memory.setdefault((url, bucket_id), MemoryBucket())
    try:
        make_folders(folder.parent, bucket_id)
    except OSError as error:
        raise (BucketFull() if faults.is_full(error) else faults.unavailable("it cannot be made")) from error
    return DirectoryBucket(folder)


def open_bucket(url: str, bucket_id: str) -> Bucket:
    """Open a bucket that :func:`create_bucket` made. Raises as that does; ``BucketUnavailable`` if there is none."""
    folder = _folder(url, bucket_id)
    if folder is not None:
        return DirectoryBucket(folder)
    with _in_memory_lock:
        found = _in_memory.get((url, bucket_id))
    if found is None:
        raise faults.unavailable("it was never made in this process")
    return found


def remove_bucket(url: str, bucket_id: str) -> None:
    """Take away an empty bucket; done already is done. What environments left in its folder is not for this process to
    delete: it is theirs, with their modes (`host` empties it first). Raises ``BucketUnavailable`` while there is some.
    """
    folder = _folder(url, bucket_id)
    if folder is None:
        with _in_memory_lock:
            _in_memory.pop((url, bucket_id), None)
        return
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        raise faults.unavailable("it cannot be removed") from error


def _folder(url: str, bucket_id: str) -> Path | None:
    """The bucket's folder; None for a bucket in memory."""
    if not _ID.fullmatch(bucket_id):
        raise ValueError(f"no bucket id: {bucket_id!r}")
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "memory":
        return None
    path = urllib.parse.unquote(parts.path)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not path.startswith("/"):
        raise SettingsWrong(
            f"TERRA_BUCKETS is '{url}', which is no store this program knows; "
            "use file:///folder (or memory: for a trial that keeps nothing)."
        )
    return Path(path) / bucket_id
