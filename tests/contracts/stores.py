"""Every kind of store there is, and a clock for them. A new store joins the suite by one line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from terraspawner.storage import Bucket, DirectoryBucket, MemoryBucket, make_folders
from terraspawner.storage.drive import LibraryBucket

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
    return LibraryBucket(files, lambda path: path not in PLAIN_FILES and not path.endswith(".csv"), 1 << 30)


STORES = [memory_bucket, directory_bucket, directory_bucket_without_attributes, library_bucket]
"""The stores that the suite holds to the protocol's promises."""

KEEPS_FOLDERS = [library_bucket]
"""People make folders there by hand, so none goes with its last object."""
