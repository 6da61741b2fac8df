"""The next stop as the real service tells it to a real Jupyter server, and a keep-alive that it grants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

pytest.importorskip("jupyter_server")

from extension.pages import Lab, cell, notebook
from extension.services import WORKSPACE
from extension.workspaces import WorkspaceAsItIs, workspace_as_it_is
from terraspawner.operations import stops

pytestmark = pytest.mark.slow
EDIT = f"{WORKSPACE}/edit/a.ipynb"
HERE = f"workspaces/ana/{WORKSPACE}/environment"
IDLE, HOUR = 1800, 3600


@pytest_asyncio.fixture
async def real(tmp_path: Path) -> AsyncIterator[WorkspaceAsItIs]:
    async with workspace_as_it_is(tmp_path) as workspace:
        yield workspace


async def asked(lab: Lab, what: str, body: object = None) -> dict[str, Any]:
    said: dict[str, Any] = await lab.ask("POST" if body else "GET", f"terraspawner/api/{what}", body)
    return said


async def kept_no_more(ana: httpx.AsyncClient) -> None:
    """Wait until the service has heard that what it was kept alive for has ended."""
    async with asyncio.timeout(30):
        while (await ana.get(HERE)).json()["next_stop"]["keep_alive"]:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.1)


@pytest.mark.feature("G2", "G8", "G9")
async def test_what_the_service_says_is_shown_and_what_a_person_wishes_is_granted(
    servers: Any, real: WorkspaceAsItIs
) -> None:
    server = servers(real)
    await server.start()
    async with Lab(server) as lab:
        assert (await asked(lab, "human", {"ago": 0}))["next_stop"] is None  # nobody would carry it out
        stops.watched(real.site.context, due=True)  # the culler is there
        shown = await asked(lab, "keep-alive", {"seconds": HOUR})
        stop = shown["next_stop"]
        assert (shown["is_known"], stop["act"], stop["name"], shown["warn"]) == (True, "freeze", "idle", [600, 300, 60])
        assert IDLE < stop["seconds"] <= HOUR
        assert any("kept alive until" in guard for guard in stop["guards"])

        gate = server.home / "gate"
        await lab.save(EDIT, notebook(cell("c1", "")))
        page = await lab.page(EDIT)
        ran = await page.run("c1", f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)")
        await page.hear(ran, state="busy")
        stop = (await asked(lab, "keep-alive", {"kernel": page.kernel}))["next_stop"]
        assert stop["name"] == "busy-too-long"
        async with real.person("ana") as ana:
            told = (await ana.get(HERE)).json()["next_stop"]
            assert told["keep_alive"]["pid"] in [work["pid"] for work in told["work"]]
            gate.touch()
            await kept_no_more(ana)
        await page.close()
