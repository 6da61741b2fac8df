"""What the mounts service mounts on this machine, for tests as root."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from terraspawner.host.mounter import removal, syscalls
from waiting import until

TESTS = Path(__file__).parents[1]
MOST_SECONDS = 20.0
"""So long a call in an environment may stand, and no longer."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """An object store: TERRA_BUCKETS, its endpoint and its credentials."""

    address: str
    endpoint: str
    credentials: str = field(repr=False)


class Mounting:
    """The service over `folder`, with its log in `log`, and with a store if there is one."""

    def __init__(self, folder: Path, store: Store | None = None) -> None:
        self.folder = folder
        self._store = json.dumps(asdict(store) if store else {})
        self.log = folder / "log"
        shared = folder / "shared"
        shared.mkdir()
        for words in (["--bind", str(shared), str(shared)], ["--make-rshared", str(shared)]):
            subprocess.run(["mount", *words], check=True)
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            words = [
                sys.executable,
                str(TESTS / "mounting_process.py"),
                str(self.folder),
            ]
            # rclone comes by a package of its own, and lies beside this Python
            path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
            environ = os.environ | {"PYTHONPATH": str(TESTS.parent), "PATH": path, "STORE": self._store}
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ)
        until(self._answers, "the mounts service answers")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """As an operator stops it."""
        self._process.terminate()
        self._process.wait(MOST_SECONDS)

    def close(self) -> None:
        self.kill()
        removal.remove_all(self.folder / "shared")
        for found in reversed(syscalls.mounted_below(self.folder)):
            syscalls.detach(found.place)

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        transport = httpx.HTTPTransport(uds=str(self.folder / "mounts.sock"))
        with httpx.Client(transport=transport, base_url="http://mounts", timeout=60) as client:
            return client.request(method, path, **options)

    def ensure(self, workspace_id: str) -> dict[str, Any]:
        return self.call("PUT", f"/mounts/{workspace_id}").json()  # type: ignore[no-any-return]

    def standing(self, workspace_id: str) -> dict[str, Any]:
        """Empty where nobody keeps it mounted."""
        items = self.call("GET", "/mounts").json()["items"]
        return next((item for item in items if item["id"] == workspace_id), {})

    def until_state(self, workspace_id: str, state: str) -> dict[str, Any]:
        return until(
            lambda: found if (found := self.standing(workspace_id)).get("state") == state else {}, f"it is {state}"
        )

    def writer(self, workspace_id: str) -> Path:
        return self.folder / "shared" / "buckets" / workspace_id / "writer" / "bucket"

    def reader(self, workspace_id: str) -> Path:
        return self.folder / "shared" / "buckets" / workspace_id / "reader" / "bucket"

    def notebooks(self, workspace_id: str, who: str = "writer") -> Path:
        return self.folder / "shared" / "buckets" / workspace_id / who / "notebooks"

    def rclone_of(self, workspace_id: str) -> int:
        """Its process id."""
        (found,) = self.rclones_of(workspace_id)
        return found

    def rclones_of(self, workspace_id: str) -> list[int]:
        return [pid for pid, words in processes().items() if "rcd" in words and f"{workspace_id}.sock" in words]

    def signal_rclone(self, workspace_id: str, number: signal.Signals) -> int:
        pid = self.rclone_of(workspace_id)
        os.kill(pid, number)
        return pid

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        with socket.socket(socket.AF_UNIX) as asking:
            return asking.connect_ex(str(self.folder / "mounts.sock")) == 0


def processes() -> dict[int, str]:
    """All that run here, with their words."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found[int(folder.name)] = (
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
            except OSError:
                continue
    return found


def shell(command: str, *, user: int = 1000) -> tuple[int, str]:
    """As somebody in an environment would; fails where it stands longer than anybody may."""
    done = subprocess.run(
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "sh", "-c", command],
        capture_output=True, text=True, timeout=MOST_SECONDS, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@contextmanager
def mounting(store: Store | None = None) -> Iterator[Mounting]:
    """Over a folder of its own, which has an empty folder of libraries."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the person of an environment walks through
        (folder / "libraries").mkdir()
        made = Mounting(folder, store)
        try:
            yield made
        finally:
            made.close()
