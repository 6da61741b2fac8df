"""A real Docker Engine beside the machine's own, which no test touches.

It has folders, a network and mounts of its own: two Engines in one network would delete each other's bridges, and
mounts that nobody else sees are gone with the last process that does.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from deployment import until

WANTED = ("dockerd", "unshare", "nsenter", "ip")
FILES, NETWORK, MOUNTS = 0x00000200, 0x40000000, 0x00020000
"""CLONE_FS, CLONE_NEWNET and CLONE_NEWNS of unshare(2) and setns(2)."""

_libc = ctypes.CDLL(None, use_errno=True)


def skip_unless_possible(*programs: str) -> None:
    missing = [program for program in programs or WANTED if not shutil.which(program)]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"starts a second Engine, which wants root, and here also {', '.join(missing) or 'nothing'}")


class SecondEngine:
    """``dockerd`` in namespaces of its own. `programs` are folders with another Docker than the machine's.

    Asked by the command ``docker``: docker-py leaves sockets open when an Engine goes away under it.
    """

    def __init__(self, folder: Path, *options: str, programs: tuple[Path, ...] = ()) -> None:
        self.folder, self.options = folder, options
        self.socket = f"unix://{folder}/sock"
        # the client's configuration is not that of whoever runs the tests: no login, no context
        self.environ: Mapping[str, str] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")},
            "PATH": ":".join([*map(str, programs), os.environ["PATH"]]),
            "DOCKER_HOST": self.socket,
            "DOCKER_CONFIG": str(folder / "client"),
        }
        self.namespaces = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation=private", "sh", "-c",
             f"ip link set lo up && touch {folder}/is-made && exec sleep infinity"],
        )  # fmt: skip
        until((folder / "is-made").exists, "the namespaces are there")
        self.start()

    def inside(self, *words: str, mounts: bool = False) -> list[str]:
        """The command that runs `words` in the Engine's network; with `mounts` in its view of the files too."""
        of = f"/proc/{self.namespaces.pid}/ns"
        return ["nsenter", f"--net={of}/net", *([f"--mount={of}/mnt"] if mounts else []), *words]

    def start(self) -> None:
        (self.folder / "pid").unlink(missing_ok=True)
        words = ["dockerd", f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec"]
        # without the settings of this machine's Engine
        (self.folder / "daemon.json").write_text("{}")
        words += [f"--config-file={self.folder}/daemon.json", f"--pidfile={self.folder}/pid", f"--host={self.socket}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.inside(*words, *self.options, mounts=True), stdout=log, stderr=log, env=dict(self.environ)
            )
        until(self._answers, "the second Engine answers")

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
        return self.ask("version").returncode == 0

    def ask(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        asked = ["docker", *words]
        return subprocess.run(asked, check=False, capture_output=True, text=True, env=dict(self.environ), **options)

    def __call__(self, *words: str) -> str:
        done = self.ask(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def carry_over(self, *images: str) -> None:
        """Images of the machine's Engine, as `docker save` writes them."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saved:
            loaded = self.ask("load", stdin=saved.stdout)
        assert (saved.returncode, loaded.returncode) == (0, 0), loaded.stderr

    def restart(self, how: signal.Signals) -> None:
        self.end(how)
        self.start()

    def end(self, how: signal.Signals) -> None:
        containerd = Path(f"/proc/{(self.folder / 'exec/containerd/containerd.pid').read_text()}")
        self.process.send_signal(how)
        self.process.wait(60)
        # it ends with its parent, but a little later, and one that is about to end is taken for one that lives
        until(lambda: not containerd.exists(), "its containerd has ended")

    def close(self) -> None:
        try:
            if self.process.poll() is not None:
                self.start()
            for container in self("ps", "--all", "--quiet").split():
                self("rm", "--force", container)
        finally:
            self.process.terminate()
            self.process.wait(60)
            self.namespaces.kill()
            self.namespaces.wait()


@contextmanager
def second_engine(folder: Path, *options: str, programs: tuple[Path, ...] = ()) -> Iterator[SecondEngine]:
    """One in `folder`, which is gone afterwards with all that was mounted there."""
    made = SecondEngine(folder, *options, programs=programs)
    try:
        yield made
    finally:
        made.close()
        assert str(folder) not in Path("/proc/self/mountinfo").read_text()
        shutil.rmtree(folder)


@contextmanager
def inside(engine: SecondEngine, *, mounts: bool = False) -> Iterator[None]:
    """This thread, and what it starts, are in the Engine's network and ask that Engine; with `mounts` they see the
    files as it does."""
    spaces = {"net": NETWORK} | ({"mnt": MOUNTS} if mounts else {})
    here = Path.cwd()
    with ExitStack() as opened:
        environ = opened.enter_context(pytest.MonkeyPatch.context())
        for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
            environ.setenv(name, engine.environ[name])
        ours, there = (
            {name: opened.enter_context(Path(f"/proc/{of}/ns/{name}").open()) for name in spaces}
            for of in ("thread-self", engine.namespaces.pid)
        )
        if mounts:
            # a thread that shares its folder with others may not see other files than they
            checked(_libc.unshare(FILES))
        try:
            for name, kind in spaces.items():
                checked(_libc.setns(there[name].fileno(), kind))
            os.chdir(here)
            yield
        finally:
            for name, kind in spaces.items():
                checked(_libc.setns(ours[name].fileno(), kind))
            os.chdir(here)


def checked(result: int) -> None:
    assert result == 0, os.strerror(ctypes.get_errno())
