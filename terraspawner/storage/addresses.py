"""What TERRA_BUCKETS says, taken apart: which kind of store, where in it a workspace's bucket is.

Standard library only. ``file:///folder``, ``memory:``, ``s3://bucket/prefix``, ``az://container/prefix``,
``gs://bucket/prefix``. One bucket of an object store holds all workspaces, each below a prefix with its id, or
``{workspace}`` stands where the id goes (``s3://lab-{workspace}``). Read by the service, which opens buckets, and
by the process that mounts them: both must mean the same one.
"""

from __future__ import annotations

import enum
import re
import urllib.parse
from dataclasses import dataclass
from pathlib import PurePosixPath

from terraspawner.errors import SettingsWrong

WORKSPACE = "{workspace}"
_CONTAINER = re.compile(r"[a-z0-9](?:[a-z0-9.-]|\{workspace\})*")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9_.-]|\{workspace\})+")


class Store(enum.StrEnum):
    """Kinds of stores, by the scheme of their addresses."""

    DIRECTORY = "file"
    MEMORY = "memory"
    S3 = "s3"
    AZURE = "az"
    GCS = "gs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one bucket of ours is in an object store: `container` is the store's bucket, `prefix` has no slashes at its
    ends and is empty where the whole is ours."""

    store: Store
    container: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A store. `folder` is set for directories alone, `container` and `prefix` for object stores."""

    store: Store
    folder: PurePosixPath | None = None
    container: str = ""
    prefix: str = ""

    @property
    def is_object_store(self) -> bool:
        """Whether it is reached by a network, so that its data has to be mounted."""
        return self.store not in (Store.DIRECTORY, Store.MEMORY)

    def place_of(self, bucket_id: str) -> Place:
        """Where the bucket of this id is. Ids are ours: what they may be is checked by who has them from elsewhere."""
        whole = f"{self.container}/{self.prefix}"
        if WORKSPACE not in whole:
            prefix = f"{self.prefix}/{bucket_id}".strip("/")
            return Place(store=self.store, container=self.container, prefix=prefix)
        container, _, prefix = whole.replace(WORKSPACE, bucket_id).partition("/")
        return Place(store=self.store, container=container, prefix=prefix)


def parse_address(url: str) -> Address:
    """The store that TERRA_BUCKETS names. Raises `SettingsWrong`."""
    parts = urllib.parse.urlsplit(url)
    store = next((store for store in Store if store == parts.scheme), None)
    if store is Store.MEMORY:
        return Address(store=store)
    if store is Store.DIRECTORY:
        path = urllib.parse.unquote(parts.path)
        if parts.netloc in ("", "localhost") and path.startswith("/"):
            return Address(store=store, folder=PurePosixPath(path))
    elif store is not None and _is_object_path(parts):
        if WORKSPACE in parts.netloc and store is not Store.S3:
            raise SettingsWrong(f"TERRA_BUCKETS is '{url}': only S3 makes a bucket for each workspace; use a prefix.")
        return Address(store=store, container=parts.netloc, prefix=parts.path.strip("/"))
    raise SettingsWrong(
        f"TERRA_BUCKETS is '{url}', which is no store this program knows; use file:///folder, s3://bucket/prefix, "
        "az://container/prefix or gs://bucket/prefix (or memory: for a trial that keeps nothing)."
    )


def _is_object_path(parts: urllib.parse.SplitResult) -> bool:
    """A container, and a prefix of plain segments. No user, port or query: credentials never stand in an address."""
    segments = [segment for segment in parts.path.split("/") if segment]
    is_plain = all(_SEGMENT.fullmatch(segment) and segment not in (".", "..") for segment in segments)
    return bool(_CONTAINER.fullmatch(parts.netloc)) and is_plain and not (parts.query or parts.fragment)
