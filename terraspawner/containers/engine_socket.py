"""The Engine's socket as a container has it: the file that was there when the container was started.

An Engine that makes its socket itself, as one without systemd does, removes it when it ends and makes another one when
it starts. What lives through that, as ours do with `live-restore`, keeps the removed one and is refused for ever.
Nothing in a container can mend that. But the Engine starts what has ended anew (`restart: always`), and binds
the socket of then: so whoever needs the Engine ends, and at once, as if killed, from which each of ours comes back to a
true state. Asked to end it would finish first: a Hub in the middle of a stop forgets what still runs. To bind the
socket's folder instead was no choice: on most machines that is all of ``/run``.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

SOCKET = Path("/var/run/docker.sock")
LOOK_SECONDS = 5.0
LOOKS = 2
"""An Engine that is just being started again is there by then, and starts us at once."""

log = logging.getLogger(__name__)


def is_removed(socket: Path) -> bool:
    """Whether it is a file that has no name any more; False where none is there at all."""
    try:
        return socket.stat().st_nlink == 0
    except OSError:
        return False


def end_with(socket: Path = SOCKET) -> None:
    """From here on end this process when the Engine's socket is removed."""
    watch = Watch(socket, lambda: os._exit(1))
    threading.Thread(target=watch.run, args=(threading.Event().wait,), name="engine's socket", daemon=True).start()


class Watch:
    """Calls `end` once, after the socket was found removed so many times in a row."""

    def __init__(self, socket: Path, end: Callable[[], None]) -> None:
        self._socket, self._end, self._found = socket, end, 0

    def run(self, pause: Callable[[float], object]) -> None:
        """`pause` waits so many seconds between two looks."""
        while not self.look():
            pause(LOOK_SECONDS)

    def look(self) -> bool:
        """Whether it has ended."""
        self._found = self._found + 1 if is_removed(self._socket) else 0
        if self._found <= LOOKS:
            return False
        log.warning("The Docker Engine was started anew and has another socket: ending, so that it is bound again.")
        self._end()
        return True
