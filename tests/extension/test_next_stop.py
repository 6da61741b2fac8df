"""What Lab says of a person and is told of the next stop: a real Jupyter server, real kernels and terminals."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("jupyter_server")

from extension.conftest import until
from extension.pages import Lab, cell, notebook
from extension.servers import JupyterServer
from extension.services import WORKSPACE, WorkspaceThatAnswers

EDIT = f"{WORKSPACE}/edit/a.ipynb"


def stop_in(seconds: float) -> dict[str, Any]:
    """What the service says of an idle one."""
    at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    idle = {"name": "idle", "at": at, "act": "freeze", "why": "Nobody typed.", "waits": False}
    return {"next_stop": {**idle, "act": "keep", "deadlines": [idle], "guards": []}, "warn": [600, 300, 60]}


@asynccontextmanager
async def running(servers: Any, service: WorkspaceThatAnswers) -> AsyncIterator[tuple[JupyterServer, Lab]]:
    server = servers(service)
    await server.start()
    async with Lab(server) as lab:
        await until(lambda: bool(service.activity), seconds=20)
        yield server, lab


async def refusal(lab: Lab, path: str, body: object) -> tuple[int, str]:
    async with lab.http.post(f"{lab.base}/terraspawner/api/{path}", json=body) as answer:
        return answer.status, (await answer.json())["message"]


async def asked(lab: Lab, what: str, body: object = None) -> dict[str, Any]:
    said: dict[str, Any] = await lab.ask("POST" if body else "GET", f"terraspawner/api/{what}", body)
    return said


@pytest.mark.slow
@pytest.mark.feature("G3", "G8", "G9")
async def test_a_person_is_reported_and_what_comes_next_is_told(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service, running(servers, service) as (_, lab):
        assert service.activity[0]["human"] is None
        assert (await asked(lab, "next-stop"))["next_stop"] is None  # an older service says nothing
        await asked(lab, "human", {"ago": 2})

        service.answer = stop_in(5000)
        assert (await asked(lab, "keep-alive", {"seconds": 3600}))["next_stop"]["act"] == "freeze"
        assert service.kept_alive == [{"seconds": 3600}]
        assert service.activity[-1]["human"] >= 2
        assert await refusal(lab, "keep-alive", {"seconds": 86400}) == (
            409, "An environment is kept alive for at most 43200 s at a time.",
        )  # fmt: skip

        service.answer = stop_in(200)
        await asked(lab, "keep-alive", {"seconds": 3600})
        service.answer = stop_in(1800)
        reports = len(service.activity)
        shown = await asked(lab, "human", {"ago": 0})  # a stop is near: it is told at once
        assert len(service.activity) > reports
        assert service.activity[-1]["human"] < 2
        assert shown["next_stop"]["name"] == "idle"
        assert 1700 < shown["next_stop"]["seconds"] <= 1801
        assert (shown["is_known"], shown["warn"], shown["cells"]) == (True, [600, 300, 60], [])


@pytest.mark.slow
@pytest.mark.feature("G8")
async def test_it_is_kept_alive_while_a_cell_runs_and_no_longer(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service, running(servers, service) as (server, lab):
        service.answer = stop_in(200)
        gate = server.home / "gate"
        await lab.save(EDIT, notebook(cell("c1", "")))
        page = await lab.page(EDIT)
        ran = await page.run("c1", f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)")
        await page.hear(ran, state="busy")
        shown = await asked(lab, "next-stop")
        assert [each["name"] for each in shown["cells"]] == ["a.ipynb"]
        await asked(lab, "keep-alive", {"kernel": page.kernel})
        (job,) = [job for job in service.activity[-1]["jobs"] if job["what"] == "the cell in a.ipynb"]
        assert service.kept_alive == [{"pid": job["pid"]}]
        gate.touch()
        await until(lambda: job["pid"] not in [each["pid"] for each in service.activity[-1]["jobs"]], seconds=20)
        assert await refusal(lab, "keep-alive", {"kernel": page.kernel}) == (409, "No cell runs there any more.")
        await page.close()


@pytest.mark.slow
async def test_what_is_no_beat_and_no_wish_is_refused_and_a_silent_service_is_told_of(servers: Any) -> None:
    beats: list[object] = [{"ago": ago} for ago in (-1, 3601, "1", True, None, float("nan"))]
    wishes: list[object] = [{"seconds": 0}, {"seconds": "3600"}, {"pid": "1"}, {"kernel": 3}, {"for": "ever"}]
    async with WorkspaceThatAnswers() as service, running(servers, service) as (_, lab):
        for path, bodies in (("human", [*beats, [1]]), ("keep-alive", [*wishes, [1]])):
            for body in bodies:
                assert (await refusal(lab, path, body))[0] == 400, (path, body)
        assert await refusal(lab, "keep-alive", {"pid": os.getpid()}) == (409, "That has ended meanwhile.")
        assert service.kept_alive == []
        async with lab.http.post(f"{lab.base}/terraspawner/api/human", headers={"Authorization": ""}) as answer:
            assert answer.status == 403
        service.answer = stop_in(200)
        await asked(lab, "keep-alive", {"seconds": 3600})
        await service.stop()
        status, sentence = await refusal(lab, "keep-alive", {"seconds": 3600})
        assert (status, "cannot be reached" in sentence) == (503, True)
        shown = await asked(lab, "human", {"ago": 0})
        assert (shown["is_known"], shown["next_stop"]["act"]) == (False, "freeze")
