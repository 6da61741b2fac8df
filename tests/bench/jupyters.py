"""Two Jupyter servers on one disk: with our extension as in the image, and plain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import websocket

from extension.servers import EXTENSION, TOKEN
from ports import HeldPort
from tests.bench.service import Inside, Service
from waiting import until

BOTH = f"""
c = get_config()
c.ServerApp.root_dir = {{home!r}}
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.ServerApp.max_body_size = c.ServerApp.max_buffer_size = 512 * 1024 * 1024
c.IdentityProvider.token = {TOKEN!r}
"""
PLAIN = """
c.ServerApp.contents_manager_class = "jupyter_server.services.contents.largefilemanager.AsyncLargeFileManager"
"""
OURS = """
c.ServerApp.contents_manager_class = "terraspawner_environment.recorded.RecordedContentsManager"
c.ServerApp.kernel_websocket_connection_class = "terraspawner_environment.connection.RecordedConnection"
c.ServerApp.jpserver_extensions = {"terraspawner_environment": True}
"""
TAB = "tab-bench"
_AUTHORIZED = {"Authorization": f"token {TOKEN}"}


class Jupyter:
    """A server that runs, and a page that saves there."""

    def __init__(self, home: Path, config: str, environ: dict[str, str]) -> None:
        self.home = home
        self._held = HeldPort()
        self._port = self._held.number
        own = home / "server"
        own.mkdir(parents=True)
        (own / "config.py").write_text(BOTH.format(home=str(home)) + config)
        (own / "rfc3987_syntax.py").write_text("raise ImportError")  # as in the image: it takes a second to compile
        with (home / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_server", f"--port={self._port}", "--ServerApp.port_retries=0",
                 f"--config={own}/config.py"],
                env={"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "JUPYTER_NO_CONFIG": "1",
                     "PYTHONPATH": f"{EXTENSION}:{own}", **environ},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._page = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", headers=_AUTHORIZED, timeout=120)
        until(self._answers, "the Jupyter server answers")

    def read(self, path: str) -> dict[str, Any]:
        """What a tab reads as it opens a notebook."""
        answer = self._page.get(f"/api/contents/{path}", params={"content": 1, "type": "notebook"})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()["content"]
        return found

    def hash(self, path: str) -> str:
        """As Lab asks for it before it saves, and after."""
        answer = self._page.get(f"/api/contents/{path}", params={"content": 0, "hash": 1})
        answer.raise_for_status()
        return str(answer.json()["hash"])

    def save(self, path: str, body: bytes) -> None:
        """Returns when the save is acknowledged."""
        answer = self._page.put(f"/api/contents/{path}", content=body, headers={"Content-Type": "application/json"})
        answer.raise_for_status()

    @contextmanager
    def tab(self, path: str) -> Iterator[None]:
        """A tab of Lab shows the notebook and has its lease."""
        url = f"ws://127.0.0.1:{self._port}/terraspawner/api/session?session={TAB}"
        held = threading.Event()
        tab = websocket.create_connection(url, header=[f"{name}: {value}" for name, value in _AUTHORIZED.items()])

        def listen() -> None:
            with suppress(websocket.WebSocketException, OSError, ValueError):
                while True:
                    if json.loads(tab.recv()).get("state") == "held":
                        held.set()

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        tab.send(json.dumps({"type": "open", "path": path}))
        assert held.wait(30), "the tab was not given the notebook"
        yield
        tab.close()

    def end(self) -> None:
        self._page.close()
        self._process.terminate()
        self._process.wait(60)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self.home / "server.log").read_text()[-3000:]
        with suppress(httpx.HTTPError):
            return self._page.get("/api").status_code == 200
        return False


@contextmanager
def plain(home: Path) -> Iterator[Jupyter]:
    made = Jupyter(home, PLAIN, {})
    try:
        yield made
    finally:
        made.end()


@contextmanager
def ours(home: Path, service: Service, inside: Inside) -> Iterator[Jupyter]:
    environ = {
        "TERRA_SERVICE_URL": service.url, "TERRA_ENVIRONMENT_KEY": inside.key, "JUPYTERHUB_USER": inside.user,
        "WORKSPACE_NAME": inside.name, "WORKSPACE_NAMESPACE": inside.namespace,
    }  # fmt: skip
    made = Jupyter(home, OURS, environ)
    try:
        yield made
    finally:
        made.end()
