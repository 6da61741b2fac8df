"""Where notebooks are in a bucket, and which names are too alike."""

from __future__ import annotations

from terraspawner.domain import names
from terraspawner.errors import NameTaken
from terraspawner.storage.base import SEGMENT_LIMIT, Bucket

FOLDER = "notebooks/"
SUFFIX = ".ipynb"


def refuse_twin(bucket: Bucket, path: str, besides: str = "") -> None:
    """Two names that differ only in case cannot be told apart on every disk. Raises `NameTaken`."""
    wanted = names.comparable(path)
    for item in bucket.list(FOLDER):
        there = item.key.removeprefix(FOLDER)
        if names.comparable(there) == wanted and there not in (path, besides):
            raise NameTaken(f"There is a notebook {there!r}, which differs only in case. Choose another name.")


def copy_name(path: str, why: str) -> str:
    """The path beside `path` for a copy that is there because of `why`."""
    folder, slash, name = path.rpartition("/")
    addition = f" ({why}){SUFFIX}"
    stem = name[: -len(SUFFIX)].encode()[: SEGMENT_LIMIT - len(addition.encode())].decode(errors="ignore")
    return f"{folder}{slash}{stem}{addition}"
