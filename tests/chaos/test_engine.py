"""A real Engine of its own is restarted: what becomes of running and frozen containers, with `live-restore` or without.

It lives in a network namespace of its own, beside the machine's Engine, which no test touches. Of the deployment
nothing runs here; `test_table.py` does to a whole one what is found here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
import pytest

from deployment import until
from terraspawner.containers.readiness import ASKED_TO_END

pytestmark = [
    pytest.mark.docker,
    pytest.mark.full,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("dockerd") or not shutil.which("unshare"),
        reason="starts a second Engine, which wants root, dockerd and unshare",
    ),
]
WAITS = "trap 'exit 0' TERM; while true; do sleep 0.1; done"


class SecondEngine:
    """``dockerd`` with its own folders and network; `restart` ends it by a signal and starts it again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        self.namespace = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        until(lambda: self._network() != Path("/proc/self/ns/net").readlink(), "the namespace is there")
        self.start()

    def _network(self) -> Path:
        return Path(f"/proc/{self.namespace.pid}/ns/net").readlink()

    def start(self) -> None:
        (self.folder / "pid").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["nsenter", f"--net=/proc/{self.namespace.pid}/ns/net", "dockerd", "--bridge=none",
                 f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec",
                 f"--pidfile={self.folder}/pid", f"--host=unix://{self.folder}/sock", *self.options],
                stdout=log, stderr=log,
            )  # fmt: skip
        until(self._answers, "the second Engine answers")

    def _answers(self) -> bool:
        with suppress(docker.errors.DockerException, OSError):
            return bool(self.client.ping())
        return False

    @property
    def client(self) -> Any:
        return docker.DockerClient(base_url=f"unix://{self.folder}/sock", version="1.41")

    def restart(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(60)
        self.start()

    def close(self) -> None:
        with suppress(docker.errors.DockerException):
            for container in self.client.containers.list(all=True):
                container.remove(force=True)
        self.process.terminate()
        self.process.wait(60)
        subprocess.run(["umount", f"{self.folder}/data"], check=False, capture_output=True)
        self.namespace.kill()
        self.namespace.wait()


@pytest.fixture(params=[(), ("--live-restore",)], ids=["plain", "live-restore"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    made = SecondEngine(tmp_path_factory.mktemp("engine"), *request.param)
    yield made
    made.close()
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def image(engine: SecondEngine) -> str:
    """The smallest of ours, carried over from the machine's Engine."""
    tag = f"terraspawner/base:{os.environ.get('TERRA_IMAGE_TAG', '0.1.0')}"
    (loaded,) = engine.client.images.load(docker.from_env().images.get(tag).save(named=True))
    return str(loaded.tags[0])


@pytest.mark.feature("C8")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_restart_of_the_engine_leaves(
    engine: SecondEngine, image: str, how: signal.Signals, request: pytest.FixtureRequest
) -> None:
    running, frozen = (
        engine.client.containers.run(image, ["sh", "-c", WAITS], network_mode="none", detach=True) for _ in range(2)
    )
    frozen.pause()
    engine.restart(how)
    states = [engine.client.containers.get(item.id).attrs["State"] for item in (running, frozen)]
    if "live-restore" in request.node.callspec.id:
        assert [state["Status"] for state in states] == ["running", "paused"]
        frozen.unpause()
        frozen.stop(timeout=10)
        frozen.reload()
        assert frozen.attrs["State"]["ExitCode"] == 0
    else:
        # both were asked to end, the frozen one too: `end_of` says who may have asked
        assert [state["Status"] for state in states] == ["exited", "exited"]
        assert {state["ExitCode"] for state in states} <= set(ASKED_TO_END)
