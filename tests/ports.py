"""Ports of this machine for servers that the tests start.

A port that was looked up and let go is anybody's until its server listens, and again while the server is down: another
server may choose it, or a connection from this machine. A socket that is bound there and never listens keeps both away,
and yet lets those listen who set SO_REUSEADDR, as servers do.
"""

from __future__ import annotations

import socket
from weakref import finalize


class HeldPort:
    """A port at `address` that is given to nobody else for as long as this object is there."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        held = socket.socket()
        finalize(self, held.close)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((address, 0))
        self.number = int(held.getsockname()[1])
