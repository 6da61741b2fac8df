"""What lies below a prefix of an object store, as lists of a bucket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from terraspawner.storage.base import ObjectInfo, is_key
from terraspawner.storage.layout import is_shared
from terraspawner.storage.listing import directly_in
from terraspawner.storage.notes import info_of
from terraspawner.storage.remote import Remote
from terraspawner.storage.store import ObjectStore

_AT_ONCE = 100


class Contents:
    """`prefix` is empty or ends with ``/``."""

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    def below(self, prefix: str) -> Iterator[ObjectInfo]:
        """As `Bucket.list`, of a prefix that was checked."""
        # sorted here: Azure's order is not that of the bytes
        found = sorted(self._store.client.all(f"{self._prefix}{prefix}"), key=lambda remote: remote.path)
        for start in range(0, len(found), _AT_ONCE):
            for remote in self._store.pool.map(self._looked_at, found[start : start + _AT_ONCE]):
                if remote is not None:
                    yield info_of(self._key(remote), remote)

    def directly_in(self, folder: str, after: str) -> Iterator[ObjectInfo | str]:
        """As `Bucket.entries`, of a folder that was checked."""
        coming = self._coming(f"{self._prefix}{folder}", f"{self._prefix}{after}" if after else "")
        while some := list(itertools.islice(coming, _AT_ONCE)):
            looked_at = self._store.pool.map(self._looked_at, [each for each in some if not isinstance(each, str)])
            for each in some:
                if not isinstance(each, str):
                    remote = next(looked_at)
                    if remote is not None:
                        yield info_of(self._key(remote), remote)
                elif is_key(key := each.removeprefix(self._prefix)[:-1]):
                    yield f"{key}/"

    def _coming(self, folder: str, after: str) -> Iterator[Remote | str]:
        client = self._store.client
        if client.lists_behind:
            return directly_in(folder, after, lambda offset: client.pages(folder, offset))
        return iter(self._store.folders.behind(after, folder, lambda: client.folder(folder)))

    def _looked_at(self, listed: Remote) -> Remote | None:
        """With its attribute, where that matters; None for what is no object of a bucket, or not any more."""
        key = self._key(listed)
        if not is_key(key):
            return None
        return listed if is_shared(key) else self._store.remembered(listed)

    def _key(self, remote: Remote) -> str:
        return remote.path.removeprefix(self._prefix)
