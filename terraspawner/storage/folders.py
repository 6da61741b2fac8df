"""Folders that a store has of their own, and shows though nothing is in them (those of a file system)."""

from __future__ import annotations

from typing import Protocol, cast

from terraspawner.storage.base import Bucket


class HasFolders(Bucket, Protocol):
    """A bucket whose folders stay when their last object goes."""

    def remove_folders(self, folder: str) -> None:
        """Remove `folder`, which ends with ``/``, and the folders in it; what has anything in it stays."""
        ...


def remove_empty(bucket: Bucket, folder: str) -> None:
    """See that no empty folders are left there. Where folders come and go with their objects nothing is to be done."""
    if hasattr(bucket, "remove_folders"):
        cast("HasFolders", bucket).remove_folders(folder)
