"""A real Engine of its own is restarted: what becomes of running and frozen containers, with `live-restore` or without.

It lives in a network namespace of its own, beside the machine's Engine, which no test touches. Of the deployment
nothing runs here; `test_table.py` does to a whole one what is found here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
IMAGE = f"terraspawner/base:{os.environ.get('TERRA_IMAGE_TAG', '0.1.0')}"
WAITS = "trap 'exit 0' TERM; while true; do sleep 0.1; done"


class SecondEngine:
    """``dockerd`` with its own folders and network; `restart` ends it by a signal and starts it again.

    Asked by the command ``docker``: docker-py leaves sockets open when an Engine goes away under it.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        self.address = f"--host=unix://{folder}/sock"
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
                 f"--pidfile={self.folder}/pid", self.address, *self.options],
                stdout=log, stderr=log,
            )  # fmt: skip
        until(lambda: self.ask("version").returncode == 0, "the second Engine answers")

    def ask(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        asked = ["docker", self.address, *words]
        return subprocess.run(asked, check=False, capture_output=True, text=True, **options)

    def __call__(self, *words: str) -> str:
        done = self.ask(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def state(self, container: str) -> tuple[str, int]:
        """Status and exit code."""
        said = json.loads(self("inspect", "--format", "{{json .State}}", container))
        return said["Status"], said["ExitCode"]

    def restart(self, how: signal.Signals) -> None:
        containerd = Path(f"/proc/{(self.folder / 'exec/containerd/containerd.pid').read_text()}")
        self.process.send_signal(how)
        self.process.wait(60)
        # it ends with its parent, but a little later, and one that is about to end is taken for one that lives
        until(lambda: not containerd.exists(), "its containerd has ended")
        self.start()

    def close(self) -> None:
        if self.process.poll() is not None:
            self.start()
        for container in self("ps", "--all", "--quiet").split():
            self("rm", "--force", container)
        self.process.terminate()
        self.process.wait(60)
        subprocess.run(["umount", f"{self.folder}/data"], check=False, capture_output=True)
        self.namespace.kill()
        self.namespace.wait()


@pytest.fixture(params=[(), ("--live-restore",)], ids=["plain", "live-restore"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    made = SecondEngine(tmp_path_factory.mktemp("engine"), *request.param)
    try:
        # the smallest of our images, carried over from the machine's Engine
        with subprocess.Popen(["docker", "save", IMAGE], stdout=subprocess.PIPE) as saved:
            assert made.ask("load", stdin=saved.stdout).returncode == 0
        yield made
    finally:
        made.close()
        shutil.rmtree(made.folder, ignore_errors=True)


@pytest.mark.feature("C8")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_restart_of_the_engine_leaves(engine: SecondEngine, how: signal.Signals) -> None:
    running, frozen = (engine("run", "--detach", "--network=none", IMAGE, "sh", "-c", WAITS) for _ in range(2))
    engine("pause", frozen)
    engine.restart(how)
    if engine.options:
        assert (engine.state(running)[0], engine.state(frozen)[0]) == ("running", "paused")
        engine("unpause", frozen)
        engine("stop", frozen)
        assert engine.state(frozen) == ("exited", 0)
    else:
        # both were asked to end, the frozen one too: `end_of` says who may have asked
        for status, code in (engine.state(running), engine.state(frozen)):
            assert status == "exited"
            assert code in ASKED_TO_END
