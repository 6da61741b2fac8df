"""Lines of /proc as they were, and what is read from them: which terminal is busy, and with what."""

from __future__ import annotations

import os
import pty
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from extension.conftest import until
from terraspawner_environment.processes import (
    Process,
    below,
    describe,
    foregrounds,
    groups_of,
    parse_stat,
    read_processes,
)

pytestmark = pytest.mark.feature("G4")

SERVER = (
    "28134 (python) S 28105 28134 28134 0 -1 4194560 135500 0 0 0 2568 253 0 0 20 0 13 0 7138503 1149722624 39525 "
    "18446744073709551615 4325376 7599353 140732895732048 0 0 0 0 16781312 16386 0 0 0 17 0 0 0 0 0 0 10436024 "
    "11028232 295596032 140732895738105 140732895738132 140732895738132 140732895739869 0"
)


def seen() -> dict[str, list[Process]]:
    """The processes of one terminal, by what was done in it."""
    scenes: dict[str, list[Process]] = {}
    for line in (Path(__file__).parent / "proc_lines.txt").read_text().splitlines():
        if line.startswith("# "):
            present = scenes[line.removeprefix("# ")] = []
            continue
        stat, _, words = line.partition(" | ")
        process = parse_stat(stat, words.split())
        assert process is not None
        present.append(process)
    return scenes


SEEN = seen()


def test_a_line_is_read_whole() -> None:
    assert parse_stat(SERVER, ["python", "-m", "terraspawner.web"]) == Process(
        pid=28134, name="python", state="S", parent=28105, group=28134, session=28134, terminal=0, foreground=-1,
        ticks=2568 + 253, started=7138503, arguments=("python", "-m", "terraspawner.web"),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["a b", ") S 1 1 1 1 1", "((", "tmux: client", ""])
def test_a_name_may_hold_what_a_line_is_made_of(name: str) -> None:
    process = parse_stat(SERVER.replace("(python)", f"({name})"))
    assert process is not None
    assert (process.pid, process.name, process.group, process.started) == (28134, name, 28134, 7138503)


@pytest.mark.parametrize("line", ["", "28134", "28134 (python)", SERVER[:60], SERVER.replace("7138503", "soon")])
def test_what_is_no_line_is_no_process(line: str) -> None:
    assert parse_stat(line) is None


@pytest.mark.parametrize(
    ("scene", "leader"),
    [
        ("at its prompt", None),
        ("a program", 12762),
        ("a pipeline", 13163),
        ("a pipeline whose first program has ended", 13164),
        ("in the background", None),
        ("a shell in a shell", None),
        ("a shell's script", 14211),
    ],
)
def test_a_terminal_is_busy_with_what_has_it(scene: str, leader: int | None) -> None:
    busy = foregrounds(SEEN[scene])
    assert {shell: process.pid for shell, process in busy.items()} == ({12644: leader} if leader else {})


def test_a_pipeline_is_one_group_and_what_runs_in_the_background_is_another() -> None:
    assert [[each.pid for each in members] for members in groups_of(SEEN["a pipeline"]).values()] == [
        [12644], [13163, 13164, 13165],
    ]  # fmt: skip
    assert sorted(groups_of(SEEN["in the background"])) == [12644, 13436]


@pytest.mark.parametrize(
    ("ancestor", "found"),
    [
        (12572, [12644, 13163, 13164, 13165]),
        (12644, [12644, 13163, 13164, 13165]),
        (13164, [13164, 13165]),
        (28105, []),
        (0, [12644, 13163, 13164, 13165]),
    ],
)
def test_what_a_process_has_started_is_told_from_all_else(ancestor: int, found: list[int]) -> None:
    scene = SEEN["a pipeline"]
    assert [each.pid for each in below(scene, ancestor)] == found
    assert [each.pid for each in below(reversed(scene), ancestor)] == found[::-1]


def test_processes_that_name_each_other_as_parents_are_nobodys() -> None:
    first, second = SEEN["a program"]
    circle = [replace(first, parent=second.pid), second]  # a pid that was used again between two readings
    assert below(circle, 1) == []


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("python train.py", "python train.py"),
        ("/usr/bin/python3 -u /home/jupyter/my/train.py --lr 0.1", "python3 train.py"),
        ("python -m torch.distributed.run train.py", "python -m torch.distributed.run"),
        ("python -u -m http.server 8000", "python -m http.server"),
        ("python -c print(1)", "python"),
        ("Rscript analysis.R", "Rscript analysis.R"),
        ("bash -x ./build.sh all", "bash build.sh"),
        ("nice -n 10 python train.py", "nice train.py"),
        ("mysql -psecret -u ana study", "mysql"),
        ("psql postgresql://ana:secret@db/study", "psql"),
        ("curl -H token:secret https://ana:secret@example.org/get.sh", "curl get.sh"),
        ("git commit -m secret", "git"),
        ("sshd:", "sshd"),
        ("nginx:\tworker", "nginx"),
    ],
)
def test_people_are_told_the_program_and_its_script_and_none_of_its_other_words(words: str, shown: str) -> None:
    process = parse_stat(SERVER, words.split(" "))
    assert process is not None
    assert describe(process) == shown


@pytest.mark.parametrize(("arguments", "shown"), [([], "python"), ([""], "python"), (["\x1b[2Jx"], "?[2Jx")])
def test_a_program_that_hides_its_words_is_known_by_its_name(arguments: list[str], shown: str) -> None:
    process = parse_stat(SERVER, arguments)
    assert process is not None
    assert describe(process) == shown


@pytest.mark.parametrize("words", ["tmux attach", "screen -S night", "bash --rcfile /tmp/x -i", "zsh -l"])
def test_a_shell_and_a_window_on_others_wait_at_their_prompt(words: str) -> None:
    name = words.split(maxsplit=1)[0]
    process = parse_stat(SERVER.replace("python", name), words.split())
    assert process is not None
    assert process.is_at_prompt


def test_the_processes_of_this_machine_are_read() -> None:
    found = read_processes(user=os.getuid())
    assert found is not None
    here = next(process for process in found if process.pid == os.getpid())
    assert (here.parent, here.group, here.session) == (os.getppid(), os.getpgrp(), os.getsid(0))
    assert here.arguments
    assert read_processes(user=os.getuid() + 12_345) == []


@contextmanager
def shell() -> Iterator[tuple[int, int]]:
    """A shell with a terminal of its own: its pid, and where to type."""
    pid, line = pty.fork()
    if pid == 0:
        os.execv("/bin/bash", ["bash", "--norc", "--noprofile", "-i"])  # noqa: S606
    try:
        yield pid, line
    finally:
        os.close(line)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


async def test_what_somebody_types_into_a_real_terminal_is_seen(tmp_path: Path) -> None:
    def foreground(of: int) -> str | None:
        busy = foregrounds(read_processes(user=os.getuid()) or []).get(of)
        return describe(busy) if busy else None

    script, gate = tmp_path / "wait.sh", tmp_path / "gate"
    script.write_text(f"while [ ! -e {gate} ]; do sleep 0.05; done")
    with shell() as (pid, line):
        os.write(line, f"sh {script} secret\n".encode())
        await until(lambda: foreground(pid) == "sh wait.sh", seconds=20)
        gate.touch()
        await until(lambda: foreground(pid) is None, seconds=20)


def test_a_machine_without_proc_says_that_it_does_not_know(tmp_path: Path) -> None:
    assert read_processes(tmp_path / "proc", user=0) is None
    (tmp_path / "41").mkdir()
    (tmp_path / "version").write_text("")
    assert read_processes(tmp_path, user=os.getuid()) == []  # it ended while it was read
