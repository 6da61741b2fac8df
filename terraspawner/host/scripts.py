"""Startup scripts under way, and the end of what each has said: read while it runs, handed over when it is done.

A script's end is that of its process: a daemon that it leaves behind holds on to the output, which never ends then.
Blocking, as the Engine is: call it in a thread. What ends a script early is the end of its container.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from terraspawner.containers.startup import MOST_LOG_BYTES
from terraspawner.errors import Conflict

UNKNOWN_END = 255
_LOOK_SECONDS = 0.5
_SHORT_LOOK_SECONDS = 0.05
_LOOKS_AFTER_END = 200
_LAST_WORDS_SECONDS = 1.0


class Running(Protocol):
    """A script in a container, as `containers.engine.Engine.start_script` gives it."""

    def words(self) -> Iterator[bytes]: ...
    def exit_code(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a script ended, and the end of what it said."""

    exit_code: int
    log: str


class Tail:
    """The last bytes of a stream; says so where the beginning is left out."""

    def __init__(self, most: int = MOST_LOG_BYTES) -> None:
        self._most = most
        self._kept = bytearray()
        self._left_out = 0
        self._lock = threading.Lock()

    def add(self, piece: bytes) -> None:
        with self._lock:
            self._kept += piece
            if (extra := len(self._kept) - self._most) > 0:
                del self._kept[:extra]
                self._left_out += extra

    @property
    def text(self) -> str:
        with self._lock:
            said = self._kept.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
            return f"[{self._left_out} bytes before this are left out]\n{said}" if self._left_out else said


class Scripts:
    """At most one script at once in an environment."""

    def __init__(self, start: Callable[[str], Running], looks_after_end: int = _LOOKS_AFTER_END) -> None:
        self._start = start
        self._looks_after_end = looks_after_end
        self._tails: dict[str, Tail] = {}
        self._lock = threading.Lock()

    def run(self, environment_id: str) -> Outcome:
        """Run the script that lies in the environment's container, and wait for its end.

        Raises `Conflict` while one runs there already, and what the Engine raises.
        """
        tail = Tail()
        with self._lock:
            if environment_id in self._tails:
                raise Conflict(f"A startup script runs in the environment {environment_id} already.")
            self._tails[environment_id] = tail
        try:
            return self._followed(self._start(environment_id), tail)
        finally:
            with self._lock:
                del self._tails[environment_id]

    def log(self, environment_id: str, lines: int) -> list[str]:
        """What the script that runs now has said last; nothing where none runs."""
        with self._lock:
            tail = self._tails.get(environment_id)
        return tail.text.splitlines()[-lines:] if tail else []

    def _followed(self, running: Running, tail: Tail) -> Outcome:
        done = threading.Event()
        listening = threading.Thread(target=_listen, args=(running, tail, done), daemon=True)
        listening.start()
        looks_after_end = 0
        while (exit_code := running.exit_code()) is None:
            if looks_after_end >= self._looks_after_end:
                tail.add(b"[how it ended is not known]\n")
                exit_code = UNKNOWN_END
                break
            looks_after_end += done.wait(_LOOK_SECONDS)
            if looks_after_end:
                time.sleep(_SHORT_LOOK_SECONDS)
        listening.join(_LAST_WORDS_SECONDS)
        return Outcome(exit_code=exit_code, log=tail.text)


def _listen(running: Running, tail: Tail, done: threading.Event) -> None:
    try:
        for piece in running.words():
            tail.add(piece)
    except Exception as error:  # noqa: BLE001 - a connection that breaks at the container's end, in many ways
        tail.add(f"[the output was cut off: {type(error).__name__}]\n".encode())
    finally:
        done.set()
