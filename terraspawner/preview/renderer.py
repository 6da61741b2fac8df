"""The service's side of the worker: hands over a notebook, waits for HTML within bounds, starts the worker anew.

Two notebooks are taken apart at once, one of each person's, so that nobody's hostile notebook keeps the others from
reading theirs. The worker is started at the first notebook, or beforehand by `start`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from terraspawner.errors import Unavailable
from terraspawner.preview.errors import NotebookUnreadable, TooManyPreviews

AT_ONCE = 2
MOST_WAITING = 6
"""Previews that one person may have under way or waiting."""
SECONDS = 25.0
"""Longer than the worker gives its children, so that this one hardly ever decides."""
_MOST_ANSWER = 160 * 1024**2
"""Bytes: four for each character that `cells` makes at most."""
_PIECE = 1 << 20
_TOO_MUCH = "takes more time or memory to be shown than a preview may have. Download it to look at it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """For tests: how many at once, how long."""

    at_once: int = AT_ONCE
    waiting: int = MOST_WAITING
    seconds: float = SECONDS


class Renderer:
    """Makes HTML of notebooks, compares and merges them, in another process."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._turns = asyncio.Semaphore(self._bounds.at_once)
        self._own_turn: dict[str, asyncio.Lock] = {}
        self._asked: Counter[str] = Counter()

    def start(self) -> socket.socket:
        """Start the worker if it does not run. The socket that it takes connections from."""
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control
        self.close()
        ours, theirs = socket.socketpair()
        with theirs:
            # our own interpreter and module; -I and the empty environment: nothing of the service goes along.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "terraspawner.preview"],
                stdin=theirs.fileno(),
                env={"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
                cwd="/",
                start_new_session=True,
            )
        self._control = ours
        return ours

    def close(self) -> None:
        """End the worker; children under way end by themselves."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None

    async def render(self, user: str, body: bytes) -> bytes:
        """HTML, in UTF-8, of all that is shown of the notebook.

        Raises `NotebookUnreadable`, `TooManyPreviews`, `Unavailable`.
        """
        return await self._ask(user, "render", body)

    async def compare(self, user: str, old: bytes, new: bytes) -> bytes:
        """HTML, in UTF-8, of what became of `old`. Raises as `render`."""
        return await self._ask(user, "compare", old, new)

    async def merge(self, user: str, base: bytes, mine: bytes, theirs: bytes) -> dict[str, Any]:
        """What `preview.merged.told` tells. Raises as `render`."""
        found: dict[str, Any] = json.loads(await self._ask(user, "merge", base, mine, theirs))
        return found

    async def _ask(self, user: str, what: str, *notebooks: bytes) -> bytes:
        line = " ".join([what, *(str(len(each)) for each in notebooks[:-1])])
        body = b"".join([f"{line}\n".encode(), *notebooks])
        async with self._turn(user):
            connection = self._connected()
            try:
                async with asyncio.timeout(self._bounds.seconds):
                    answer = await _exchange(connection, body)
            except TimeoutError as error:
                raise NotebookUnreadable(f"The notebook {_TOO_MUCH}") from error
        word, _, said = answer.partition(b"\n")
        if word == b"ok":
            return said
        raise NotebookUnreadable(f"The notebook {said.decode(errors='replace') if word == b'no' else _TOO_MUCH}")

    @asynccontextmanager
    async def _turn(self, user: str) -> AsyncIterator[None]:
        if self._asked[user] >= self._bounds.waiting:
            raise TooManyPreviews
        self._asked[user] += 1
        own = self._own_turn.setdefault(user, asyncio.Lock())
        try:
            async with own, self._turns:
                yield
        finally:
            self._asked[user] -= 1
            if not self._asked[user]:
                del self._asked[user], self._own_turn[user]

    def _connected(self) -> socket.socket:
        """A connection to a child of the worker."""
        for _ in range(2):
            control = self.start()
            ours, theirs = socket.socketpair()
            with theirs, suppress(OSError):
                socket.send_fds(control, [b"n"], [theirs.fileno()])
                return ours
            ours.close()
            self.close()  # it ended between our look and our word
        raise Unavailable("Previews cannot be made at this moment. Download the notebook, or try again in a minute.")


async def _exchange(connection: socket.socket, body: bytes) -> bytes:
    """Send the notebook, read the answer; what breaks off is an empty one."""
    connection.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        writer.write(body)
        writer.write_eof()
        pieces, size = [], 0
        while piece := await reader.read(_PIECE):
            size += len(piece)
            if size > _MOST_ANSWER:
                return b""
            pieces.append(piece)
        return b"".join(pieces)
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
