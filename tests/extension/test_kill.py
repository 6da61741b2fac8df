"""A real Jupyter server on a real disk, killed with -9 in the middle of saves, and started again."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import signal
import socket
import sys
import time
from pathlib import Path

import aiohttp
import pytest

pytest.importorskip("jupyter_server")

from extension.services import KEY, NAMESPACE, WORKSPACE, WorkspaceThatAnswers, WorkspaceThatIsDown, notebook_model

EXTENSION = Path(__file__).parents[2] / "images" / "extension"
TOKEN = "0123456789abcdef"
CONFIG = f"""
c = get_config()
c.ServerApp.root_dir = {{home!r}}
c.ServerApp.contents_manager_class = "terraspawner_environment.contents.TerraContentsManager"
c.ServerApp.jpserver_extensions = {{{{"terraspawner_environment": True}}}}
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.ServerApp.max_body_size = c.ServerApp.max_buffer_size = 512 * 1024 * 1024
c.IdentityProvider.token = {TOKEN!r}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class JupyterServer:
    """One server process after another on the same HOME."""

    def __init__(self, home: Path, service: WorkspaceThatAnswers) -> None:
        self.home, self.service = home, service
        self.port = free_port()
        self.process: asyncio.subprocess.Process | None = None
        (home / "config").mkdir(parents=True)
        (home / "config/jupyter_server_config.py").write_text(CONFIG.format(home=str(home)))

    async def start(self) -> None:
        environ = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(EXTENSION),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"), "JUPYTER_NO_CONFIG": "",
            "TERRA_SERVICE_URL": self.service.url, "TERRA_ENVIRONMENT_KEY": KEY, "WORKSPACE_NAME": WORKSPACE,
            "WORKSPACE_NAMESPACE": NAMESPACE, "JUPYTERHUB_USER": "ana",
        }  # fmt: skip
        log = (self.home / "server.log").open("ab")
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "jupyter_server", f"--port={self.port}", env=environ, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        log.close()
        await self._until_ready()

    async def _until_ready(self) -> None:
        for _ in range(600):
            try:
                if (await self.get("/api"))[0] == 200:
                    return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
        pytest.fail((self.home / "server.log").read_text()[-3000:])

    async def get(self, path: str) -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"token {TOKEN}"}) as session,
            session.get(f"http://127.0.0.1:{self.port}{path}") as answer,
        ):
            return answer.status, await answer.read()

    async def save(self, notebook: str, text: str) -> int:
        """Save as Lab does; returns the status, 0 where the server died over it."""
        url = f"http://127.0.0.1:{self.port}/api/contents/{WORKSPACE}/edit/{notebook}"
        async with aiohttp.ClientSession(headers={"Authorization": f"token {TOKEN}"}) as session:
            try:
                async with session.put(url, data=io.BytesIO(json.dumps(notebook_model(text)).encode())) as answer:
                    await answer.read()
                    return answer.status
            except aiohttp.ClientError:
                return 0

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def terminate(self) -> float:
        """`docker stop`'s signal; returns how long the server took, in seconds."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        await self.process.wait()
        return time.monotonic() - begun


def text_of(content: bytes) -> str:
    return "".join(json.loads(content)["cells"][0]["source"])


def number_in(content: bytes | None) -> int:
    return int(text_of(content).split()[0]) if content else 0


@pytest.fixture
async def servers(tmp_path: Path):
    started: list[JupyterServer] = []

    def make(service: WorkspaceThatAnswers) -> JupyterServer:
        started.append(JupyterServer(tmp_path / f"home{len(started)}", service))
        return started[-1]

    yield make
    for server in started:
        if server.process is not None and server.process.returncode is None:
            await server.kill()


async def until(condition, *, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is another process's
            await asyncio.sleep(0.05)


@pytest.mark.feature("F4")
async def test_no_acknowledged_save_is_lost_and_none_is_torn_by_kill_9(servers) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        dice = random.Random(1)
        acknowledged = 0
        for round_ in range(6):
            killer = asyncio.create_task(kill_after(server, dice.uniform(0.05, 0.6)))
            for number in range(round_ * 1000 + 1, round_ * 1000 + 500):
                status = await server.save("a.ipynb", f"{number} " + "x" * 2_000_000)
                if status not in (200, 201):
                    break
                acknowledged = number
            await killer
            on_disk = server.home / WORKSPACE / "edit/a.ipynb"
            if on_disk.exists():
                assert number_in(on_disk.read_bytes()) >= acknowledged
            await server.start()
            if acknowledged:
                await until(lambda low=acknowledged: number_in(service.notebooks.get("a.ipynb")) >= low)
        assert list(service.notebooks) == ["a.ipynb"], "a kill makes no conflict with ourselves"
        assert acknowledged > 0


async def kill_after(server: JupyterServer, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await server.kill()


async def test_service_down_server_killed_service_back_server_back(servers) -> None:
    async with WorkspaceThatIsDown() as service:
        server = servers(service)
        await server.start()
        for number in range(5):
            assert await server.save("a.ipynb", str(number)) in (200, 201)
        await server.kill()
        await service.start()
        await server.start()
        await until(lambda: "a.ipynb" in service.notebooks)
        assert text_of(service.notebooks["a.ipynb"]) == "4"
        await until(lambda: service.outbox[-1:] == [{"pending": []}])


async def test_sigterm_sends_what_is_left_and_ends_within_the_grace(servers) -> None:
    async with WorkspaceThatIsDown() as service:
        server = servers(service)
        await server.start()
        await server.save("a.ipynb", "last words")
        await service.start()
        assert await server.terminate() < 8
        assert text_of(service.notebooks["a.ipynb"]) == "last words"


async def test_sigterm_with_the_service_down_keeps_the_work_and_ends_within_the_grace(servers) -> None:
    async with WorkspaceThatIsDown() as service:
        server = servers(service)
        await server.start()
        await server.save("a.ipynb", "last words")
        assert await server.terminate() < 8
        assert list((server.home / ".terra/outbox").glob("*.json"))


async def test_the_badge_hears_of_a_save_without_asking(servers) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        heard: list[dict[str, str]] = []
        async with aiohttp.ClientSession(headers={"Authorization": f"token {TOKEN}"}) as session:
            url = f"http://127.0.0.1:{server.port}/api/events/subscribe"
            async with session.ws_connect(url) as bus:
                assert await server.save("a.ipynb", "1") == 201
                assert await server.save("a.ipynb", "2") == 200
                async with asyncio.timeout(10):
                    while [event["state"] for event in heard] != ["workspace", "disk", "workspace"]:
                        event = json.loads((await bus.receive()).data)
                        if event["schema_id"] == "urn:terraspawner:saves:v1":
                            heard.append(event)
        assert {event["path"] for event in heard} == {f"{WORKSPACE}/edit/a.ipynb"}
        status, body = await server.get("/terraspawner/api/saves")
        answer = json.loads(body)
        assert (status, answer["folder"]) == (200, f"{WORKSPACE}/edit")
        assert [save["state"] for save in answer["saves"]] == ["workspace"]


async def test_the_save_states_are_for_the_signed_in_only(servers) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{server.port}/terraspawner/api/saves", allow_redirects=False) as answer,
        ):
            assert answer.status in (302, 403)


async def test_activity_and_outbox_are_reported(servers) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        await until(lambda: bool(service.activity))
        assert service.activity[0] == {"kernels": [], "terminals": 0}
        assert service.outbox[0] == {"pending": []}
