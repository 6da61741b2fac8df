"""Runs other programs and says in one sentence what went wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from terraspawner.errors import TerraError

LAST_LINES = 15


class SetupStopped(TerraError):
    """The set-up cannot go on."""

    code = "setup-stopped"


def run(
    command: Sequence[str],
    *,
    doing: str,
    text: str | None = None,
    timeout: float | None = 120,
    extra: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
) -> str:
    """Run to its end and return standard output.

    `doing` completes the sentence "... failed". With `log` all output goes to that file instead, and the error shows
    its last lines. Raises `SetupStopped`.
    """
    done = attempt(command, text=text, timeout=timeout, extra=extra, cwd=cwd, log=log)
    if done.returncode == 0:
        return done.stdout or ""
    shown = _tail(log) if log else (done.stderr or done.stdout or "")
    lines = "\n".join(f"    {line}" for line in shown.strip().splitlines()[-LAST_LINES:])
    where = f" (all of it: {log})" if log else ""
    raise SetupStopped(f"{doing} failed{where}:\n{lines}")


def attempt(
    command: Sequence[str],
    *,
    text: str | None = None,
    timeout: float | None = 120,
    extra: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """As `run`, but the caller looks at the result. A missing program or a time-out is exit code 127 or 124."""
    environment = {**os.environ, **extra} if extra else None
    try:
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("w") as output:
                return subprocess.run(
                    command, input=text, timeout=timeout, env=environment, cwd=cwd, check=False, text=True,
                    stdout=output, stderr=subprocess.STDOUT,
                )  # fmt: skip
        return subprocess.run(
            command, input=text, timeout=timeout, env=environment, cwd=cwd, check=False, text=True, capture_output=True
        )
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"{command[0]} did not end within {timeout} seconds")


def show(command: Sequence[str], *, text: str) -> int:
    """Run with this terminal's own output, which may go on for hours. Returns the exit code."""
    return subprocess.run(command, input=text, text=True, check=False).returncode


def is_there(program: str) -> bool:
    return shutil.which(program) is not None


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-4000:]
