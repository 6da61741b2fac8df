"""From a setting to a bucket: ``memory:`` or ``memory:anything``, ``file:///folder``, and object stores.

In an object store, ``s3://bucket/prefix`` and its like, a workspace's objects lie below ``prefix/<workspace id>/``.
That bucket, or container, is made by whoever runs the deployment: rules for its backup and its end are his.

With ``{workspace}`` in the address's first part each workspace has a bucket of the store's own, which S3 lets us make.

Buckets in memory live as long as the process; they are found again by address and id, as folders are.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from terraspawner.storage import faults
from terraspawner.storage.addresses import Address, parse_address
from terraspawner.storage.base import Bucket
from terraspawner.storage.directory import DirectoryBucket
from terraspawner.storage.errors import BucketFull
from terraspawner.storage.layout import make_folders
from terraspawner.storage.memory import MemoryBucket
from terraspawner.storage.options import Options

if TYPE_CHECKING:  # the set-up program has no client of object stores
    from terraspawner.storage.remotes import Remotes

NO_OPTIONS = Options()
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_in_memory: dict[tuple[str, str], MemoryBucket] = {}
_in_memory_lock = threading.Lock()
_remotes_lock = threading.Lock()


def create_bucket(url: str, bucket_id: str, options: Options = NO_OPTIONS) -> Bucket:
    """Make a bucket in the store at ``url`` and open it; one that is there is opened as it is.

    Raises ``SettingsWrong`` for an address this program does not know, ``BucketUnavailable`` and ``BucketFull``.
    """
    address = _address(url, bucket_id)
    if address.is_object_store:
        return remotes(address, options).make(bucket_id)
    if address.folder is None:
        with _in_memory_lock:
            return _in_memory.setdefault((url, bucket_id), MemoryBucket())
    try:
        return DirectoryBucket(make_folders(Path(address.folder), bucket_id))
    except OSError as error:
        raise (BucketFull() if faults.is_full(error) else faults.unavailable("it cannot be made")) from error


def open_bucket(url: str, bucket_id: str, options: Options = NO_OPTIONS) -> Bucket:
    """Open a bucket that :func:`create_bucket` made. Raises as that does; ``BucketUnavailable`` if there is none."""
    address = _address(url, bucket_id)
    if address.is_object_store:
        return remotes(address, options).open(bucket_id)
    if address.folder is not None:
        return DirectoryBucket(Path(address.folder) / bucket_id)
    with _in_memory_lock:
        found = _in_memory.get((url, bucket_id))
    if found is None:
        raise faults.unavailable("it was never made in this process")
    return found


def remove_bucket(url: str, bucket_id: str, options: Options = NO_OPTIONS) -> None:
    """Take away a bucket; done already is done. In an object store that is all that lies in it. A folder must be empty:
    what environments left there is not for this process to delete, it is theirs, with their modes (`host` empties it
    first). Raises ``BucketUnavailable`` while there is some.
    """
    address = _address(url, bucket_id)
    if address.is_object_store:
        remotes(address, options).remove(bucket_id)
        return
    if address.folder is None:
        with _in_memory_lock:
            _in_memory.pop((url, bucket_id), None)
        return
    try:
        (Path(address.folder) / bucket_id).rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        raise faults.unavailable("it cannot be removed") from error


def remotes(address: Address, options: Options) -> Remotes:
    """The buckets of an object store: one of these for each address in a process, however many are opened in it."""
    with _remotes_lock:
        return _made_remotes(address, options)


@cache
def _made_remotes(address: Address, options: Options) -> Remotes:
    from terraspawner.storage.remotes import Remotes  # noqa: PLC0415  # brings the client along

    return Remotes(address, options)


def _address(url: str, bucket_id: str) -> Address:
    if not _ID.fullmatch(bucket_id):
        raise ValueError(f"no bucket id: {bucket_id!r}")
    return parse_address(url)
