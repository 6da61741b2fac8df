"""A real Jupyter server on a real disk, killed with -9 in the middle of saves, and started again."""

from __future__ import annotations

import asyncio
import json
import random
import re
from pathlib import Path

import aiohttp
import pytest

pytest.importorskip("jupyter_server")

from extension.servers import TOKEN, JupyterServer
from extension.services import WORKSPACE, WorkspaceThatAnswers, WorkspaceThatIsDown
from terraspawner.settings import Settings

pytestmark = pytest.mark.slow  # each test starts a Jupyter server or more
IMAGES = Path(__file__).parents[2] / "images"
EXTENSION = IMAGES / "extension"
IMAGE_CONFIG = IMAGES / "python" / "etc" / "jupyter_server_config.py"


def text_of(content: bytes) -> str:
    return "".join(json.loads(content)["cells"][0]["source"])


def number_in(content: bytes | None) -> int:
    return int(text_of(content).split()[0]) if content else 0


async def until(condition, *, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is another process's
            await asyncio.sleep(0.05)


@pytest.mark.feature("F4", "F7")
@pytest.mark.parametrize("session", ["tab-a", None])
@pytest.mark.parametrize("rounds", [2, pytest.param(30, marks=pytest.mark.full)])
async def test_no_acknowledged_save_is_lost_and_none_is_torn_by_kill_9(
    servers, rounds: int, session: str | None
) -> None:
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
                status = await server.save("a.ipynb", f"{number} " + "x" * 2_000_000, session)
                if status not in (200, 201):
                    break
                acknowledged = number
            assert killer is not None, f"a save failed before the kill, with status {status}"
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
    ours = sum(
        trait.default_value
        for trait in (
            EnvironmentExtension.flush_seconds,
            EnvironmentExtension.report_seconds,
            EnvironmentExtension.release_seconds,
        )
    )
    assert ours + float(kernels.group(1)) <= Settings().stop_timeout / 2


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
        assert service.activity[0] == {"kernels": [], "terminals": 0, "human": None}
        assert service.outbox[0] == {"pending": []}
