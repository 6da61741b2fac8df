"""Buckets in stores that take no conditions, and say yes to everything (`probe`)."""

from __future__ import annotations

from typing import Protocol, cast

from terraspawner.storage.base import Bucket, Version


class Overwriting(Bucket, Protocol):
    """A bucket whose store takes no conditions: a request of ours that the network held back may come out on top."""

    def put_back(self, key: str, body: bytes, version: Version) -> None:
        """Write bytes again that were there as `version`, as that version, over whatever is there."""
        ...


def overwriting(bucket: Bucket) -> Overwriting | None:
    """The bucket, if it is one of those."""
    return cast("Overwriting", bucket) if getattr(bucket, "overwrites", False) else None
