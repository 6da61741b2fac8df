"""Which kernel was ended for want of memory: puts together a count that rose and a kernel that died.

The control group counts kills and does not say whom; Jupyter sees that a kernel died, up to 3 s later, and does not
know why. A kernel that died of SIGKILL while the count rose was ended for want of memory. A rise that no kernel
explains within `GRACE_SECONDS` was another process: a worker of a cell, or a program in a terminal.
"""

import signal
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from terraspawner_environment.memory import Memory
from terraspawner_environment.saves import rfc3339

GRACE_SECONDS = 10.0
"""Jupyter looks every 3 s whether its kernels live."""
KEPT = 20

SCHEMA_ID = "urn:terraspawner:memory:v1"
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "A process was ended because the environment reached its memory limit",
    "description": "Emitted once for each kernel, and for other processes that were ended together.",
    "personal-data": False,
    "type": "object",
    "required": ["at", "what", "path", "limit"],
    "properties": {
        "at": {"type": "string", "description": "when it was noticed, RFC 3339"},
        "what": {"enum": ["kernel", "process"]},
        "path": {"type": ["string", "null"], "description": "Lab's path of the kernel's notebook, where it has one"},
        "limit": {"type": "integer", "description": "the environment's memory in bytes"},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One end for want of memory. `path` is the notebook of a kernel that had one; `limit` in bytes."""

    at: str
    what: Literal["kernel", "process"]
    path: str | None
    limit: int

    def facts(self) -> dict[str, Any]:
        return asdict(self)


class Kills:
    """The kills since this server started. `clock` gives seconds that only rise, `now` the time of day."""

    def __init__(
        self, read: Callable[[], Memory | None], *, clock: Callable[[], float], now: Callable[[], datetime]
    ) -> None:
        self._read = read
        self._clock = clock
        self._now = now
        self._listeners: list[Callable[[Kill], None]] = []
        self._kept: deque[Kill] = deque(maxlen=KEPT)
        first = read()
        self._count = self._explained = first.kills if first else 0
        self._rose_at = float("-inf")

    def listen(self, listener: Callable[[Kill], None]) -> None:
        self._listeners.append(listener)

    @property
    def is_unexplained(self) -> bool:
        """Did the count rise without a kernel that explains it (yet)?"""
        return self._count > self._explained

    @property
    def last(self) -> Kill | None:
        return self._kept[-1] if self._kept else None

    def all(self) -> list[Kill]:
        """Return the last ones, oldest first."""
        return list(self._kept)

    def kernel_died(self, path: str | None, status: int | None) -> None:
        """A kernel ended by itself with `status` (None where it is not known)."""
        memory = self._look()
        is_recent = self._clock() - self._rose_at < GRACE_SECONDS
        is_killed = status in (None, -signal.SIGKILL, 128 + signal.SIGKILL)
        if memory is not None and is_killed and (is_recent or self.is_unexplained):
            self._explained = self._count  # its workers went with it
            self._tell("kernel", path, memory)

    def sweep(self) -> None:
        """Tell of a rise that no kernel explains; to be called now and then."""
        memory = self._look()
        if memory is None or not self.is_unexplained or self._clock() - self._rose_at < GRACE_SECONDS:
            return
        self._explained = self._count
        self._tell("process", None, memory)

    def facts(self) -> dict[str, Any] | None:
        """Return what the workspace is told: numbers now, and the last kill."""
        memory = self._read()
        if memory is None:
            return None
        last = {"at": self.last.at, "what": self.last.what, "path": self.last.path} if self.last else None
        return {"limit": memory.limit, "used": memory.used, "kills": memory.kills, "last_kill": last}

    def _look(self) -> Memory | None:
        memory = self._read()
        if memory is not None and memory.kills > self._count:
            self._count, self._rose_at = memory.kills, self._clock()
        return memory

    def _tell(self, what: Literal["kernel", "process"], path: str | None, memory: Memory) -> None:
        kill = Kill(at=rfc3339(self._now()), what=what, path=path, limit=memory.limit)
        self._kept.append(kill)
        for listener in self._listeners:
            listener(kill)
