"""What the control group says of the environment's memory: one pure reading of a few small files.

Read here, and not asked of the Engine: the count of kills is in the container, costs microseconds, and is there at
the moment a kernel dies. Version 1 and version 2 of the control groups name things differently; nothing else of ours
knows.
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60  # version 1 has a number near 2**63 where there is no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes. `used` is without file caches, which give way; `kills` counts processes ended for want of memory since
    the container started."""

    limit: int
    used: int
    kills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    limit: str
    used: str
    caches: str
    kills: str


_VERSION_2 = _Files(limit="memory.max", used="memory.current", caches="inactive_file", kills="memory.events")
_VERSION_1 = _Files(
    limit="memory/memory.limit_in_bytes",
    used="memory/memory.usage_in_bytes",
    caches="total_inactive_file",
    kills="memory/memory.oom_control",
)


def read_memory(root: Path = ROOT) -> Memory | None:
    """Return the present numbers; None where no limit is set or nothing can be read, as outside a container."""
    files = _VERSION_1 if (root / _VERSION_1.kills).exists() else _VERSION_2
    try:
        limit, used = (root / files.limit).read_text().strip(), (root / files.used).read_text().strip()
        stat = (root / files.limit).with_name("memory.stat").read_text()
        kills = number_of("oom_kill", (root / files.kills).read_text())
    except (OSError, UnicodeDecodeError):
        return None
    if not (limit.isdecimal() and used.isdecimal()) or kills is None or int(limit) >= _NO_LIMIT:
        return None
    caches = number_of(files.caches, stat) or 0
    return Memory(limit=int(limit), used=max(int(used) - caches, 0), kills=kills)


def number_of(name: str, text: str) -> int | None:
    """Return the number beside `name` in lines of `name number`, None where there is none."""
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.strip().isdecimal():
            return int(value)
    return None
