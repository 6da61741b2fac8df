"""The section of starts, pauses and memory; no number in it is typed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from tests.bench.rounds import ACTS, IDLE_SECONDS, LAB_ASKS, Figures
from tests.bench.sections import Circumstances

STOCK, STOCK_ON_OURS, OURS = "stock (a)", "stock (b)", "ours"
TARGETS = {"create": 0.4, "resume": 0.4}
MEMORY_TARGET = 0.8


def section(circumstances: Circumstances, engine: dict[str, Any], rounds: int, figures: Figures, sizes: str) -> str:
    return f"""
## Starts and stops, memory, images

{rounds} rounds in turn.

- **stock (a)**: the stock DockerSpawner with a stock image ([Dockerfile](stock/Dockerfile)): the same Debian, and in
  it what `pip install` of the same JupyterHub and JupyterLab brings, with the command that it brings
- **stock (b)**: the stock DockerSpawner with our image
- **ours**: the same Hub with `TerraSpawner` and our image

*pause* of the stock spawner is its stop with the container kept, *resume* its start of that container, *stop* its
stop with `remove=True`; our *stop* deletes the environment and keeps the disk. A time is from the request until the Hub
says so.

{circumstances.lines()}
- Docker Engine {engine["Version"]}

### Seconds: median (worst)

{_times(figures)}

### Memory of an idle server: median (worst)

On all sides after {", ".join(f"`{path}`" for path in LAB_ASKS)}
were answered, as Lab's page asks them, and {IDLE_SECONDS} s more. *in all* is what `docker stats` says; *without files*
leaves out what the kernel keeps of files that were read.

{_memory(figures)}

### Images

{sizes}
"""


def _times(figures: Figures) -> str:
    rows = [
        _row(act, {side: acts[act] for side, acts in figures.seconds.items()}, "{:.2f} s", TARGETS.get(act))
        for act in ACTS
    ]
    return "\n".join([*_head("act"), *rows])


def _memory(figures: Figures) -> str:
    rows = [
        _row("in all", figures.memory, "{:.0f} MiB", MEMORY_TARGET),
        _row("without files", figures.anonymous, "{:.0f} MiB", None),
    ]
    return "\n".join([*_head("memory"), *rows])


def _head(first: str) -> tuple[str, str]:
    return (
        f"| {first} | {STOCK} | {STOCK_ON_OURS} | {OURS} | ours / (a) | target | ours / (b) |",
        "|---|---|---|---|---|---|---|",
    )


def _row(name: str, values: dict[str, list[float]], form: str, target: float | None) -> str:
    cells = [
        f"{_each(values[side], form, statistics.median)} ({_each(values[side], form, max)})"
        for side in (STOCK, STOCK_ON_OURS, OURS)
    ]
    middle = {side: statistics.median(values[side]) for side in values}
    ratios = [
        f"{middle[OURS] / middle[STOCK]:.2f}",
        "" if target is None else f"≤ {target}",
        f"{middle[OURS] / middle[STOCK_ON_OURS]:.2f}",
    ]
    return f"| {name} | {' | '.join([*cells, *ratios])} |"


def _each(values: Sequence[float], form: str, of: Callable[[Sequence[float]], float]) -> str:
    return form.format(of(values))
