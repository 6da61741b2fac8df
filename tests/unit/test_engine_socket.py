"""The Engine's socket in a container of ours, once that Engine was started anew."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from terraspawner.containers.engine_socket import LOOKS, Watch, is_removed


@pytest.fixture
def bound(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A socket's own name, and it as it is bound elsewhere, which goes on to be what it was."""
    own = tmp_path / "docker.sock"
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(own))
        held = os.open(own, os.O_PATH)
        yield own, Path(f"/proc/self/fd/{held}")
        os.close(held)


def test_a_socket_that_was_removed_is_told_from_one_that_is_there_and_from_none(
    bound: tuple[Path, Path], tmp_path: Path
) -> None:
    own, here = bound
    assert not is_removed(here)
    own.unlink()
    assert is_removed(here)
    assert not is_removed(tmp_path / "none")


def test_whoever_has_a_removed_one_ends_once_and_not_at_once(bound: tuple[Path, Path]) -> None:
    own, here = bound
    ends: list[str] = []
    watch = Watch(here, lambda: ends.append("end"))
    assert not watch.look()
    own.unlink()
    assert [watch.look() for _ in range(LOOKS)] == [False] * LOOKS
    assert ends == []
    watch.run(lambda _: pytest.fail("it has ended"))
    assert ends == ["end"]
