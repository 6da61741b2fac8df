"""Waiting for a drive from outside, in a thread of its own and for so long alone: what hangs there keeps nobody here.

A call into a mount whose server or whose program hangs ends when these say so, and cannot be cut off. So it is not made
by one of the service's few threads but by one that is left behind. Only some calls are made of one drive at once, and
of all drives fewer than the service has threads, with few that go through all of a drive; after one without an answer
the next are refused at once (`silence`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import TypeVar

from terraspawner.storage.errors import BucketUnavailable
from terraspawner.storage.outside_errors import BUSY, SILENT, away
from terraspawner.storage.silence import Silence

T = TypeVar("T")

OF_ONE_DRIVE = 2
OF_ALL_DRIVES = 3
WALKS = 2
SECONDS = 8.0
"""That a drive has for an answer."""
_SECONDS_FOR_A_TURN = 2.0
_all = threading.BoundedSemaphore(OF_ALL_DRIVES)
_walks = threading.BoundedSemaphore(WALKS)


class Patience:
    """With one drive, in this process. ``seconds`` is how long an answer may take, ``turn`` how long one waits until
    something can be asked."""

    def __init__(self, *, seconds: float = SECONDS, turn: float = _SECONDS_FOR_A_TURN) -> None:
        self._seconds, self._turn = seconds, turn
        self._mine = threading.BoundedSemaphore(OF_ONE_DRIVE)
        self._silence = Silence(seconds)

    def __call__(self, act: Callable[[], T], *, more_seconds: float = 0.0) -> T:
        """What ``act`` returns or raises; ``BucketUnavailable`` where that takes too long. It may end later all the
        same, with all that it does."""
        try:
            self._silence.check()
        except BucketUnavailable:
            raise away(SILENT) from None
        if not self._mine.acquire(timeout=self._turn):
            raise away(BUSY)
        if not _all.acquire(timeout=self._turn):
            self._mine.release()
            raise away(BUSY)
        try:
            future = self._begun(act)
            wait([future], timeout=self._seconds + more_seconds)
        finally:
            _all.release()
        if not future.done():
            self._silence.begin()
            raise away(SILENT)
        self._silence.end()
        return future.result()

    @contextlib.contextmanager
    def walk(self) -> Iterator[None]:
        """While many calls are made one after the other."""
        if not _walks.acquire(timeout=self._turn):
            raise away(BUSY)
        try:
            yield
        finally:
            _walks.release()

    def _begun(self, act: Callable[[], T]) -> Future[T]:
        """A turn of the drive's own is taken until the call has ended, however long that takes."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(act())
            except BaseException as error:  # noqa: BLE001 - whoever waits is told
                future.set_exception(error)
            finally:
                self._mine.release()

        threading.Thread(target=run, name="drive from outside", daemon=True).start()
        return future
