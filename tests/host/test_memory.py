"""The machine's memory through the host service's socket, from files as kernels write them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from terraspawner.domain.host_memory import HostMemory, Source
from terraspawner.host.api import HostApi
from terraspawner.host.asked import bound_socket
from terraspawner.host.memory import MachineMemory
from terraspawner.host_client import HostClient

GIB = 1024**3
MACHINE = {
    "proc/meminfo": "MemTotal:       16777216 kB\nMemFree:          524288 kB\nMemAvailable:   12582912 kB\n",
    "proc/pressure/memory": "some avg10=4.00 avg60=0.00 avg300=0.00 total=9\n"
    "full avg10=2.50 avg60=0.00 avg300=0.00 total=5\n",
}
VERSION_1 = {
    "cgroup/memory/memory.limit_in_bytes": f"{8 * GIB}\n",
    "cgroup/memory/memory.usage_in_bytes": f"{7 * GIB}\n",
    "cgroup/memory/memory.stat": f"inactive_file 5\ntotal_inactive_file {GIB}\n",
}
VERSION_2 = {
    "cgroup/memory.max": f"{8 * GIB}\n",
    "cgroup/memory.current": f"{7 * GIB}\n",
    "cgroup/memory.stat": f"anon 5\ninactive_file {GIB}\n",
}
OF_MACHINE = HostMemory(total=16 * GIB, available=12 * GIB, source=Source.MACHINE, pressure=2.5)
OF_GROUP = HostMemory(total=8 * GIB, available=2 * GIB, source=Source.CGROUP, pressure=2.5)


def written(folder: Path, files: dict[str, str]) -> MachineMemory:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return MachineMemory(folder / "proc", folder / "cgroup")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[HostClient]:
    """Reads the files of `tmp_path`."""
    api: Any = HostApi
    runner = web.AppRunner(
        api(EngineLeftAlone(), None, None, None, None, written(tmp_path, {}), frozenset({os.getuid()})).application()
    )
    await runner.setup()
    await web.SockSite(runner, bound_socket(tmp_path / "host.sock")).start()
    client = HostClient(str(tmp_path / "host.sock"))
    yield client
    await client.close()
    await runner.cleanup()


class EngineLeftAlone:
    """The kernel's files say it all."""

    def start_script(self, environment_id: str) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (MACHINE, OF_MACHINE),
        (MACHINE | VERSION_1, OF_GROUP),
        (MACHINE | VERSION_2, OF_GROUP),
        # at the top of a whole machine: version 1 has a number, version 2 no file
        (MACHINE | VERSION_1 | {"cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, OF_MACHINE),
        (MACHINE | {"cgroup/memory.stat": "anon 5\n"}, OF_MACHINE),
        (MACHINE | VERSION_2 | {"cgroup/memory.max": "max\n"}, OF_MACHINE),
        (VERSION_2, None),
        ({}, None),
    ],
)
async def test_what_is_left_is_told(
    tmp_path: Path, host: HostClient, files: dict[str, str], found: HostMemory | None
) -> None:
    written(tmp_path, files)
    told = await host.memory()
    assert (HostMemory.from_json(told) if told else None) == found


def test_without_pressure_stall_information_it_is_unknown(tmp_path: Path) -> None:
    memory = written(tmp_path, {"proc/meminfo": MACHINE["proc/meminfo"], "proc/pressure/io": ""})
    assert memory.look() == HostMemory(total=16 * GIB, available=12 * GIB, pressure=None)


def test_this_machine_has_some_left() -> None:
    found = MachineMemory(cgroup=Path("/nonexistent")).look()
    assert found is not None
    assert 0 < found.available <= found.total
