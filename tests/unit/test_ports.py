"""A port that a test holds for its server."""

from __future__ import annotations

import socket

import pytest

from ports import HeldPort


def test_a_held_port_is_for_servers_that_know_of_it_whether_one_is_up_or_not() -> None:
    port = HeldPort()
    for _ in range(2):
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port.number))
        socket.create_server(("127.0.0.1", port.number)).close()
