"""Where notebooks are in a bucket, and which names are too alike."""

from __future__ import annotations

from terraspawner.domain import names
from terraspawner.errors import NameTaken
from terraspawner.storage.base import Bucket

FOLDER = "notebooks/"


def refuse_twin(bucket: Bucket, path: str, besides: str = "") -> None:
    """Two names that differ only in case cannot be told apart on every disk. Raises `NameTaken`."""
    wanted = names.comparable(path)
    for item in bucket.list(FOLDER):
        there = item.key.removeprefix(FOLDER)
        if names.comparable(there) == wanted and there not in (path, besides):
            raise NameTaken(f"There is a notebook {there!r}, which differs only in case. Choose another name.")
