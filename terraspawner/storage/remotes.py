"""The buckets of one object store: where each is, making and removing them, and what the store can do.

What the store can do is found out once, by the first who writes or by the service as it starts, whoever comes first:
until then nobody knows how a condition must be put, or whether it means anything.
"""

from __future__ import annotations

import contextlib
import threading

from terraspawner.storage import faults
from terraspawner.storage.addresses import WORKSPACE, Address
from terraspawner.storage.base import RESERVED
from terraspawner.storage.layout import MADE
from terraspawner.storage.objectstore import ObjectStoreBucket
from terraspawner.storage.options import Options
from terraspawner.storage.probe import Capability, probe
from terraspawner.storage.remote import Client, Conditions, Refused
from terraspawner.storage.store import ObjectStore

_PROBED = "probe"
"""Stands for a workspace's id where the store is probed."""


class Remotes:
    """One for each address in a process."""

    def __init__(self, address: Address, options: Options) -> None:
        self._address = address
        self._options = options
        self._stores: dict[str, ObjectStore] = {}
        self._made: set[str] = set()
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._capability: Capability | None = None

    def make(self, bucket_id: str) -> ObjectStoreBucket:
        """A bucket of this id, there already or not, or lost: a prefix with a small object of its own."""
        store, prefix = self._place(bucket_id)
        store.check_sole()
        if self._has_own_container:
            store.client.make_container()
        if store.client.head(f"{prefix}{MADE}") is None:
            with contextlib.suppress(Refused):  # another was faster
                store.client.put(f"{prefix}{MADE}", b"", "", None, store.conditions())
        return self.open(bucket_id)

    def open(self, bucket_id: str) -> ObjectStoreBucket:
        """Raises ``BucketUnavailable`` where `make` has not been: what was lost shall not look like an empty one."""
        store, prefix = self._place(bucket_id)
        if bucket_id not in self._made:
            if store.client.get(f"{prefix}{MADE}") is None:
                raise faults.missing()
            self._made.add(bucket_id)
        return ObjectStoreBucket(store, prefix)

    def remove(self, bucket_id: str) -> None:
        """Delete a bucket with all that is in it; done already is done."""
        store, prefix = self._place(bucket_id)
        store.check_sole()
        self._made.discard(bucket_id)
        if self._has_own_container and not store.client.has_container():
            return
        paths = [remote.path for remote in store.client.all(prefix)]
        for _ in store.pool.map(store.client.delete, paths):
            continue
        if self._has_own_container:
            store.client.remove_container()

    def capability(self) -> Capability:
        """What the store can do, by a look at it if there was none yet. Raises ``BucketUnavailable``."""
        with self._probing:
            if self._capability is None:
                store, prefix = self._place(_PROBED)
                if self._has_own_container:
                    store.client.make_container()
                self._capability = probe(store.client, prefix)
                if self._has_own_container:
                    store.client.remove_container()
            return self._capability

    def answers(self) -> None:
        """Raises ``BucketUnavailable`` where the store does not."""
        store, prefix = self._place(_PROBED)
        if not self._has_own_container:
            store.client.has_any(f"{prefix}{RESERVED}/")

    @property
    def _has_own_container(self) -> bool:
        return WORKSPACE in self._address.container

    def _conditions(self) -> Conditions:
        return self.capability().conditions

    def _place(self, bucket_id: str) -> tuple[ObjectStore, str]:
        place = self._address.place_of(bucket_id)
        with self._lock:
            if place.container not in self._stores:
                client = Client(place.store, place.container, self._options)
                self._stores[place.container] = ObjectStore(client, conditions=self._conditions)
            return self._stores[place.container], f"{place.prefix}/" if place.prefix else ""
