"""What memory the machine has left, when that is too little, and which frozen environments give theirs back then.

The kernel's own killer, once it wakes, ends whatever it likes. So below a reserve what was frozen first is paused: it
keeps its disk and loses its variables, as it would by itself a while later. Unknown is never short.

Where the Engine is in a control group with a limit of its own, that and the machine's memory both bound it: the one
of which the smaller share is left counts.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

PRESSED: Final = 10.0
"""Per cent of the last ten seconds in which all that would have run waited for memory."""
NEAR: Final = 3
"""Pressure counts below so many times the reserve. One container that fights its own limit makes pressure as well:
it would cost others their variables while the machine has plenty."""
_LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_FULL = re.compile(r"^full avg10=(\d+(?:\.\d+)?) ", re.MULTILINE)
_CACHE = re.compile(r"^(total_)?inactive_file (\d+)$", re.MULTILINE)


class Source(enum.StrEnum):
    """What sets the bound."""

    MACHINE = "machine"
    CGROUP = "cgroup"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMemory:
    """Bytes. `pressure` in per cent as the kernel's ``full avg10``; None where it does not say."""

    total: int
    available: int
    source: Source = Source.MACHINE
    pressure: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "available": self.available,
            "source": str(self.source),
            "pressure": self.pressure,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> HostMemory:
        pressure = told["pressure"]
        return cls(
            total=int(told["total"]),
            available=int(told["available"]),
            source=Source(told["source"]),
            pressure=None if pressure is None else float(pressure),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """`missing` bytes; none where there is enough, but what runs waits for it. `why` is told to people."""

    missing: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A frozen environment and the bytes that it held when it was frozen; 0 where nobody counted them. `is_going`: its
    pause is under way."""

    id: str
    since: datetime
    memory: int
    is_going: bool = False


# --- what the kernel says ---


def read(*, meminfo: str, limit: str = "", usage: str = "", stat: str = "", pressure: str = "") -> HostMemory | None:
    """From the texts of ``/proc/meminfo``, of a control group's limit, usage and statistics (of version 1 or 2) and of
    ``/proc/pressure/memory``; what is not there is empty. None where the machine's memory cannot be read."""
    lines = {name: int(number) * 1024 for name, number in _LINE.findall(meminfo)}
    total, available = lines.get("MemTotal", 0), lines.get("MemAvailable")
    if not total or available is None:
        return None
    full = _FULL.search(pressure)
    pressed = float(full[1]) if full else None
    machine = HostMemory(total=total, available=min(available, total), pressure=pressed)
    bound, used = _number(limit), _number(usage)
    if bound is None or used is None or not 0 < bound < total:
        return machine
    left = min(max(bound - max(used - _cached(stat), 0), 0), bound)
    group = HostMemory(total=bound, available=left, source=Source.CGROUP, pressure=pressed)
    return min(machine, group, key=lambda each: each.available / each.total)


def _number(text: str) -> int | None:
    """None for version 2's ``max`` as well; version 1 has a number there that no machine reaches."""
    found = text.strip()
    return int(found) if found.isascii() and found.isdigit() else None


def _cached(stat: str) -> int:
    """File caches that give way. Version 1 tells of those below the group apart, version 2 counts them in."""
    found = {below: int(number) for below, number in _CACHE.findall(stat)}
    return found.get("total_", found.get("", 0))


# --- what follows ---


def short_by(memory: HostMemory | None, reserve: int) -> Shortage | None:
    """None where `reserve` per cent are left, or nobody knows. A reserve of 0 is none."""
    if memory is None or reserve <= 0:
        return None
    bound = memory.total * reserve // 100
    left = f"{_gigabytes(memory.available)} of memory left of {_gigabytes(memory.total)}"
    then = "what was frozen first is paused, which keeps its disk."
    if memory.available < bound:
        why = f"The machine has {left}; below {reserve} % {then}"
        return Shortage(missing=bound - memory.available, why=why)
    if memory.pressure is not None and memory.pressure > PRESSED and memory.available < NEAR * bound:
        why = f"What runs waits for memory {memory.pressure:.0f} % of the time, and the machine has {left}; then {then}"
        return Shortage(missing=0, why=why)
    return None


def to_give_back(frozen: Iterable[Held], missing: int) -> frozenset[str]:
    """Which to pause, the oldest first, until what they held is `missing`; one at least. What those give back that are
    being paused is waited for. After one whose memory nobody counted the next look sees what it gave."""
    going: list[Held] = []
    still: list[Held] = []
    for each in frozen:
        (going if each.is_going else still).append(each)
    missing -= sum(each.memory for each in going)
    if going and (missing <= 0 or not all(each.memory for each in going)):
        return frozenset()
    chosen: set[str] = set()
    for each in sorted(still, key=lambda each: (each.since, each.id)):
        chosen.add(each.id)
        missing -= each.memory
        if missing <= 0 or not each.memory:
            break
    return frozenset(chosen)


def _gigabytes(size: int) -> str:
    return f"{size / 1024**3:.1f} GB".replace(".0 ", " ")
