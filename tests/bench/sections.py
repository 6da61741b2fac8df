"""Results as Markdown: each measurement has a section between ``<!-- name -->`` and ``<!-- /name -->`` and renews that
one alone. Each says when, on what machine and beside what it was measured; no number is typed."""

from __future__ import annotations

import math
import os
import platform
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from terraspawner.deploy import postgresql

FSYNCS = 40
FSYNC_BYTES = 100_000
LOOK_SECONDS = 2.0
_VERSIONS = ("fastapi", "uvicorn", "sqlalchemy", "jupyter-server", "nbconvert")


def put(file: Path, name: str, text: str) -> None:
    """Write `text` as the section of this name; a new one goes to the end."""
    before = file.read_text() if file.exists() else ""
    section = f"<!-- {name} -->\n{text.strip()}\n<!-- /{name} -->"
    found = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
    if found.search(before):
        file.write_text(found.sub(lambda _: section, before))
    else:
        file.write_text(f"{before.rstrip()}\n\n{section}\n".lstrip())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


class Circumstances:
    """When and where something is measured, and what else the machine does before and after."""

    def __init__(self) -> None:
        self._at = datetime.now(UTC)
        self._before = _busy()

    def lines(self) -> str:
        """Markdown, once it is done."""
        after = _busy()
        packages = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
        found = postgresql.programs()
        return (
            f"- {self._at:%Y-%m-%d %H:%M} UTC; {platform.machine()}, {os.cpu_count()} cores,"
            f" Linux {platform.release()}; Python {platform.python_version()}, {packages},"
            f" SQLite {sqlite3.sqlite_version}, PostgreSQL {found.parent.name if found else 'none'}\n"
            f"- beside it: others used {self._before:.0%} of the processors just before and {after:.0%} just after;"
            f" {FSYNC_BYTES // 1000} KB written and synced take {ms(_fsync_seconds())} here"
        )


def _busy() -> float:
    """The share of all processors that is in use, while we do nothing."""

    def read() -> tuple[int, int]:
        numbers = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4]

    total, idle = read()
    time.sleep(LOOK_SECONDS)
    total_then, idle_then = read()
    return 1 - (idle_then - idle) / max(1, total_then - total)


def _fsync_seconds() -> float:
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(FSYNCS):
            began = time.perf_counter()
            with (Path(folder) / str(number)).open("wb") as file:
                file.write(bytes(FSYNC_BYTES))
                file.flush()
                os.fsync(file.fileno())
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)
