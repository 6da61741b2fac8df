"""A full disk in a real container: it keeps nobody from a server, a kernel and a terminal to clean it with."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = [pytest.mark.docker]

FILL = "cat /dev/zero > /home/jupyter/results.bin; chown 1000:100 /home/jupyter/results.bin"


@pytest.fixture
def small(container: Any) -> Iterator[Any]:
    """An environment on a disk of 8 MB, which is there as long as the container that keeps it mounted."""
    container.disk.remove()
    container.disk = container.client.volumes.create(
        f"terra-test-{uuid.uuid4().hex[:12]}",
        driver="local",
        driver_opts={"type": "tmpfs", "device": "tmpfs", "o": "size=8m"},
    )
    container.create()
    image, mounts = container.container.image.id, [f"{container.disk.name}:/home/jupyter"]
    keeper = container.client.containers.run(
        image, ["-c", "sleep 600"], entrypoint="sh", user="0", volumes=mounts, detach=True
    )
    container.fill = lambda: keeper.exec_run(["sh", "-c", FILL])
    yield container
    keeper.remove(force=True)


@pytest.mark.feature("D6")
@pytest.mark.parametrize("before", ["nothing", "a start", "a kernel"])
def test_a_full_disk_keeps_nobody_from_a_server_and_a_kernel(small: Any, before: str) -> None:
    if before != "nothing":
        small.start()
    if before == "a kernel":
        small.cell("print('the profile and the history of IPython are made')")
    small.fill()
    if before != "nothing":
        assert "No space left" in small.terminal("head -c 200000 /dev/zero > more", check=False)
        small.stop()
    small.start()
    assert small.cell("print(6 * 7)") == "42\n"
    small.ask("/lab/api/settings")
    # the person makes room, and goes on as if nothing had been
    small.terminal("rm results.bin; echo kept > more")
    small.stop()
    small.start()
    assert small.terminal("cat more; ls packages/python-3.13/pyvenv.cfg").split() == [
        "kept",
        "packages/python-3.13/pyvenv.cfg",
    ]
    assert "packages/python-3.13" in small.cell("import sys; print(sys.prefix)")
