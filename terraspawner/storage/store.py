"""A bucket or container of an object store as a whole: its client, and what this process knows about its objects."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zlib import crc32

from terraspawner.storage import faults
from terraspawner.storage.base import Version
from terraspawner.storage.errors import StoreTaken
from terraspawner.storage.kept_folders import KeptFolders
from terraspawner.storage.remote import Client, Conditions, Remote

_LOCKS = 1024
_THREADS = 16
_REMEMBERED = 100_000
_SETTLED = timedelta(minutes=1)
"""Older than this an object is told apart from later writes by ETag and second, whatever the clocks' difference."""
_GIVEN = timedelta(seconds=5)
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")
"""Requests at once beside each other, of all stores."""


class ObjectStore:
    """`conditions` tells what it can do, which may take a look at it first; `wait` lets seconds pass.

    Times here are compared with the store's, so they are those of the machine.
    """

    def __init__(
        self,
        client: Client,
        *,
        conditions: Callable[[], Conditions] = lambda: Conditions.QUOTED,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client
        self.conditions = conditions
        self.pool = _pool
        self.folders = KeptFolders()
        self._wait = wait
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        self._guard = threading.Lock()
        self._known: OrderedDict[str, Remote] = OrderedDict()
        self._given: OrderedDict[tuple[str, Version], datetime] = OrderedDict()

    @contextlib.contextmanager
    def hold(self, path: str) -> Iterator[None]:
        """Keep every other writer of `path` in this process out. Who waits too long is told that the store is away.

        Raises as `check_sole` does.
        """
        self.check_sole()
        lock = self._locks[crc32(path.encode()) % _LOCKS]
        if not lock.acquire(timeout=2 * self.client.options.seconds):
            raise faults.unavailable("the store does not answer")
        try:
            yield
        finally:
            self.folders.forget(path)
            lock.release()

    def check_sole(self) -> None:
        """Raises `StoreTaken` where the store takes no conditions, and another process is the one that writes to it."""
        if self.conditions() is Conditions.NONE and not self.client.options.is_sole_writer():
            raise StoreTaken

    def remembered(self, listed: Remote) -> Remote | None:
        """A listed object with its attribute; None when it is gone."""
        with self._guard:
            known = self._known.get(listed.path)
        if known is not None and (known.mark, known.size, known.modified) == (
            listed.mark,
            listed.size,
            listed.modified,
        ):
            return known
        asked = datetime.now(UTC)
        found = self.client.head(listed.path)
        if found is not None and asked - found.modified > _SETTLED:
            with self._guard:
                self._known[listed.path] = found
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return found

    def is_new(self, path: str, version: Version) -> bool:
        """Whether a version in ``data/`` has not been given before; it is from now on."""
        now = datetime.now(UTC)
        with self._guard:
            while self._given and now - next(iter(self._given.values())) > _GIVEN:
                self._given.popitem(last=False)
            return self._given.setdefault((path, version), now) is now

    def next_second(self) -> None:
        """Let the store's clock move on."""
        self._wait(1.01 - datetime.now(UTC).microsecond / 1e6)
