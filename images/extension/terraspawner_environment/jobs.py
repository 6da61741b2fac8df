"""What works in this environment besides its kernels: commands in terminals, and programs that use its processors.

Pure: is shown the processes now and then, with a clock. A terminal that is busy at two looks one after the other has a
job; so does a process group that used more than `SHARE` of a processor over `WINDOW_SECONDS`. Groups, and not single
processes, because a script that calls many short programs works all the time while none of them lives for long.

A kernel is the service's to judge, so the group of one that computes is no job. One that is idle may have started
something all the same, a program or a thread of its own: then its group is measured as any other, from its last cell
on. The server's own group and the shells of terminals are never measured.

Held is what a person wants to be kept alive for: it is told as long as it lives, whether it works or waits.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from terraspawner_environment.processes import Process, describe, foregrounds, groups_of

LOOK_SECONDS = 10.0
WINDOW_SECONDS = 60.0
SHARE = 0.05
MOST = 20
SEVERAL = "commands in a terminal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`seconds`: for how long it has been known to work."""

    kind: Literal["terminal", "process"]
    what: str
    pid: int
    seconds: int

    def facts(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelProcess:
    """A kernel with a process here. `path` is that of its notebook."""

    id: str
    pid: int
    path: str | None
    is_idle: bool

    @property
    def name(self) -> str:
        return (self.path or "").rpartition("/")[2] or "a console"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    kind: Literal["terminal", "process"]
    what: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _HeldCell:
    job: _Found
    since: float
    idle_looks: int = 0


class Jobs:
    """The jobs at the last look. `server`: the process group of this server; `hertz`: ticks in a second of CPU."""

    def __init__(self, *, server: int, hertz: int, clock: Callable[[], float]) -> None:
        self._server, self._hertz, self._clock = server, hertz, clock
        self._processes: dict[int, Process] = {}
        self._leaders: dict[int, int] = {}
        self._used: dict[int, deque[tuple[float, float]]] = {}
        self._since: dict[_Found, float] = {}
        self._held: dict[int, int] = {}
        self._cells: dict[str, _HeldCell] = {}

    def look(self, processes: Iterable[Process], kernels: Iterable[KernelProcess]) -> None:
        """These are there now."""
        now, before = self._clock(), self._processes
        self._processes = {process.pid: process for process in processes}
        here = list(self._processes.values())
        busy = foregrounds(here)
        found = [*self._in_terminals(busy)]
        self._leaders = {shell: leader.pid for shell, leader in busy.items()}
        shells = {process.group for process in here if process.pid == process.session and process.terminal != 0}
        not_measured = {self._server, *shells, *(leader.group for leader in busy.values())}
        found += self._measure(now, before, {kernel.pid: kernel for kernel in kernels}, not_measured)
        found += self._still_held({each.pid for each in found})
        self._since = {each: self._since.get(each, now) for each in found[:MOST]}

    def look_at_cells(self, kernels: Iterable[KernelProcess]) -> None:
        """Let go of cells that have ended. Between two cells of "Run All" a kernel is idle for a moment: one that is
        idle at two looks, a second apart, has ended."""
        there = {kernel.id: kernel for kernel in kernels}
        self._cells = {
            kernel: replace(held, idle_looks=1 if there[kernel].is_idle else 0)
            for kernel, held in self._cells.items()
            if kernel in there and not (held.idle_looks and there[kernel].is_idle)
        }

    def working(self) -> list[Job]:
        now = self._clock()
        return [
            Job(kind=each.kind, what=each.what, pid=each.pid, seconds=int(now - since))
            for each, since in self._since.items()
        ]

    def held_cells(self) -> list[Job]:
        now = self._clock()
        return [
            Job(kind=cell.job.kind, what=cell.job.what, pid=cell.job.pid, seconds=int(now - cell.since))
            for cell in self._cells.values()
        ]

    def hold(self, pid: int) -> bool:
        """Tell of a job until its process ends; False where there is no such job. One that stands for several
        processes is over when none of them works."""
        job = next((each for each in self._since if each.pid == pid), None)
        process = self._processes.get(pid)
        if job is not None and process is not None and job.what == describe(process):
            self._held[pid] = process.started
        return job is not None

    def hold_cell(self, kernel: KernelProcess) -> None:
        """Tell of a kernel as of a job until it is idle."""
        job = _Found(kind="process", what=f"the cell in {kernel.name}", pid=kernel.pid)
        self._cells[kernel.id] = _HeldCell(job=job, since=self._clock())

    # ---- steps ------------------------------------------------------------------------------------------------------

    def _in_terminals(self, busy: dict[int, Process]) -> Iterable[_Found]:
        """A terminal whose command is another one at each look runs several: a loop, or a build."""
        for shell, leader in busy.items():
            if self._leaders.get(shell) == leader.pid:
                what = SEVERAL if leader.is_at_prompt else describe(leader)
                yield _Found(kind="terminal", what=what, pid=leader.pid)
            elif shell in self._leaders:
                yield _Found(kind="terminal", what=SEVERAL, pid=shell)

    def _measure(
        self, now: float, before: dict[int, Process], kernels: dict[int, KernelProcess], not_measured: set[int]
    ) -> list[_Found]:
        groups = groups_of(self._processes.values())
        measured = {}
        found = []
        for group, members in groups.items():
            kernel = next((kernels[member.pid] for member in members if member.pid in kernels), None)
            if group in not_measured or (kernel is not None and not kernel.is_idle):
                continue
            used = measured[group] = self._used.get(group) or deque([(now, 0.0)])
            if used[-1][0] < now:
                used.append((now, used[-1][1] + sum(self._spent(member, before) for member in members)))
            while len(used) > 2 and used[1][0] <= now - WINDOW_SECONDS:
                used.popleft()
            (first, spent), (_, spent_now) = used[0], used[-1]
            if now - first >= WINDOW_SECONDS and spent_now - spent > SHARE * (now - first):
                what = f"background work of {kernel.name}" if kernel else describe(members[0])
                found.append(_Found(kind="process", what=what, pid=kernel.pid if kernel else members[0].pid))
        self._used = measured
        return found

    def _spent(self, process: Process, before: dict[int, Process]) -> float:
        """Seconds of CPU since the last look; all of it where it began since."""
        earlier = before.get(process.pid)
        is_same = earlier is not None and earlier.started == process.started
        return max(0, process.ticks - (earlier.ticks if earlier and is_same else 0)) / self._hertz

    def _still_held(self, told: set[int]) -> Iterable[_Found]:
        self._held = {
            pid: started
            for pid, started in self._held.items()
            if pid in self._processes and self._processes[pid].started == started
        }
        for pid in self._held.keys() - told:
            known = next((each for each in self._since if each.pid == pid), None)
            yield known or _Found(kind="process", what=describe(self._processes[pid]), pid=pid)
