"""What the control group says, and which kernel was ended for want of memory."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from terraspawner_environment.kills import GRACE_SECONDS, Kill, Kills
from terraspawner_environment.memory import Memory, read_memory

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MIB = 1024**2
VERSION_1 = {
    "memory/memory.limit_in_bytes": f"{512 * MIB}\n",
    "memory/memory.usage_in_bytes": f"{300 * MIB}\n",
    "memory/memory.stat": f"cache 1\ninactive_file 1\ntotal_inactive_file {100 * MIB}\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
}
VERSION_2 = {
    "memory.max": f"{512 * MIB}\n",
    "memory.current": f"{300 * MIB}\n",
    "memory.stat": f"anon 1\ninactive_file {100 * MIB}\n",
    "memory.events": "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 0\n",
}


def group(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("files", [VERSION_1, VERSION_2], ids=["version 1", "version 2"])
def test_limit_use_and_kills_are_read_and_file_caches_do_not_count(tmp_path: Path, files: dict[str, str]) -> None:
    assert read_memory(group(tmp_path, files)) == Memory(limit=512 * MIB, used=200 * MIB, kills=2)


@pytest.mark.parametrize(
    "files",
    [
        {},
        VERSION_1 | {"memory/memory.limit_in_bytes": "9223372036854771712\n"},
        VERSION_2 | {"memory.max": "max\n"},
        VERSION_2 | {"memory.max": ""},
        VERSION_2 | {"memory.events": "low 0\n"},
        VERSION_1 | {"memory/memory.oom_control": "oom_kill many\n"},
        {name: text for name, text in VERSION_1.items() if "stat" not in name},
    ],
    ids=["nothing", "no limit, 1", "no limit, 2", "empty", "no count", "no number", "a file is missing"],
)
def test_where_no_limit_is_known_nothing_is_said(tmp_path: Path, files: dict[str, str]) -> None:
    assert read_memory(group(tmp_path, files)) is None


AMPLE = Memory(limit=512 * MIB, used=200 * MIB, kills=0)


@dataclass
class MemoryThatRunsOut:
    """A control group and a clock that are moved; `kills` is what the watch makes of it."""

    now: Memory | None = AMPLE
    seconds: float = 100.0

    def __post_init__(self) -> None:
        self.told: list[Kill] = []
        self.kills = Kills(lambda: self.now, clock=lambda: self.seconds, now=lambda: NOON)
        self.kills.listen(self.told.append)

    def kill(self, count: int = 1) -> None:
        assert self.now is not None
        self.now = replace(self.now, kills=self.now.kills + count)

    def wait(self, seconds: float = GRACE_SECONDS) -> None:
        self.seconds += seconds
        self.kills.sweep()


def of_kernel(path: str | None) -> Kill:
    return Kill(at="2026-11-20T12:00:00.000Z", what="kernel", path=path, limit=512 * MIB)


def test_a_kernel_that_dies_while_the_count_rises_is_told_once() -> None:
    memory = MemoryThatRunsOut()
    memory.kill()
    memory.kills.kernel_died("study/edit/a.ipynb", -signal.SIGKILL)
    memory.wait()
    memory.wait()
    assert memory.told == memory.kills.all() == [of_kernel("study/edit/a.ipynb")]


@pytest.mark.parametrize("status", [0, 1, -signal.SIGTERM, -signal.SIGSEGV])
def test_a_kernel_that_ended_otherwise_is_not_told(status: int) -> None:
    memory = MemoryThatRunsOut()
    memory.kill()
    memory.kills.kernel_died("study/edit/a.ipynb", status)
    assert memory.told == []


def test_a_kernel_that_somebody_killed_is_not_told() -> None:
    memory = MemoryThatRunsOut()
    memory.kills.kernel_died("study/edit/a.ipynb", -signal.SIGKILL)
    assert memory.told == []


def test_kills_before_this_server_are_not_told() -> None:
    memory = MemoryThatRunsOut(now=Memory(limit=512 * MIB, used=0, kills=4))
    memory.kills.kernel_died("study/edit/a.ipynb", -signal.SIGKILL)
    memory.wait()
    memory.wait()
    assert memory.told == []


def test_a_sweep_between_kill_and_death_leaves_it_to_the_kernel() -> None:
    memory = MemoryThatRunsOut()
    memory.kill()
    memory.kills.sweep()
    assert memory.kills.is_unexplained
    memory.wait(3)
    memory.kills.kernel_died(None, None)
    memory.wait()
    assert memory.told == [of_kernel(None)]


def test_two_kernels_of_one_shortage_are_told_both() -> None:
    memory = MemoryThatRunsOut()
    memory.kill(2)
    memory.kills.kernel_died("a.ipynb", -signal.SIGKILL)
    memory.seconds += 3
    memory.kills.kernel_died("b.ipynb", 128 + signal.SIGKILL)
    assert memory.told == [of_kernel("a.ipynb"), of_kernel("b.ipynb")]


def test_a_rise_that_no_kernel_explains_was_another_process() -> None:
    memory = MemoryThatRunsOut()
    memory.kill(3)
    memory.kills.sweep()
    memory.wait()
    memory.wait()
    (told,) = memory.told
    assert (told.what, told.path) == ("process", None)


def test_the_workspace_is_told_the_numbers_and_the_last_kill() -> None:
    memory = MemoryThatRunsOut()
    assert memory.kills.facts() == {"limit": 512 * MIB, "used": 200 * MIB, "kills": 0, "last_kill": None}
    memory.kill()
    memory.kills.kernel_died("a.ipynb", -signal.SIGKILL)
    last = {"at": "2026-11-20T12:00:00.000Z", "what": "kernel", "path": "a.ipynb"}
    assert memory.kills.facts() == {"limit": 512 * MIB, "used": 200 * MIB, "kills": 1, "last_kill": last}


def test_without_a_limit_it_says_nothing_and_nothing_fails() -> None:
    memory = MemoryThatRunsOut(now=None)
    memory.kills.kernel_died("a.ipynb", -signal.SIGKILL)
    memory.wait()
    assert (memory.told, memory.kills.facts()) == ([], None)
