"""Waits until a service is healthy.

Runs the container's own health check now, instead of waiting until the Engine does at its next turn.
"""

from __future__ import annotations

import json
import time
from typing import Any

from terraspawner.deploy import engine
from terraspawner.deploy.commands import SetupStopped, attempt
from terraspawner.settings import Settings

SERVICES = ("netguard", "host", "mounter", "proxy", "workspaces", "hub", "culler")
MOUNTS = "mounts"
"""Beside them where buckets are in an object store or drives from outside are named; its profile in docker-compose.yml
has the same name."""
SECONDS = 90
SECONDS_BETWEEN_LOOKS = 0.3
LOG_LINES = 12
MOST_RESTARTS = 3


def services_of(settings: Settings) -> tuple[str, ...]:
    """All that run in a deployment with these settings."""
    return (*SERVICES, MOUNTS) if settings.runs_mounts else SERVICES


def container_of(project: str, service: str) -> dict[str, Any] | None:
    """``docker inspect`` of a service's container, or None."""
    labels = (f"com.docker.compose.project={project}", f"com.docker.compose.service={service}")
    filters = [
        word for label in (*labels, "com.docker.compose.oneoff=False") for word in ("--filter", f"label={label}")
    ]
    found = engine.docker("ps", "--all", "--quiet", *filters, doing="docker ps").split()
    return engine.inspect("container", found[0]) if found else None


def is_healthy(container: dict[str, Any]) -> bool:
    test = container["Config"].get("Healthcheck", {}).get("Test", [])
    if container["State"]["Status"] != "running" or test[:1] != ["CMD"]:
        return False
    return attempt(["docker", "exec", container["Id"], *test[1:]], timeout=15).returncode == 0


def wait_for(project: str, service: str, seconds: float = SECONDS) -> None:
    """Raises `SetupStopped` with the service's last lines when it does not become healthy."""
    end = time.monotonic() + seconds
    while True:
        container = container_of(project, service)
        if container and is_healthy(container):
            return
        is_failing = container and container["RestartCount"] >= MOST_RESTARTS
        if is_failing or time.monotonic() > end:
            raise SetupStopped(_what_happened(service, container, seconds))
        time.sleep(SECONDS_BETWEEN_LOOKS)


def wait_for_network(project: str, seconds: float = SECONDS) -> None:
    """Until the host service found the environments' network closed. Raises `SetupStopped` with its findings."""
    end = time.monotonic() + seconds
    bad = "the host service says nothing"
    while time.monotonic() < end:
        state = network_state(project)
        if state.get("ok"):
            return
        messages = [str(f["message"]) for f in state.get("findings", []) if not f["ok"]]
        bad = " ".join(messages) or bad
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise SetupStopped(f"The environments' network is not closed as it must be, so nothing would start: {bad}")


def network_state(project: str) -> dict[str, Any]:
    """What the host service last found; empty when it does not answer."""
    container = container_of(project, "host")
    if container is None:
        return {}
    asked = ["docker", "exec", container["Id"], "answers", "--show", "unix:/srv/terra/run/host.sock:/health"]
    try:
        network: dict[str, Any] = json.loads(attempt(asked, timeout=15).stdout)["network"]
    except (ValueError, KeyError):
        return {}
    return network


def _what_happened(service: str, container: dict[str, Any] | None, seconds: float) -> str:
    if container is None:
        return f"The service {service} has no container. Look at `make logs`, then run `make up` again."
    state = container["State"]
    done = attempt(["docker", "logs", "--tail", str(LOG_LINES), container["Id"]])
    lines = "\n".join(f"    {line}" for line in (done.stdout + done.stderr).strip().splitlines())
    said = f"exit code {state['ExitCode']}" if state["Status"] != "running" else f"not healthy within {seconds:.0f} s"
    return (
        f"The service {service} did not come up ({state['Status']}, {said}). Its last lines:\n{lines}\n"
        f"Mend the cause and run `make up` again; all of it: `make logs SERVICE={service}`."
    )
