"""A store that hangs shall keep nobody: after a request without an answer one at a time tries, and the others are told.

Without this each of the service's few threads would wait its own time-outs, and pages that need no bucket would hang.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from terraspawner.storage import faults


class Silence:
    """`seconds` is how long a request may take; `clock` gives seconds that only rise."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._until: float | None = None

    def check(self) -> None:
        """Raises ``BucketUnavailable`` while the store is silent, but for one who tries as long as a request takes."""
        if self._until is None:
            return
        with self._lock:
            if self._until is None:
                return
            if self._clock() < self._until:
                raise faults.unavailable("the store does not answer")
            self._until = self._clock() + self._seconds

    def begin(self) -> None:
        """A request had no answer. The next may try after a moment."""
        with self._lock:
            self._until = self._clock() + min(2.0, self._seconds)

    def end(self) -> None:
        """A request was answered."""
        if self._until is not None:
            with self._lock:
                self._until = None
