"""What memory the machine has left, from the kernel's own files.

``/proc/meminfo`` and ``/proc/pressure/memory`` are the machine's in a container too. A container's ``/sys/fs/cgroup``
is its own, with this service's limit in it, which says nothing of the machine: read is the Engine's, which the
deployment mounts for reading. At its top stands the limit of an Engine that is in a container itself. Not seen from
here is a limit that a service manager sets on the Engine's own group or above its containers' alone; then the
machine's memory counts.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from terraspawner.domain import host_memory
from terraspawner.domain.host_memory import HostMemory

PROC = Path("/proc")
CGROUP = Path("/run/cgroup")
"""Where docker-compose.yml mounts the Engine's ``/sys/fs/cgroup``."""
_VERSION_2 = ("memory.max", "memory.current", "memory.stat")
_VERSION_1 = ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat")


class MachineMemory:
    """Reads anew at each question. What cannot be read is unknown."""

    def __init__(self, proc: Path = PROC, cgroup: Path = CGROUP) -> None:
        self._proc, self._cgroup = proc, cgroup

    def look(self) -> HostMemory | None:
        files = _VERSION_1 if (self._cgroup / _VERSION_1[0]).exists() else _VERSION_2
        limit, usage, stat = (_text(self._cgroup / name) for name in files)
        return host_memory.read(
            meminfo=_text(self._proc / "meminfo"),
            limit=limit,
            usage=usage,
            stat=stat,
            pressure=_text(self._proc / "pressure" / "memory"),
        )

    async def answer(self, _: web.Request) -> web.Response:
        """Not on the pool of the Engine's calls: slow stops would hold it up, when it is wanted most."""
        found = await asyncio.to_thread(self.look)
        return web.json_response({"memory": found.as_json() if found else None})


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # without pressure stall information the kernel refuses the reading
        return ""
