"""What /proc says of the processes of this environment: pure readings of its lines, and one function that reads them.

Not psutil: the server's Python does not have it, and the four fields needed here are two reads for each process. The
environment's container has a process namespace of its own, so what is seen is its person's.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_GONE = "ZX"
_SHELLS = frozenset({"bash", "sh", "dash", "zsh", "fish", "ksh", "tcsh", "csh"})
_WINDOWS = ("tmux", "screen")
_SCRIPT = re.compile(r"[^-].*\.(?:py|ipynb|r|rmd|sh|jl|js|mjs|ts|pl|rb|m|jar|smk|nf|sql)", re.IGNORECASE | re.DOTALL)
_MODULE = re.compile(r"[A-Za-z_][\w.]*")
_LOOKED_AT = 8
_LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One line of /proc/<pid>/stat. `terminal` is 0 where it has none; `foreground` the group that has the terminal, -1
    where nobody has. `ticks` of CPU, its own; `started` in ticks since the machine came up, so that a pid that is used
    again is told from the first."""

    pid: int
    name: str
    state: str
    parent: int
    group: int
    session: int
    terminal: int
    foreground: int
    ticks: int
    started: int
    arguments: tuple[str, ...] = ()

    @property
    def is_alive(self) -> bool:
        return self.state not in _GONE

    @property
    def is_at_prompt(self) -> bool:
        """A shell that runs no script, or a window on other terminals."""
        if self.name.startswith(_WINDOWS):
            return True
        words = self.arguments[1:]
        return self.name in _SHELLS and ("-i" in words or all(_is_option(word) for word in words))


def parse_stat(line: str, arguments: Sequence[str] = ()) -> Process | None:
    """Read a line of /proc/<pid>/stat; None where it is none. A name may have spaces and brackets of its own."""
    before, _, after = line.rpartition(")")
    pid, _, name = before.partition(" (")
    fields = after.split()
    try:
        parent, group, session, terminal, foreground = (int(field) for field in fields[1:6])
        return Process(
            pid=int(pid), name=name, state=fields[0], parent=parent, group=group, session=session, terminal=terminal,
            foreground=foreground, ticks=int(fields[11]) + int(fields[12]), started=int(fields[19]),
            arguments=tuple(arguments),
        )  # fmt: skip
    except (ValueError, IndexError):
        return None


def read_processes(root: Path = PROC, *, user: int) -> list[Process] | None:
    """Return what runs as `user`; None where there is no such thing as /proc. One that ends meanwhile is left out."""
    try:
        folders = [folder for folder in root.iterdir() if folder.name.isdecimal()]
    except OSError:
        return None
    found = []
    for folder in folders:
        try:
            if folder.stat().st_uid != user:
                continue
            line = (folder / "stat").read_text(errors="replace")
            arguments = (folder / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        process = parse_stat(line, arguments.rstrip("\0").split("\0") if arguments else ())
        if process is not None and process.is_alive:
            found.append(process)
    return found


def below(processes: Iterable[Process], ancestor: int) -> list[Process]:
    """Those that `ancestor` has started, or what it started. Of the first process of a container these are all that
    were not put into it from outside; 0 leaves everything."""
    known = {process.pid: process for process in processes}
    kept = {ancestor}

    def is_kept(process: Process) -> bool:
        passed = []
        while process.pid not in kept and process.parent not in kept:
            passed.append(process.pid)
            if process.parent not in known or process.parent in passed:
                return ancestor == 0
            process = known[process.parent]
        kept.update(passed)
        return True

    return [process for process in known.values() if is_kept(process)]


def groups_of(processes: Iterable[Process]) -> dict[int, list[Process]]:
    """The process groups, each with its leader first, or its oldest where the leader has ended: a pipeline, a command
    with what it calls. A shell gives each command a group of its own."""
    groups: defaultdict[int, list[Process]] = defaultdict(list)
    for process in sorted(processes, key=lambda each: (each.pid != each.group, each.started, each.pid)):
        groups[process.group].append(process)
    return dict(groups)


def foregrounds(processes: Iterable[Process]) -> dict[int, Process]:
    """What each terminal is busy with, by the pid of its shell; one at its prompt is left out.

    Found by the terminals themselves, so those of tmux and screen are among them.
    """
    known = list(processes)
    groups = groups_of(known)
    found = {}
    for shell in known:
        leads = shell.pid == shell.session and shell.terminal != 0
        if leads and shell.foreground not in (-1, shell.group):
            members = groups.get(shell.foreground, [])
            # a shell within a shell is alone in its group; one that works in brackets or a loop calls others
            if len(members) > 1 or (members and not members[0].is_at_prompt):
                found[shell.pid] = members[0]
    return found


def describe(process: Process) -> str:
    """The program and its script, as people know them.

    Not the other words: they go to the service and into its records, and some programs are given passwords there.
    """
    program, *words = process.arguments or (process.name,)
    shown = [_base(program.split(maxsplit=1)[0] if program.strip() else process.name).rstrip(":")]
    words = words[:_LOOKED_AT]
    module = words[words.index("-m") + 1 :][:1] if shown[0].startswith("python") and "-m" in words else []
    if module and _MODULE.fullmatch(module[0]):
        shown += ["-m", *module]
    else:
        shown += [_base(word) for word in words if _SCRIPT.fullmatch(word)][:1]
    text = " ".join(shown)
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:_LONGEST]


def _base(path: str) -> str:
    return path.rpartition("/")[2] or path


def _is_option(word: str) -> bool:
    return word.startswith("-") and word not in ("-c", "--")
