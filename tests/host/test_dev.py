"""`make dev`: hub, workspaces service and culler outside compose, started anew at a change, with environments that live
on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployment import API, ROOT, Deployment, unique, until, with_settings
from terraspawner.settings import Settings

pytestmark = [pytest.mark.docker, pytest.mark.full]


@contextmanager
def developed(log: Path) -> Iterator[Deployment]:
    """`make dev` as a process, from nothing to nothing. What it says goes to `log`."""
    deployment = with_settings("tsp-dev", 64)
    command = [sys.executable, "-u", "-m", "terraspawner.deploy", "dev"]
    deployment.run("clean", "--yes")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=deployment.environ, stdout=output, stderr=output, start_new_session=True
        )
        try:
            until(lambda: process.poll() is not None or b"Ctrl+C" in log.read_bytes(), "`make dev` is up", 900)
            assert process.poll() is None, log.read_text()
            yield deployment
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(120)
            deployment.run("clean", "--yes")


@pytest.mark.skipif(os.geteuid() != 0, reason="make dev takes root")
@pytest.mark.feature("A1", "G11")
def test_hub_service_and_culler_outside_compose_serve_and_follow_a_change(tmp_path: Path) -> None:
    log = tmp_path / "dev.log"
    with developed(log) as deployment:
        ana = deployment.person("ana")
        workspace = ana.workspace(unique("developed"))
        workspace.start()
        container = workspace.container().id
        settings = Settings.from_environ(deployment.environ)
        for address in (f"{settings.hub_address}:8081/hub/health", f"{settings.service_address}:8010{API}/health"):
            code, said = workspace.shell(f"curl -fsS http://{address}")
            assert code == 0, said
        here = {part.attrs["Config"]["Labels"]["com.docker.compose.service"] for part in containers_of(deployment)}
        assert here == {"netguard", "host", "mounter", "proxy", "relay-hub", "relay-workspaces"}

        until(
            lambda: (workspace.environment()["next_stop"] or {}).get("is_carried_out"), "the culler has been heard of"
        )
        assert begun(log) == 1

        (ROOT / "terraspawner" / "web" / "health.py").touch()
        until(lambda: b"Changed: terraspawner/web/health.py" in log.read_bytes(), "the change is seen")
        until(lambda: deployment.get("/services/workspaces/health").status_code == 200, "the service is back")
        until(lambda: deployment.get("/hub/health").status_code == 200, "the Hub is back")
        until(lambda: begun(log) == 2, "the culler is back")
        workspace.wait_for("running")
        assert workspace.container().id == container
        assert workspace.container().status == "running"
        workspace.pause()
        ana.close()


def begun(log: Path) -> int:
    """How often the culler has begun to sweep."""
    return log.read_bytes().count(b"INFO culler: every 2 s")


def containers_of(deployment: Deployment) -> list:  # type: ignore[type-arg]
    label = f"com.docker.compose.project={deployment.name}"
    return deployment.docker.containers.list(filters={"label": label})  # type: ignore[no-any-return]
