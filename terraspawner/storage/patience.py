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


def nothing() -> None:
    """Is to be done."""


class Patience:
    """With one drive, in this process. ``seconds`` is how long an answer may take, ``turn`` how long one waits until
    something can be asked."""

    def __init__(self, *, seconds: float = SECONDS, turn: float = _SECONDS_FOR_A_TURN) -> None:
        self._seconds, self._turn = seconds, turn
        self._mine = threading.BoundedSemaphore(OF_ONE_DRIVE)
        self._silence = Silence(seconds)

    def __call__(self, act: Callable[[], T], *, more_seconds: float = 0.0, after: Callable[[], None] = nothing) -> T:
        """What ``act`` returns or raises; ``BucketUnavailable`` where that takes too long. It may end later all the
        same, with all that it does: what it needs is let go of by ``after``, which is called when it has ended or will
        never begin."""
        with contextlib.ExitStack() as not_begun:
            not_begun.callback(after)
            self._take_turn()
            try:
                future = self._begun(act, after)
                not_begun.pop_all()
                wait([future], timeout=self._seconds + more_seconds)
            finally:
                _all.release()
        if not future.done():
            self._silence.begin()
            raise away(SILENT)
        self._silence.end()
        return future.result()

    def _take_turn(self) -> None:
        """The drive's own, and one of all drives'. Raises ``BucketUnavailable``."""
        try:
            self._silence.check()
        except BucketUnavailable:
            raise away(SILENT) from None
        if not self._mine.acquire(timeout=self._turn):
            raise away(BUSY)
        if not _all.acquire(timeout=self._turn):
            self._mine.release()
            raise away(BUSY)

    @contextlib.contextmanager
    def walk(self) -> Iterator[None]:
        """While many calls are made one after the other."""
        if not _walks.acquire(timeout=self._turn):
            raise away(BUSY)
        try:
            yield
        finally:
            _walks.release()

    def _begun(self, act: Callable[[], T], after: Callable[[], None]) -> Future[T]:
        """A turn of the drive's own is taken until the call has ended, however long that takes."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                with contextlib.ExitStack() as ended:
                    ended.callback(after)
                    result = act()
                future.set_result(result)
            except BaseException as error:  # noqa: BLE001 - whoever waits is told
                future.set_exception(error)
            finally:
                self._mine.release()

        try:
            threading.Thread(target=run, name="drive from outside", daemon=True).start()
        except RuntimeError:  # the machine has no more of them in this moment
            self._mine.release()
            raise away(BUSY) from None
        return future
