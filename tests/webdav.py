"""A drive on a real WebDAV server, which can be killed, made to hang and to be slow, and fills up.

Its files lie on a small file system of their own, so that full is full.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from ports import HeldPort
from terraspawner.mounts_client import OutsideDrive
from waiting import until

SIZE = "24m"
USER = 'ada %41 & "co"'
"""With what has to be written in another way somewhere on its way."""
PASSWORD = "app-password-of-nobody"


class WebdavServer:
    """The files are in `files`, for tests to look at and to change as others do. Who is not on this machine reaches it
    at another `address` of it."""

    def __init__(self, folder: Path, password: str, address: str = "127.0.0.1") -> None:
        self._folder, self._address = folder, address
        self.files = folder / "files"
        self.files.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "dav", str(self.files)], check=True)
        self._held = HeldPort(address)
        self.port = self._held.number
        self.url = f"http://127.0.0.1:{self.port}"
        self.password = password
        self.start()

    def drive(self, library_id: str, path: str = "", **changes: str) -> OutsideDrive:
        """It, as the library from outside of this id."""
        return OutsideDrive(
            **{
                "id": library_id, "kind": "webdav", "url": self.url, "user": USER, "password": self.password,
                "path": path, "library": "",
            } | changes
        )  # fmt: skip

    def start(self) -> None:
        program = Path(__file__).with_name("webdav_process.py")
        words = [sys.executable, str(program), str(self.files), self._address, str(self.port)]
        account = {"DAV_USER": USER, "DAV_PASSWORD": self.password}
        nothing = subprocess.DEVNULL
        self._process = subprocess.Popen(words, env=os.environ | account, stdin=nothing, stdout=nothing, stderr=nothing)
        until(self._answers, "the WebDAV server answers", within=60)

    def kill(self) -> None:
        """Connections are refused from now on."""
        self._process.kill()
        self._process.wait(30)

    def hang(self) -> None:
        """Connections are taken, and nothing is said."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    @contextmanager
    def slower_by(self, seconds: float) -> Iterator[None]:
        told = self._folder / "slow"
        told.write_text(str(seconds))
        try:
            yield
        finally:
            told.unlink()

    def close(self) -> None:
        self.kill()
        subprocess.run(["umount", str(self.files)], check=True)

    def _answers(self) -> bool:
        try:
            return httpx.options(self.url, timeout=5).status_code > 0
        except httpx.HTTPError:
            return False


@contextmanager
def webdav_server(folder: Path, password: str, address: str = "127.0.0.1") -> Iterator[WebdavServer]:
    made = WebdavServer(folder, password, address)
    try:
        yield made
    finally:
        made.close()
