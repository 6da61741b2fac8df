"""A real Jupyter server on a real disk, with our extension alone as in the image: one process after another."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from extension.services import NAMESPACE, WORKSPACE, WorkspaceThatAnswers, notebook_model
from extension.workspaces import WorkspaceAsItIs
from ports import HeldPort

EXTENSION = Path(__file__).parents[2] / "images" / "extension"
TOKEN = "0123456789abcdef"
CONFIG = f"""
c = get_config()
c.ServerApp.root_dir = {{home!r}}
c.ServerApp.contents_manager_class = "terraspawner_environment.recorded.RecordedContentsManager"
c.ServerApp.kernel_websocket_connection_class = "terraspawner_environment.connection.RecordedConnection"
c.ServerApp.jpserver_extensions = {{{{"terraspawner_environment": True}}}}
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.ServerApp.max_body_size = c.ServerApp.max_buffer_size = 512 * 1024 * 1024
c.IdentityProvider.token = {TOKEN!r}
c.EnvironmentExtension.flush_seconds = {{flush_seconds}}
c.EnvironmentExtension.closed_seconds = {{closed_seconds}}
"""
PATIENCE = aiohttp.ClientTimeout(total=60)
"""No test waits for ever for a server that says nothing."""


class JupyterServer:
    """One server process after another on the same HOME: with our extension alone, as in the image."""

    def __init__(
        self,
        home: Path,
        service: WorkspaceThatAnswers | WorkspaceAsItIs,
        *,
        flush_seconds: float = 5.0,
        closed_seconds: float = 30.0,
    ) -> None:
        self.home, self.service = home, service
        self._held = HeldPort()
        self.port = self._held.number
        self.process: asyncio.subprocess.Process | None = None
        self.config = home / "server/config.py"
        self.config.parent.mkdir(parents=True)
        self.bucket = home / "server/bucket"
        self.bucket.mkdir()
        given = {"flush_seconds": flush_seconds, "closed_seconds": closed_seconds}
        self.config.write_text(CONFIG.format(home=str(home), **given))
        # jsonschema compiles a grammar for 1 s where this package is; the image leaves it out
        (home / "server/rfc3987_syntax.py").write_text("raise ImportError")

    async def start(self) -> None:
        environ = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.home),
            "PYTHONPATH": f"{EXTENSION}:{self.config.parent}", "JUPYTER_NO_CONFIG": "1",
            "TERRA_SERVICE_URL": self.service.url, "TERRA_ENVIRONMENT_KEY": self.service.key,
            "WORKSPACE_NAME": WORKSPACE, "WORKSPACE_NAMESPACE": NAMESPACE, "JUPYTERHUB_USER": "ana",
            "WORKSPACE_BUCKET": str(self.bucket),
        }  # fmt: skip
        log = (self.home / "server.log").open("ab")
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "jupyter_server", f"--port={self.port}", "--ServerApp.port_retries=0",
            f"--config={self.config}", env=environ, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        log.close()
        await self._until_ready()

    async def _until_ready(self) -> None:
        assert self.process is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while self.process.returncode is None:
                    with suppress(aiohttp.ClientError):
                        if (await self.get("/api"))[0] == 200:
                            return
                    await asyncio.sleep(0.02)
        pytest.fail((self.home / "server.log").read_text()[-3000:])

    async def get(self, path: str) -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"token {TOKEN}"}, timeout=PATIENCE) as session,
            session.get(f"http://127.0.0.1:{self.port}{path}") as answer,
        ):
            return answer.status, await answer.read()

    async def save(self, notebook: str, text: str, session: str | None = None) -> int:
        """Save as a tab of Lab does, or a program; returns the status, 0 where the server died over it."""
        model = notebook_model(text) | ({"terra_session": session} if session else {})
        url = f"http://127.0.0.1:{self.port}/api/contents/{WORKSPACE}/edit/{notebook}"
        async with aiohttp.ClientSession(headers={"Authorization": f"token {TOKEN}"}, timeout=PATIENCE) as client:
            try:
                async with client.put(url, data=io.BytesIO(json.dumps(model).encode())) as answer:
                    await answer.read()
                    return answer.status
            except aiohttp.ClientError:
                return 0

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self._ended()

    async def terminate(self) -> int:
        """`docker stop`'s signal; returns the status with which the server ended by itself."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await self._ended()

    async def _ended(self) -> int:
        assert self.process is not None
        try:
            async with asyncio.timeout(60):
                return await self.process.wait()
        except TimeoutError:
            pytest.fail("The server does not end: " + (self.home / "server.log").read_text()[-3000:])
