"""A real Jupyter server on a real disk, killed with -9 in the middle of saves, and started again."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import re
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

pytest.importorskip("jupyter_server")

from extension.services import KEY, NAMESPACE, WORKSPACE, WorkspaceThatAnswers, WorkspaceThatIsDown, notebook_model
from terraspawner.settings import Settings

pytestmark = pytest.mark.slow  # each test starts a Jupyter server or more
IMAGES = Path(__file__).parents[2] / "images"
EXTENSION = IMAGES / "extension"
IMAGE_CONFIG = IMAGES / "python" / "etc" / "jupyter_server_config.py"
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
c.EnvironmentExtension.flush_seconds = {{flush_seconds}}
"""
PATIENCE = aiohttp.ClientTimeout(total=60)
"""No test waits for ever for a server that says nothing."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class JupyterServer:
    """One server process after another on the same HOME: with our extension alone, as in the image."""

    def __init__(self, home: Path, service: WorkspaceThatAnswers, *, flush_seconds: float = 5.0) -> None:
        self.home, self.service = home, service
        self.port = free_port()
        self.process: asyncio.subprocess.Process | None = None
        self.config = home / "server/config.py"
        self.config.parent.mkdir(parents=True)
        self.config.write_text(CONFIG.format(home=str(home), flush_seconds=flush_seconds))
        # jsonschema compiles a grammar for 1 s where this package is; the image leaves it out
        (home / "server/rfc3987_syntax.py").write_text("raise ImportError")

    async def start(self) -> None:
        environ = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.home),
            "PYTHONPATH": f"{EXTENSION}:{self.config.parent}", "JUPYTER_NO_CONFIG": "1",
            "TERRA_SERVICE_URL": self.service.url, "TERRA_ENVIRONMENT_KEY": KEY, "WORKSPACE_NAME": WORKSPACE,
            "WORKSPACE_NAMESPACE": NAMESPACE, "JUPYTERHUB_USER": "ana",
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

    async def save(self, notebook: str, text: str) -> int:
        """Save as Lab does; returns the status, 0 where the server died over it."""
        url = f"http://127.0.0.1:{self.port}/api/contents/{WORKSPACE}/edit/{notebook}"
        async with aiohttp.ClientSession(headers={"Authorization": f"token {TOKEN}"}, timeout=PATIENCE) as session:
            try:
                async with session.put(url, data=io.BytesIO(json.dumps(notebook_model(text)).encode())) as answer:
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


def text_of(content: bytes) -> str:
    return "".join(json.loads(content)["cells"][0]["source"])


def number_in(content: bytes | None) -> int:
    return int(text_of(content).split()[0]) if content else 0


@pytest.fixture
async def servers(tmp_path: Path):
    started: list[JupyterServer] = []

    def make(service: WorkspaceThatAnswers, **options: float) -> JupyterServer:
        started.append(JupyterServer(tmp_path / f"home{len(started)}", service, **options))
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
@pytest.mark.parametrize(
    "rounds", [1, pytest.param(4, marks=pytest.mark.slow), pytest.param(30, marks=pytest.mark.full)]
)
async def test_no_acknowledged_save_is_lost_and_none_is_torn_by_kill_9(servers, rounds: int) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        dice = random.Random(1)
        acknowledged = 0
        for round_ in range(rounds):
            killer, quiet = None, dice.randint(1, 4)
            for number in range(round_ * 1000 + 1, round_ * 1000 + 500):
                if number == round_ * 1000 + 1 + quiet:
                    killer = asyncio.create_task(kill_after(server, dice.uniform(0, 0.06)))  # somewhere in a save
                status = await server.save("a.ipynb", f"{number} " + "x" * 2_000_000)
                if status not in (200, 201):
                    break
                acknowledged = number
            assert killer is not None, "a save failed before the kill"
            await killer
            on_disk = server.home / WORKSPACE / "edit/a.ipynb"
            assert number_in(on_disk.read_bytes()) >= acknowledged
            await server.start()
            await until(lambda low=acknowledged: number_in(service.notebooks.get("a.ipynb")) >= low)
        assert list(service.notebooks) == ["a.ipynb"], "a kill makes no conflict with ourselves"


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


async def test_sigterm_sends_what_is_left(servers) -> None:
    async with WorkspaceThatIsDown() as service:
        server = servers(service)
        await server.start()
        await server.save("a.ipynb", "last words")
        await service.start()
        assert await server.terminate() == 0
        assert text_of(service.notebooks["a.ipynb"]) == "last words"


def test_the_flush_and_the_end_of_kernels_fit_into_the_grace_of_a_stop() -> None:
    from terraspawner_environment.application import EnvironmentExtension  # noqa: PLC0415 - as the other imports of it

    kernels = re.search(r"shutdown_wait_time = ([\d.]+)", IMAGE_CONFIG.read_text())
    assert kernels is not None
    assert EnvironmentExtension.flush_seconds.default_value + float(kernels.group(1)) <= Settings().stop_timeout / 2


async def test_sigterm_with_the_service_down_keeps_the_work(servers) -> None:
    async with WorkspaceThatIsDown() as service:
        server = servers(service, flush_seconds=0.5)
        await server.start()
        await server.save("a.ipynb", "last words")
        assert await server.terminate() == 0
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
