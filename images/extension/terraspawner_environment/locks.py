"""One lock per notebook, made when asked for and forgotten when nobody holds it."""

import asyncio
from weakref import WeakValueDictionary


class PathLocks:
    """`async with locks.of(path)`: waits for whoever works on the same path, for nobody else."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, path: str) -> asyncio.Lock:
        lock = self._locks.get(path)
        if lock is None:
            lock = self._locks[path] = asyncio.Lock()
        return lock
