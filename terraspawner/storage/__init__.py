"""Buckets: where notebooks and data of a workspace live. One protocol, one test suite, several stores."""

from terraspawner.storage.base import (
    ABSENT,
    ANYTHING,
    Absent,
    Anything,
    Bucket,
    ObjectChanged,
    ObjectInfo,
    Version,
    check_key,
    check_prefix,
    copy,
    digest_of,
    find,
    is_key,
    meets,
    move,
    save,
)
from terraspawner.storage.directory import DirectoryBucket
from terraspawner.storage.layout import DATA, NOTEBOOKS, make_folders
from terraspawner.storage.locate import create_bucket, open_bucket, remove_bucket
from terraspawner.storage.memory import MemoryBucket

__all__ = [
    "ABSENT",
    "ANYTHING",
    "DATA",
    "NOTEBOOKS",
    "Absent",
    "Anything",
    "Bucket",
    "DirectoryBucket",
    "MemoryBucket",
    "ObjectChanged",
    "ObjectInfo",
    "Version",
    "check_key",
    "check_prefix",
    "copy",
    "create_bucket",
    "digest_of",
    "find",
    "is_key",
    "make_folders",
    "meets",
    "move",
    "open_bucket",
    "remove_bucket",
    "save",
]
