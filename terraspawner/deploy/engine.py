"""The Docker Engine: there, or started, or installed; and the command ``docker``."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terraspawner.deploy import machine
from terraspawner.deploy.commands import SetupStopped, attempt, is_there, run

OLDEST = (20, 10)
DAEMON_SETTINGS = Path("/etc/docker/daemon.json")
DAEMON_LOG = Path("/var/log/dockerd-terraspawner.log")
SECONDS_TO_COME_UP = 40
INSTALL = "The Docker Engine is not installed: install Docker Engine 20.10 or newer (docs.docker.com/engine/install)."


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What the Engine says of itself. `live_restore`: containers live through its restart."""

    version: str
    root: Path
    live_restore: bool


def docker(*arguments: str, doing: str, text: str | None = None, timeout: float | None = 120) -> str:
    """Run ``docker`` and return what it prints. Raises `SetupStopped`."""
    return run(["docker", *arguments], doing=doing, text=text, timeout=timeout)


def inspect(kind: str, name: str) -> dict[str, Any] | None:
    """``docker <kind> inspect``, or None where there is no such thing."""
    done = attempt(["docker", kind, "inspect", name])
    if done.returncode:
        return None
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found[0] if found else None


def socket_path(environ: Mapping[str, str]) -> Path:
    """The Engine's unix socket. Raises `SetupStopped` for a remote Engine: we mount folders of this machine."""
    address = environ.get("DOCKER_HOST", "")
    if address and not address.startswith("unix://"):
        raise SetupStopped(f"DOCKER_HOST is {address}: only an Engine on this machine will do. Unset it.")
    return Path(address.removeprefix("unix://") or "/var/run/docker.sock")


def ensure_engine() -> tuple[EngineFacts, str]:
    """Make the Engine answer. Returns its facts and how it came about. Raises `SetupStopped`."""
    how = "was running"
    done = _ask()
    if done.returncode and "permission denied" in done.stderr.lower():
        raise SetupStopped(
            "You may not use the Docker Engine: run this as root, or join the group docker and log in again."
        )
    if done.returncode:
        how = "started"
        if not is_there("dockerd"):
            _install()
            how = "installed and started"
        elif not is_there("docker"):
            machine.apt_install("docker-cli", otherwise="The command docker is missing: install the Docker CLI.")
        if _ask().returncode:
            _start()
    facts = _facts()
    _check_version(facts.version)
    return facts, how


def _ask() -> subprocess.CompletedProcess[str]:
    # `docker info` of some releases succeeds without an Engine; this does not
    return attempt(["docker", "version", "--format", "{{.Server.Version}}"], timeout=30)


def _facts() -> EngineFacts:
    done = attempt(["docker", "info", "--format", "{{json .}}"], timeout=30)
    if done.returncode:
        raise SetupStopped(f"The Docker Engine does not answer: {done.stderr.strip()}")
    said = json.loads(done.stdout)
    if "name=rootless" in (said.get("SecurityOptions") or []):
        raise SetupStopped(
            "The Docker Engine runs rootless, where environments cannot be kept apart: use a system one."
        )
    return EngineFacts(
        version=said["ServerVersion"],
        root=Path(said["DockerRootDir"]),
        live_restore=bool(said.get("LiveRestoreEnabled")),
    )


def _check_version(version: str) -> None:
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST:
        raise SetupStopped(f"Docker Engine {version} is too old: install 20.10 or newer.")


def _install() -> None:
    if machine.has_apt() and machine.is_root() and not DAEMON_SETTINGS.exists():
        # ours to set up, so set it up well: environments live through a restart of the Engine
        DAEMON_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
        DAEMON_SETTINGS.write_text(json.dumps({"live-restore": True}) + "\n")
    # Debian 13 and Ubuntu have the command `docker` in a package of its own on some releases
    names = ["docker.io", "iptables"]
    if machine.has_apt() and attempt(["apt-cache", "show", "docker-cli"]).returncode == 0:
        names.append("docker-cli")
    machine.apt_install(*names, otherwise=INSTALL)


def _start() -> None:
    if not machine.is_root():
        raise SetupStopped("The Docker Engine is installed but does not run: start it (`sudo systemctl start docker`).")
    by_system = _system_start()
    if not by_system or attempt(by_system).returncode or not _comes_up(SECONDS_TO_COME_UP):
        _start_by_hand()
    if not _comes_up(SECONDS_TO_COME_UP):
        shown = DAEMON_LOG.read_text(errors="replace")[-1500:] if DAEMON_LOG.exists() else ""
        raise SetupStopped(f"The Docker Engine did not come up. Look at {DAEMON_LOG}:\n{shown}")


def _system_start() -> list[str]:
    """The command of this machine's own service supervisor; empty where there is none, as in many small machines."""
    if Path("/run/systemd/system").is_dir():
        return ["systemctl", "start", "docker"]
    if Path("/proc/1/comm").read_text().strip() == "init" and is_there("service"):
        return ["service", "docker", "start"]
    return []


def _start_by_hand() -> None:
    """In a session of its own, so that it outlives this program and the terminal."""
    with DAEMON_LOG.open("ab") as log:
        subprocess.Popen(
            ["dockerd"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/",
        )  # fmt: skip


def _comes_up(seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if _ask().returncode == 0:
            return True
        time.sleep(0.3)
    return False


def docker_group(socket: Path) -> int:
    """Group of the Engine's socket: the Hub joins it."""
    return socket.stat().st_gid
