"""REST: look, start, pause, delete; disks."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from terraspawner.operations import environments
from tests.web.hubs import serving, until
from tests.web.sites import API, CALM, Site, opened

HERE = "workspaces/ana/alpha/environment"


async def test_before_there_is_one_its_price_and_size_are_known(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        said = (await ana.get(HERE)).json()
    assert (said["state"], said["id"], said["disk"], said["actions"]) == ("none", None, None, ["start"])
    assert said["prices"] == {
        "running_per_hour": 0.06,
        "frozen_per_hour": 0.02,
        "paused_per_hour": 0.0,
        "disk_per_month": 2.0,
        "now_per_hour": 0.0,
    }
    assert said["size"] == {"name": "standard", "title": "Standard", "cpu": 1.0, "memory": 2048 * 1024**2}


async def test_an_environment_starts_pauses_and_resumes(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        started = await ana.post(f"{HERE}/start")
        assert (started.status_code, started.json()["state"]) == (200, "running")
        assert started.json()["url"] == f"/user/ana/{at.slug}/"
        assert started.json()["actions"] == ["delete", "freeze", "pause"]
        again = await ana.post(f"{HERE}/start")
        assert (again.status_code, again.json()["state"]) == (200, "running")
        paused = await ana.post(f"{HERE}/pause")
        assert (paused.status_code, paused.json()["state"]) == (200, "paused")
        assert paused.json()["id"] == started.json()["id"]
        assert (await ana.post(f"{HERE}/pause")).status_code == 200
        assert (await ana.post(f"{HERE}/start")).json()["state"] == "running"
        (listed,) = (await ana.get("environments")).json()["items"]
    assert listed["workspace"]["name"] == "alpha"


async def test_a_slow_start_is_answered_before_it_is_done(site: Site) -> None:
    at = site.workspace()
    site.hub.may_finish.clear()
    async with site.person() as ana:
        first, second = await asyncio.gather(ana.post(f"{HERE}/start"), ana.post(f"{HERE}/start"))
        assert {first.status_code, second.status_code} == {202}
        assert first.json()["state"] == "creating"
        site.hub.may_finish.set()
        await until(lambda: site.state(at) == "running", "it runs")


async def test_a_refused_start_says_the_hubs_sentence(site: Site) -> None:
    site.workspace()
    site.hub.refusal = (403, "The network of the environments is not closed.")
    async with site.person() as ana:
        refused = await ana.post(f"{HERE}/start")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "start-failed")
        assert "not closed" in refused.json()["error"]["message"]
        said = (await ana.get(HERE)).json()
    assert said["state"] == "none"
    assert "not closed" in said["reason"]


async def test_too_many_starts_at_once_are_429(site: Site) -> None:
    site.workspace()
    site.hub.refusal = (429, "Too many users are starting. Try again in 30 seconds.")
    async with site.person() as ana:
        refused = await ana.post(f"{HERE}/start")
    assert refused.status_code == 429
    assert refused.headers["retry-after"]


async def test_a_failed_start_leaves_its_reason_and_log(tmp_path: Path) -> None:
    # the Hub's answer is waited for, however long this machine takes
    async with opened(tmp_path, pace=replace(CALM, ask=60)) as site, site.person() as ana:
        site.workspace()
        site.hub.failure = ("The environment ran out of memory.", "one\ntwo\nKilled")
        assert (await ana.post(f"{HERE}/start")).status_code == 503
        said = (await ana.get(HERE)).json()
        assert said["state"] == "paused"
        assert said["reason"] == "The environment ran out of memory."
        assert said["log"] == ["one", "two", "Killed"]
        assert (await ana.get(f"{HERE}/log?lines=2")).json() == {"lines": ["two", "Killed"]}
        site.hub.failure = None
        assert (await ana.post(f"{HERE}/start")).json()["reason"] == ""


async def test_a_start_waits_for_a_stop_that_is_under_way(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=replace(CALM, ask=0.05)) as site, site.person() as ana:
        at = site.workspace()
        site.hub.servers[("ana", at.slug)] = {"ready": False, "pending": "stop"}
        asked = await ana.post(f"{HERE}/start")
        assert (asked.status_code, asked.json()["is_start_requested"]) == (202, True)
        site.hub.servers[("ana", at.slug)]["pending"] = None
        await until(lambda: site.state(at) == "running", "it runs")


async def test_what_is_not_there_is_not_paused_and_not_deleted(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        for answer in (await ana.post(f"{HERE}/pause"), await ana.delete(HERE)):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "environment-not-found")


async def test_what_runs_is_what_the_environment_says(site: Site) -> None:
    ticket = site.running(site.workspace())
    kernel = {"id": "k1", "path": "alpha/edit/a.ipynb", "state": "busy", "last_activity": "2026-11-20T12:00:00Z"}
    async with site.person() as ana, site.environment(ticket.key) as inside:
        said = await inside.post("environments/self/activity", json={"kernels": [kernel], "terminals": 1})
        assert said.status_code == 200
        assert (await ana.get(HERE)).json()["kernels"] == [kernel]
        who = (await inside.get("environments/self")).json()
    assert who == {
        "id": ticket.environment.id,
        "state": "running",
        "user": "ana",
        "workspace": {"namespace": "ana", "name": "alpha", "slug": ticket.workspace.slug},
        "role": "owner",
    }


GIB = 1024**3
KILL = {"at": "2026-11-20T12:00:00Z", "what": "kernel", "path": "alpha/edit/a.ipynb"}
SHORT = {"limit": 2 * GIB, "used": GIB, "kills": 1, "last_kill": KILL}


async def test_a_kernel_without_a_notebook_is_told_too(site: Site) -> None:
    key = site.running(site.workspace()).key
    kernel = {"id": "k", "path": None, "state": "idle", "last_activity": None}
    async with site.environment(key) as inside, site.person() as ana:
        said = await inside.post("environments/self/activity", json={"kernels": [kernel], "terminals": 0})
        assert said.status_code == 200, said.text
        assert [shown["path"] for shown in (await ana.get(HERE)).json()["kernels"]] == [""]


async def test_memory_is_what_the_environment_says_and_forgotten_when_it_says_nothing(site: Site) -> None:
    ticket = site.running(site.workspace())
    async with site.person() as ana, site.environment(ticket.key) as inside:
        assert (await ana.get(HERE)).json()["memory"] is None
        said = await inside.post("environments/self/activity", json={"kernels": [], "memory": SHORT})
        assert said.status_code == 200, said.text
        assert (await ana.get(HERE)).json()["memory"] == SHORT
        await inside.post("environments/self/activity", json={"kernels": []})
        assert (await ana.get(HERE)).json()["memory"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": -1},
        {"used": 2**53 + 1},
        {"used": "much"},
        {"kills": 10**9},
        {"last_kill": {**KILL, "what": "<script>"}},
        {"last_kill": {**KILL, "path": "a" * 2001}},
        {"last_kill": {**KILL, "at": "0001-01-01T00:00:00+14:00"}},
        {"last_kill": {**KILL, "at": "9999-12-31T23:59:59-14:00"}},
        {"last_kill": {**KILL, "at": "2026-11-20T12:00:00"}},
        {"last_kill": {**KILL, "at": 1e300}},
    ],
)
async def test_a_claim_about_memory_is_bounded(site: Site, wrong: dict[str, object]) -> None:
    ticket = site.running(site.workspace())
    async with site.person() as ana, site.environment(ticket.key) as inside:
        said = await inside.post("environments/self/activity", json={"kernels": [], "memory": {**SHORT, **wrong}})
        assert (said.status_code, said.json()["error"]["code"]) == (400, "malformed")
        assert (await ana.get(HERE)).json()["memory"] is None


async def test_opening_a_notebook_starts_what_is_needed(site: Site) -> None:
    at = site.workspace()
    notebooks = "workspaces/ana/alpha/notebooks"
    async with site.person() as ana:
        await ana.post(notebooks, json={"name": "deep/first look"})
        url = f"{notebooks}/deep/first look.ipynb/open"
        missing = await ana.post(f"{notebooks}/none.ipynb/open", json={"mode": "edit"})
        assert missing.status_code == 404
        assert site.state(at) == "none"
        opened_at = await ana.post(url, json={"mode": "edit"})
    assert opened_at.status_code == 200
    assert opened_at.json()["url"] == f"/user/ana/{at.slug}/lab/tree/alpha/edit/deep/first%20look.ipynb"
    assert opened_at.json()["environment"]["state"] == "running"


async def test_the_log_of_a_running_environment_comes_from_the_host(site: Site) -> None:
    ticket = site.running(site.workspace())
    async with site.person() as ana:
        assert (await ana.get(f"{HERE}/log")).json() == {"lines": [f"line of {ticket.environment.id}"]}


async def test_live_events_tell_each_change_and_end_when_the_membership_does(site: Site) -> None:
    at = site.workspace()
    headers = {"authorization": f"token {site.hub.token('ana')}"}
    async with (
        serving(site.app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=10) as client,
        client.stream("GET", f"{API}/{HERE}/events") as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = _events(stream)
        assert (await anext(events))[1]["state"] == "none"
        ticket = site.admit(at)
        assert (await anext(events))[1]["state"] == "creating"
        environments.started(site.context, ticket.environment.id, 1, "c")
        assert (await anext(events))[1]["state"] == "running"
        with site.context.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM workspace_member")
        event, body = await anext(events)
        assert (event, body["error"]["code"]) == ("error-told", "workspace-not-found")
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def test_a_quiet_stream_says_that_it_is_still_there(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=replace(CALM, keep_alive=0.02)) as site:
        site.workspace()
        headers = {"authorization": f"token {site.hub.token('ana')}"}
        async with (
            serving(site.app) as url,
            httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client,
            client.stream("GET", f"{API}/{HERE}/events") as stream,
        ):
            lines = stream.aiter_lines()
            assert await anext(lines) == "event: environment"
            while (line := await anext(lines)) != ": still here":
                assert not line.startswith("event: ")


async def test_a_stream_of_what_is_not_theirs_does_not_begin(site: Site) -> None:
    site.workspace()
    async with site.person("ben") as ben:
        assert (await ben.get(f"{HERE}/events")).status_code == 404


async def _events(stream: httpx.Response):  # type: ignore[no-untyped-def]
    event = ""
    async for line in stream.aiter_lines():
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield event, json.loads(line.removeprefix("data: "))


async def test_what_a_newer_image_says_besides_is_passed_over(site: Site) -> None:
    ticket = site.running(site.workspace())
    kernel = {"id": "k1", "path": "", "state": "starting", "last_activity": None, "executions": 3}
    async with site.person() as ana, site.environment(ticket.key) as inside:
        said = await inside.post("environments/self/activity", json={"kernels": [kernel], "terminals": 0, "gpu": 1})
        assert said.status_code == 200
        (shown,) = (await ana.get(HERE)).json()["kernels"]
    assert shown == {"id": "k1", "path": "", "state": "starting", "last_activity": ""}
