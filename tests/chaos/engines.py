"""A Docker Engine that does not do what it is asked at once: the real one, behind a socket that can hold requests.

Only the Hub of a test's deployment speaks through it; the Engine itself is touched by nothing here.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deployment import ROOT, Deployment, until
from terraspawner.deploy.compose import Compose, find_program

ENGINE = "/var/run/docker.sock"
_REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE) (\S+) HTTP/1\.1\r\n")


class Held:
    """Requests that match are not passed on until they may be."""

    def __init__(self, pattern: str) -> None:
        self.pattern = re.compile(pattern)
        self.reached, self.may_pass = threading.Event(), threading.Event()


class EngineThatWaits:
    """The Engine behind `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: Held | None = None
        self._is_away = False
        self._open: set[socket.socket] = set()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        path.chmod(0o666)
        self._listening.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def holding(self, pattern: str) -> Iterator[Held]:
        """Hold requests whose method and path match, until the end of the block at the latest."""
        self._held = held = Held(pattern)
        try:
            yield held
        finally:
            self._held = None
            held.may_pass.set()

    @contextmanager
    def away(self) -> Iterator[None]:
        """No answer to anything."""
        self._is_away = True
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        try:
            yield
        finally:
            self._is_away = False

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self._is_away:
                    client.close()
                    continue
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(ENGINE)
            answering = threading.Thread(target=self._pass_on, args=(engine, client), daemon=True)
            answering.start()
            self._pass_on(client, engine, is_asking=True)
            answering.join()

    def _pass_on(self, source: socket.socket, target: socket.socket, *, is_asking: bool = False) -> None:
        self._open.add(source)
        try:
            while piece := source.recv(65536):
                if is_asking and (request := _REQUEST.match(piece)):
                    self._wait(piece.split(b" ", 1)[0].decode() + " " + request[1].decode())
                target.sendall(piece)
        except OSError:
            pass
        finally:
            self._open.discard(source)
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

    def _wait(self, request: str) -> None:
        held = self._held
        if held and held.pattern.search(request):
            held.reached.set()
            held.may_pass.wait(120)


@contextmanager
def hub_behind(deployment: Deployment, engine: EngineThatWaits) -> Iterator[None]:
    """The deployment's Hub, made anew with that socket; afterwards with the machine's own again."""
    _hub_with(deployment, str(engine.path))
    try:
        yield
    finally:
        _hub_with(deployment, ENGINE)


def _hub_with(deployment: Deployment, path: str) -> None:
    found = find_program()
    assert found is not None
    env_file = ROOT / ".terraspawner" / deployment.name / "compose.env"
    compose = Compose(program=found[0], version=found[1], project=deployment.name, root=ROOT, env_file=env_file)
    done = subprocess.run(
        compose.command("up", "--detach", "--no-deps", "hub"),
        env=os.environ | {"TERRA_DOCKER_SOCKET": path},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    until(lambda: deployment.get("/hub/health").status_code == 200, "the Hub is back", within=120)
