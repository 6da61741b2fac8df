"""The rounds: every side does every act once in each, in turn, so that a machine that gets slower slows all."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import docker

from tests.bench.sides import Side

ACTS = ("create", "pause", "resume", "stop")
LAB_ASKS = (
    "/lab",
    "/lab/api/settings",
    "/lab/api/workspaces",
    "/api/kernelspecs",
    "/api/nbconvert",
    "/api/contents?content=1",
    "/api/me",
)
"""What Lab's page asks the server when it is opened."""
IDLE_SECONDS = 3
MIB = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that was measured: seconds by side and act, MiB by side."""

    seconds: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    memory: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    anonymous: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def measure(sides: Sequence[Side], rounds: int) -> Figures:
    """Do `rounds` rounds that count and, first, one that warms all up."""
    engine = docker.from_env().api
    figures = Figures()
    for number in range(rounds + 1):
        into = figures if number else Figures()
        for side in sides:
            seconds = into.seconds[side.name]
            seconds["create"].append(side.create(number))
            memory, anonymous = idle_memory(engine, side, number)
            into.memory[side.name].append(memory)
            into.anonymous[side.name].append(anonymous)
            seconds["pause"].append(side.pause(number))
            seconds["resume"].append(side.resume(number))
            seconds["stop"].append(side.stop(number))
        print(f"round {number} of {rounds}", flush=True)
    return figures


def idle_memory(engine: docker.APIClient, side: Side, number: int) -> tuple[float, float]:
    """MiB of a server whose Lab was opened a moment ago: as ``docker stats`` says, and of that without files."""
    for path in LAB_ASKS:
        side.page(number, path).raise_for_status()
    time.sleep(IDLE_SECONDS)
    facts = engine.stats(side.container(number), stream=False, one_shot=True)["memory_stats"]
    detail = facts["stats"]
    # the first names are those of control groups v1
    inactive = detail.get("total_inactive_file", detail.get("inactive_file", 0))
    anonymous = detail.get("total_rss", detail.get("anon", 0))
    return (facts["usage"] - inactive) / MIB, anonymous / MIB
