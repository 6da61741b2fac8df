"""What processes of this machine use, as the kernel says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from pathlib import Path

from papers import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What a deed took in a process of its own, after its imports. `count` is what the deed itself has counted;
    `memory` in bytes, at most, imports and all."""

    seconds: float
    processor: float
    count: int
    memory: int


def tell(deed: Coroutine[None, None, int]) -> None:
    """Carry it out and print what it took, for `told`."""
    began, used = time.perf_counter(), time.process_time()
    count = asyncio.run(deed)
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    print(json.dumps(asdict(Took(seconds=seconds, processor=processor, count=count, memory=_peak_memory()))))


def told(module: str, *words: str, **environ: str) -> Took:
    """Of a program that ends with `tell`."""
    paths = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, env=paths | environ, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return Took(**json.loads(done.stdout))


def processor_seconds(pid: int) -> float:
    """Of all its threads so far, its children left out."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _peak_memory() -> int:
    """Since this process began its program; `getrusage` counts what it was forked from as well."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found, "the kernel does not say VmHWM"
    return int(found[1]) * 1024
