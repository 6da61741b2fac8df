"""What a store that is a folder of a file system has more than others: folders with nothing in them, and names that
programs and terminals gave and that are none of ours."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from terraspawner.storage.base import Bucket


@runtime_checkable
class HasFolders(Bucket, Protocol):
    """A bucket whose folders stay when their last object goes."""

    def remove_folders(self, folder: str) -> None:
        """Remove `folder`, which ends with ``/``, and the folders in it; what has anything in it stays."""
        ...

    def hidden(self, folder: str) -> int:
        """How many files and folders no list of `folder`, which ends with ``/``, has, since their names are no keys
        (`base.check_key`)."""
        ...


def hidden(bucket: Bucket, folder: str) -> int:
    """As the verb says; 0 where nobody looks: an object store would have to list all of it."""
    return bucket.hidden(folder) if isinstance(bucket, HasFolders) else 0


def remove_empty(bucket: Bucket, folder: str) -> None:
    """See that no empty folders are left there. Where folders come and go with their objects nothing is to be done."""
    if isinstance(bucket, HasFolders):
        bucket.remove_folders(folder)
