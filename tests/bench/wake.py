"""From the wish to wake what is frozen to the result of a cell, by what memory it holds; and of the same environment,
paused, from the wish to resume it."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deployment import Person, Workspace, deployed
from hub.kernels import Kernel, measured
from tests.bench import sections

GB, MIB = 10**9, 1024**2
SIZES = {"0.1 GB": GB // 10, "1 GB": GB, "4 GB": 4 * GB}
BESIDE = GB
"""What a kernel and its server have beside what it holds, and the Hub and the services beside that."""
ROUNDS = 8
TARGET = 0.3
HOLD = "held = bytearray({size}); held[::4096] = b'x' * len(held[::4096]); print(len(held))"
LOOK = "print(len(held), held[0], held[(len(held) - 1) // 4096 * 4096])"
SEEN = "{size} 120 120"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one size: bytes that the service says are held, seconds of each round."""

    held: list[int] = field(default_factory=list)
    freeze: list[float] = field(default_factory=list)
    wake: list[float] = field(default_factory=list)
    pause: list[float] = field(default_factory=list)
    resume: list[float] = field(default_factory=list)


def section(rounds: int | None) -> str:
    circumstances, count, available = sections.Circumstances(), rounds or ROUNDS, memory_available()
    taken = fitting(SIZES, available)
    limit = {"TERRA_MEMORY_LIMIT": str(max(taken.values(), default=0) + BESIDE)}
    with deployed("tsp-bench", 160, lambda _: limit) as deployment:
        ana = deployment.person("ana")
        found = {
            name: _of_size(ana, f"wake-{number}", size, count) for number, (name, size) in enumerate(taken.items())
        }
    head = ["holds", "as the page says", "freeze", "wake", "target", "pause", "resume"]
    return f"""
## Waking by the memory that is held: median (worst)

A kernel holds so much and has written to each page of it. *freeze* and *pause*: from the request until that state is
reached. *wake*: from the request by REST to the result of a cell of the same kernel, which reads both ends of what it
holds, over a connection that is made anew. *resume*: from the request to the result of the first cell of a new kernel;
what the old one held is lost. {count} rounds of each.{left_out(SIZES, taken, available)}

{circumstances.lines()}

{sections.table(head, [row_of(name, each) for name, each in found.items()])}
"""


def memory_available() -> int:
    """Bytes that this machine can give without swapping."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    assert found, "the kernel does not say MemAvailable"
    return int(found[1]) * 1024


def fitting(sizes: Mapping[str, int], available: int) -> dict[str, int]:
    """Those that the machine has room for."""
    return {name: size for name, size in sizes.items() if size + 2 * BESIDE <= available}


def left_out(sizes: Mapping[str, int], taken: Mapping[str, int], available: int) -> str:
    """Says what is not measured, and why."""
    missing = [name for name in sizes if name not in taken]
    return f" Left out: {', '.join(missing)}; this machine has {available / GB:.1f} GB available." if missing else ""


def row_of(name: str, found: Figures) -> list[str]:
    return [
        name, f"{statistics.median(found.held) / MIB:,.0f} MiB", _told(found.freeze),
        f"**{_told(found.wake)}**", f"≤ {TARGET} s", _told(found.pause), _told(found.resume),
    ]  # fmt: skip


def _told(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({max(seconds):.2f} s)"


# --- measuring ---


def _of_size(ana: Person, name: str, size: int, rounds: int) -> Figures:
    """The first of each warms up."""
    workspace, found = ana.workspace(name), Figures()
    try:
        workspace.start()
        kernel = _holding(workspace, size)
        for number in range(rounds + 1):
            _freeze_and_wake(workspace, kernel, size, found if number else Figures())
        workspace.pause()
        workspace.start()
        for number in range(rounds + 1):
            _pause_and_resume(workspace, size, found if number else Figures())
        print(row_of(name, found), flush=True)
    finally:
        workspace.clear()
    return found


def _freeze_and_wake(workspace: Workspace, kernel: Kernel, size: int, into: Figures) -> None:
    began = time.perf_counter()
    into.held.append(workspace.freeze()["frozen_memory"])
    into.freeze.append(time.perf_counter() - began)
    seconds, printed = measured(workspace, kernel, LOOK)
    assert printed == SEEN.format(size=size), printed
    into.wake.append(seconds)


def _pause_and_resume(workspace: Workspace, size: int, into: Figures) -> None:
    _holding(workspace, size)
    began = time.perf_counter()
    workspace.pause()
    into.pause.append(time.perf_counter() - began)
    began = time.perf_counter()
    workspace.start()
    printed = Kernel.started(workspace).run("print(6 * 7)")
    into.resume.append(time.perf_counter() - began)
    assert printed == "42", printed


def _holding(workspace: Workspace, size: int) -> Kernel:
    kernel = Kernel.started(workspace)
    printed = kernel.run(HOLD.format(size=size))
    assert printed == str(size), printed
    return kernel
