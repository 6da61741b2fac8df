"""Docker Compose: the plugin ``docker compose`` or the older program ``docker-compose``, whichever is there."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from terraspawner.deploy import machine
from terraspawner.deploy.commands import SetupStopped, attempt, run

OLDEST = (1, 29)
INSTALL = "Docker Compose is missing: install the plugin `docker compose`, or docker-compose 1.29 or newer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Compose:
    """One deployment's compose project. `program` is the command with its first words."""

    program: tuple[str, ...]
    version: str
    project: str
    root: Path
    env_file: Path
    more: tuple[str, ...] = ()
    """Files beside docker-compose.yml, which add to it."""

    def command(self, *arguments: str) -> list[str]:
        files = [word for name in ("docker-compose.yml", *self.more) for word in ("--file", str(self.root / name))]
        return [*self.program, "--project-name", self.project, *files, "--env-file", str(self.env_file), *arguments]

    def run(self, *arguments: str, doing: str, timeout: float = 300) -> str:
        """Raises `SetupStopped` when compose fails."""
        return run(self.command(*arguments), doing=doing, timeout=timeout, cwd=self.root)

    def start(self, *arguments: str) -> None:
        """Have the services up, and up again whenever the Engine itself is started anew. Raises `SetupStopped`."""
        self.run("up", "--detach", "--no-build", *arguments, doing="Starting the services")
        self._have_restarted("always")

    def stop(self) -> None:
        """All of them, until `start`, whatever becomes of the Engine. Raises `SetupStopped`."""
        self._have_restarted("no")
        self.run("stop", doing="Stopping the services")

    def _have_restarted(self, policy: str) -> None:
        containers = self.run("ps", "--all", "--quiet", doing="Listing the services").split()
        if containers:
            run(["docker", "update", f"--restart={policy}", *containers], doing="Telling the Engine what to restart")

    def follow(self, *arguments: str) -> int:
        """Run with this terminal's own output. Returns the exit code."""
        try:
            return subprocess.call(self.command(*arguments), cwd=self.root)
        except KeyboardInterrupt:
            return 0


def find_program() -> tuple[tuple[str, ...], str] | None:
    """The command and its version, the plugin first; None when neither is there or new enough."""
    for program in (("docker", "compose"), ("docker-compose",)):
        done = attempt([*program, "version", "--short"], timeout=30)
        numbers = tuple(int(part) for part in re.findall(r"\d+", done.stdout)[:2])
        if done.returncode == 0 and numbers >= OLDEST:
            return program, done.stdout.strip()
    return None


def ensure_program() -> tuple[tuple[str, ...], str]:
    """As `find_program`, after installing Debian's package where there is none. Raises `SetupStopped`."""
    found = find_program()
    if found is None:
        machine.apt_install("docker-compose", otherwise=INSTALL)
        found = find_program()
    if found is None:
        raise SetupStopped(INSTALL)
    return found
