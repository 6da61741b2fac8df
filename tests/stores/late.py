"""Stands between us and a store, and brings what the store says when it is told to, or by drops."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

_PIECE = 1 << 16
_METHOD = re.compile(rb"([A-Z]+) \S+ HTTP/1\.1\r\n")


@dataclass
class _Asked:
    """By the last request of a connection."""

    method: str = ""


@contextlib.contextmanager
def _passing_on(target: socket.socket) -> Iterator[None]:
    """What ends on one side ends on the other."""
    with contextlib.suppress(OSError):
        yield
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class AnswersThatComeLate:
    """Every request goes on to the store at once. What comes back stays here while answers are held, comes `lag`
    seconds later, and byte by byte, some each second, while it drips: of all requests, or of those of one method."""

    def __init__(self, behind: str) -> None:
        url = urlsplit(behind)
        assert url.hostname is not None
        self._behind = (url.hostname, url.port or 80)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listening]
        self._comes, self._is_over = threading.Event(), threading.Event()
        self._comes.set()
        self._lock = threading.Lock()
        self.endpoint = f"http://127.0.0.1:{self._listening.getsockname()[1]}{url.path}"
        self.drips = False
        self.lag = 0.0
        self.method = ""
        """The only one whose answers are late, where it is not empty."""
        self.waiting = 0
        """Answers that are held."""
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """No answer comes as long as this lasts; then all do."""
        self._comes.clear()
        try:
            yield
        finally:
            self._comes.set()

    def close(self) -> None:
        self._is_over.set()
        self._comes.set()
        with self._lock:
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _listen(self) -> None:
        while not self._is_over.is_set():
            try:
                asking, _ = self._listening.accept()
            except OSError:
                return
            answering = socket.create_connection(self._behind)
            asked = _Asked()
            with self._lock:
                self._sockets += (asking, answering)
                more = [
                    threading.Thread(target=self._ask, args=(asking, answering, asked)),
                    threading.Thread(target=self._answer, args=(answering, asking, asked)),
                ]
                self._threads += more
            for thread in more:
                thread.start()

    def _ask(self, source: socket.socket, target: socket.socket, asked: _Asked) -> None:
        with _passing_on(target):
            while piece := source.recv(_PIECE):
                if found := _METHOD.match(piece):
                    asked.method = found[1].decode()
                target.sendall(piece)

    def _answer(self, source: socket.socket, target: socket.socket, asked: _Asked) -> None:
        with _passing_on(target):
            while piece := source.recv(_PIECE):
                is_late = self.method in ("", asked.method)
                if is_late:
                    self._wait()
                self._send(target, piece, drips=is_late and self.drips)

    def _wait(self) -> None:
        self._is_over.wait(self.lag)
        if self._comes.is_set():
            return
        with self._lock:
            self.waiting += 1
        self._comes.wait()
        with self._lock:
            self.waiting -= 1

    def _send(self, target: socket.socket, piece: bytes, *, drips: bool) -> None:
        if not drips:
            target.sendall(piece)
            return
        for byte in range(len(piece)):
            if self._is_over.wait(0.1):
                return
            target.sendall(piece[byte : byte + 1])


@contextlib.contextmanager
def late(behind: str) -> Iterator[AnswersThatComeLate]:
    """In front of the store at the endpoint `behind`."""
    made = AnswersThatComeLate(behind)
    try:
        yield made
    finally:
        made.close()
