"""Folders of a store that lists a folder whole or not at all, kept for whoever reads one page by page.

That is Azure: its client begins no list behind a path, in the store's own order, which nobody promises to be ours, and
the mark from which a list goes on is the store's secret. So the first page reads the folder, and those behind it are of
that same listing while it is young and this process writes nothing in it or below. What others write there past us is
seen on these pages that much later; on the first at once.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from terraspawner.storage.remote import Remote

LASTS = 10.0
"""Seconds that a listing is kept: programs ask for the next page at once, and people want what is there now."""
_MOST = 200_000
"""Items kept in all, of some 300 bytes each; a larger folder is read for each page."""

Item = Remote | str
"""An object, or the path of a folder, which ends with ``/``."""


@dataclass(frozen=True, slots=True)
class _Kept:
    items: Sequence[Item]
    since: float


class KeptFolders:
    """`clock` gives seconds that only rise; of at most `most` items listings are kept."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, most: int = _MOST) -> None:
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}  # the oldest first
        self._reading: dict[str, object] = {}

    def behind(self, after: str, folder: str, read: Callable[[], Sequence[Item]]) -> Iterator[Item]:
        """What lies in the folder behind the path `after`, empty for all of it, in the order of its bytes.

        `read` gives all of it in any order.
        """
        items = self._young(folder) if after else None
        if items is None:
            items = self._read(folder, read)
        return (items[place] for place in range(bisect_right(items, after, key=_path), len(items)))

    def forget(self, path: str) -> None:
        """Something was written at this path: it may be in the listings of all folders above."""
        with self._lock:
            for folder in ("", *(path[: end + 1] for end, letter in enumerate(path) if letter == "/")):
                self._kept.pop(folder, None)
                self._reading.pop(folder, None)

    def _young(self, folder: str) -> Sequence[Item] | None:
        with self._lock:
            self._let_go()
            kept = self._kept.get(folder)
        return kept.items if kept else None

    def _read(self, folder: str, read: Callable[[], Sequence[Item]]) -> Sequence[Item]:
        """Kept if nothing was written there meanwhile, and nobody has begun to read it after us."""
        mine = object()
        with self._lock:
            self._reading[folder] = mine
        items = sorted(read(), key=_path)
        with self._lock:
            if self._reading.get(folder) is mine:
                del self._reading[folder]
                self._kept.pop(folder, None)
                self._kept[folder] = _Kept(items, self._clock())
            self._let_go()
        return items

    def _let_go(self) -> None:
        """Of what is old, and of the oldest where it is too much."""
        total = sum(len(kept.items) for kept in self._kept.values())
        for folder, kept in list(self._kept.items()):
            if self._clock() - kept.since > LASTS or total > self._most:
                total -= len(kept.items)
                del self._kept[folder]


def _path(item: Item) -> str:
    return item if isinstance(item, str) else item.path
