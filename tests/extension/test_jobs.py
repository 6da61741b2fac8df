"""What works besides kernels: shown the processes now and then, with a clock that is moved."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from terraspawner_environment.jobs import LOOK_SECONDS, SEVERAL, SHARE, WINDOW_SECONDS, Jobs, KernelProcess
from terraspawner_environment.processes import Process

pytestmark = pytest.mark.feature("G4")

HERTZ = 100
ENOUGH = int(SHARE * HERTZ * LOOK_SECONDS) + 5
"""Ticks between two looks that are work."""
LITTLE = int(SHARE * HERTZ * LOOK_SECONDS) - 5
LOOKS = int(WINDOW_SECONDS / LOOK_SECONDS)
SERVER, SHELL, KERNEL = 10, 20, 30
TERMINAL = 34816

server = Process(
    pid=SERVER, name="python", state="S", parent=1, group=SERVER, session=SERVER, terminal=0, foreground=-1, ticks=900,
    started=100, arguments=("python", "-m", "terraspawner_environment.launch"),
)  # fmt: skip
shell = replace(
    server, pid=SHELL, name="bash", parent=SERVER, group=SHELL, session=SHELL, terminal=TERMINAL, foreground=SHELL,
    started=200, arguments=("bash", "-l"),
)  # fmt: skip
kernel = replace(server, pid=KERNEL, parent=SERVER, group=KERNEL, session=KERNEL, started=300,
                 arguments=("python", "-m", "ipykernel_launcher"))  # fmt: skip
idle = KernelProcess(id="k1", pid=KERNEL, path="study/edit/a.ipynb", is_idle=True)
busy = replace(idle, is_idle=False)


def program(pid: int, *words: str, group: int | None = None, parent: int = SHELL, terminal: int = 0) -> Process:
    return replace(
        server, pid=pid, name=words[0], parent=parent, group=group or pid, session=SHELL if terminal else pid,
        terminal=terminal, ticks=0, started=1000 + pid, arguments=words,
    )  # fmt: skip


def typed(pid: int, *words: str) -> list[Process]:
    """A terminal in whose foreground this runs."""
    return [replace(shell, foreground=pid), program(pid, *words, terminal=TERMINAL)]


@dataclass
class Machine:
    """Its clock goes on with each look, and each process uses what is said here."""

    now: float = 1000.0
    jobs: Jobs = field(init=False)
    ticks: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.jobs = Jobs(server=SERVER, hertz=HERTZ, clock=lambda: self.now)

    def look(self, *processes: Process, kernel: KernelProcess = idle, times: int = 1, **uses: int) -> list[str]:
        """`uses`: ticks that each process uses until the look, by its pid as `p41`."""
        for _ in range(times):
            self.now += LOOK_SECONDS
            for pid, ticks in uses.items():
                self.ticks[int(pid[1:])] = self.ticks.get(int(pid[1:]), 0) + ticks
            here = [replace(each, ticks=each.ticks + self.ticks.get(each.pid, 0)) for each in processes]
            self.jobs.look([server, *here], [kernel])
        return [f"{job.kind} {job.pid} {job.what}" for job in self.jobs.working()]


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_a_terminal_at_its_prompt_has_no_job(machine: Machine) -> None:
    assert machine.look(shell, kernel, times=LOOKS + 2) == []


def test_a_command_that_is_there_at_two_looks_is_a_job_though_it_uses_nothing(machine: Machine) -> None:
    waits = typed(41, "python", "train.py")
    assert machine.look(*waits) == []
    assert machine.look(*waits) == ["terminal 41 python train.py"]
    assert machine.look(*waits) == ["terminal 41 python train.py"]
    assert [job.seconds for job in machine.jobs.working()] == [int(LOOK_SECONDS)]
    assert machine.look(shell) == []


def test_a_loop_whose_commands_are_others_at_each_look_is_a_job(machine: Machine) -> None:
    machine.look(*typed(41, "convert", "1"))
    assert machine.look(*typed(42, "convert", "2")) == [f"terminal {SHELL} {SEVERAL}"]
    assert machine.look(*typed(43, "convert", "3")) == [f"terminal {SHELL} {SEVERAL}"]
    assert machine.look(*typed(43, "convert", "3")) == ["terminal 43 convert"]
    assert machine.look(shell) == []


def test_a_loop_in_brackets_looks_like_a_shell_and_is_a_job_all_the_same(machine: Machine) -> None:
    inner = replace(program(41, "bash", "-l", terminal=TERMINAL), name="bash")
    here = [replace(shell, foreground=41), inner, program(42, "sleep", group=41, terminal=TERMINAL)]
    machine.look(*here)
    assert machine.look(*here) == [f"terminal 41 {SEVERAL}"]
    machine.look(*here[:2])
    assert machine.look(*here[:2]) == []  # nothing but a shell at its prompt is left


@pytest.mark.parametrize(("ticks", "is_work"), [(ENOUGH, True), (LITTLE, False)])
def test_a_program_in_the_background_is_a_job_from_a_share_on(machine: Machine, ticks: int, *, is_work: bool) -> None:
    here = [shell, program(41, "python", "train.py")]
    assert machine.look(*here, times=LOOKS, p41=ticks) == []
    assert machine.look(*here, p41=ticks) == (["process 41 python train.py"] if is_work else [])


def test_a_job_ends_when_its_program_rests_or_ends(machine: Machine) -> None:
    works = program(41, "python", "train.py")
    assert machine.look(works, times=LOOKS + 1, p41=HERTZ)
    assert machine.look(works)
    assert machine.look(works, times=LOOKS) == []
    assert machine.look(works, times=LOOKS, p41=HERTZ)
    assert machine.look() == []


def test_what_was_used_before_this_server_came_up_is_not_work_now(machine: Machine) -> None:
    assert machine.look(replace(program(41, "old"), ticks=1_000_000), times=LOOKS + 2) == []


def test_a_pid_that_is_used_again_is_another_program(machine: Machine) -> None:
    first = replace(program(41, "first"), ticks=90_000)
    assert machine.look(first, times=LOOKS) == []
    assert machine.look(replace(first, started=9_999, ticks=3), times=LOOKS + 1) == []


def test_a_script_of_many_short_programs_is_one_job(machine: Machine) -> None:
    script = program(41, "bash", "build.sh")
    found: list[str] = []
    for number in range(LOOKS + 1):
        found = machine.look(script, replace(program(100 + number, "cc", group=41), ticks=HERTZ))
    assert found == ["process 41 bash build.sh"]


def test_the_server_and_shells_are_no_jobs_whatever_they_use(machine: Machine) -> None:
    git = program(12, "git", group=SERVER, parent=SERVER)
    assert machine.look(shell, git, times=LOOKS + 2, p10=500, p20=500, p12=500) == []


def test_a_kernel_that_computes_is_no_job_and_neither_are_its_workers(machine: Machine) -> None:
    worker = program(31, "python", "-c", "worker", group=KERNEL, parent=KERNEL)
    assert machine.look(kernel, worker, kernel=busy, times=LOOKS + 2, p30=500, p31=500) == []


@pytest.mark.parametrize("worker", ["p30", "p31"])
def test_what_an_idle_kernel_has_started_is_a_job_a_minute_after_its_last_cell(machine: Machine, worker: str) -> None:
    here = [kernel, program(31, "python", "-c", "worker", group=KERNEL, parent=KERNEL)]
    machine.look(*here, kernel=busy, times=LOOKS, **{worker: HERTZ})
    assert machine.look(*here, times=LOOKS, **{worker: HERTZ}) == []
    assert machine.look(*here, **{worker: HERTZ}) == [f"process {KERNEL} background work of a.ipynb"]
    assert machine.look(*here, kernel=busy, **{worker: HERTZ}) == []


def test_time_in_which_it_was_frozen_is_no_work(machine: Machine) -> None:
    works = program(41, "python", "train.py")
    machine.look(works, times=LOOKS + 1, p41=HERTZ)
    machine.now += 7200
    assert machine.look(works) == []
    assert machine.look(works, times=LOOKS, p41=HERTZ) == ["process 41 python train.py"]


def test_a_job_that_is_held_is_told_until_its_process_ends(machine: Machine) -> None:
    works = program(41, "python", "train.py")
    machine.look(works, times=LOOKS + 1, p41=HERTZ)
    assert machine.jobs.hold(41)
    assert machine.look(works, times=5 * LOOKS) == ["process 41 python train.py"]
    assert machine.look(program(42, "python", "train.py")) == []


def test_a_command_that_is_held_and_put_into_the_background_is_told_further(machine: Machine) -> None:
    command = typed(41, "python", "train.py")
    machine.look(*command, times=2)
    assert machine.jobs.hold(41)
    assert machine.look(shell, command[1]) == ["terminal 41 python train.py"]
    assert machine.look(shell) == []


def test_what_is_no_job_cannot_be_held(machine: Machine) -> None:
    machine.look(shell, program(41, "sleep"))
    assert not machine.jobs.hold(41)
    assert not machine.jobs.hold(SERVER)
    assert machine.look(shell, program(41, "sleep")) == []


def test_a_loop_that_is_held_ends_with_its_last_command(machine: Machine) -> None:
    machine.look(*typed(41, "convert", "1"))
    machine.look(*typed(42, "convert", "2"))
    assert machine.jobs.hold(SHELL)
    assert machine.look(shell) == []


def test_a_cell_that_is_held_is_a_job_until_its_kernel_is_idle_at_two_looks(machine: Machine) -> None:
    jobs = machine.jobs
    jobs.hold_cell(busy)
    assert [(job.pid, job.what) for job in jobs.held_cells()] == [(KERNEL, "the cell in a.ipynb")]
    for present, is_held in ((busy, True), (idle, True), (busy, True), (idle, True), (idle, False)):
        jobs.look_at_cells([present])
        assert bool(jobs.held_cells()) is is_held
    jobs.hold_cell(busy)
    jobs.look_at_cells([])  # the kernel has ended
    assert jobs.held_cells() == []
