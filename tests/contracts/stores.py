"""Every kind of store there is, and a clock for them. A new store joins the suite by one line here.

Object stores are real servers (`tests/stores/servers.py`), started once for all tests, with a bucket for each test.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

import pytest

from stores import servers
from stores.servers import Server
from terraspawner.storage import Bucket, DirectoryBucket, MemoryBucket, make_folders
from terraspawner.storage.addresses import parse_address
from terraspawner.storage.drive import LibraryBucket
from terraspawner.storage.layout import is_shared
from terraspawner.storage.objectstore import ObjectStoreBucket
from terraspawner.storage.outside import OutsideBucket
from terraspawner.storage.patience import Patience
from terraspawner.storage.remote import Client, Conditions
from terraspawner.storage.store import ObjectStore

Clock = Callable[[], int]


class ClockThatStands:
    """Nanoseconds since 1970 that move only when told to, also backwards."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000_000_000

    def __call__(self) -> int:
        return self.now


PLAIN_FILES = {"x", "z", "y/z", ".terra/x", "empty", "new/file", "a/x/y", "a/z", "a0", "\u00e9/1"}
"""What the suite puts under ``data/``, and what ends in ``.csv``; every other name is a notebook's."""


def memory_bucket(folder: Path, clock: Clock) -> Bucket:
    return MemoryBucket(clock=clock)


def directory_bucket(folder: Path, clock: Clock) -> Bucket:
    return DirectoryBucket(make_folders(folder, "b1"), clock=clock)


def directory_bucket_without_attributes(folder: Path, clock: Clock) -> Bucket:
    return DirectoryBucket(make_folders(folder, "b1"), clock=clock, use_attributes=False)


def library_bucket(folder: Path, clock: Clock) -> Bucket:
    """Over one tree of files, in which a file is a notebook or it is not: never both."""
    files = DirectoryBucket(make_folders(folder, "b1"), clock=clock)
    return LibraryBucket(files, _is_notebook, 1 << 30)


def _is_notebook(path: str) -> bool:
    return path not in PLAIN_FILES and not path.endswith(".csv")


def outside_bucket(folder: Path, clock: Clock) -> Bucket:
    """Over a folder that is taken for a mounted drive: everything but `data/` lies elsewhere."""
    mount = folder / "outside" / "b1" / "data"
    mount.mkdir(parents=True)
    return OutsideBucket(
        DirectoryBucket(make_folders(folder, "b1"), clock=clock),
        mount,
        Patience(),
        is_hashed=_is_notebook,
        largest=1 << 30,
        is_mounted=lambda root, mount: True,
        clock=clock,
    )


def s3_bucket(folder: Path, clock: Clock) -> Bucket:
    return _remote_bucket(running(servers.s3), clock)


def azure_bucket(folder: Path, clock: Clock) -> Bucket:
    return _remote_bucket(running(servers.azure), clock)


def ceph_bucket(folder: Path, clock: Clock) -> Bucket:
    return _remote_bucket(running(servers.ceph), clock, Conditions.UNQUOTED)


def _remote_bucket(server: Server, clock: Clock, conditions: Conditions = Conditions.QUOTED) -> Bucket:
    """A bucket of the store's own, so that keys may be as long as they may."""
    address = parse_address(server.fresh())
    client = Client(address.store, address.container, server.options())
    return ObjectStoreBucket(ObjectStore(client, conditions=lambda: conditions), "", clock=clock)


_ending = contextlib.ExitStack()


@cache
def running(serve: Callable[[], AbstractContextManager[Server]]) -> Server:
    """The one server of its kind, until `stopped`."""
    return _ending.enter_context(serve())


@contextlib.contextmanager
def stopped() -> Iterator[None]:
    """Whatever was started ends."""
    try:
        yield
    finally:
        running.cache_clear()
        _ending.close()


def is_dated_by_its_server(bucket: Bucket, key: str) -> bool:
    """Whether the time of the last change is not the clock's that the tests move."""
    return isinstance(bucket, ObjectStoreBucket | OutsideBucket) and is_shared(key)


IN_THIS_PROCESS = [
    memory_bucket,
    directory_bucket,
    directory_bucket_without_attributes,
    library_bucket,
    outside_bucket,
]
BY_NETWORK = [s3_bucket, azure_bucket, ceph_bucket]
STORES = [
    *IN_THIS_PROCESS,
    *(pytest.param(make, marks=pytest.mark.slow) for make in (s3_bucket, azure_bucket)),
    pytest.param(ceph_bucket, marks=pytest.mark.full),
]
"""The stores that the suite holds to the protocol's promises."""

KEEPS_FOLDERS = [library_bucket]
"""People make folders there by hand, so none goes with its last object."""
