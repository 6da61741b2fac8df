"""What stops environments, over REST: facts, decisions, what is told of the next stop, and keep-alive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import builders
from culler.client import Outcome, Service
from culler.decision import decide
from culler.facts import Facts
from terraspawner.operations import environments
from tests.web.sites import API, CALM, Site, opened

pytestmark = pytest.mark.slow
ANA = "workspaces/ana/alpha/environment"


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: builders.Clock) -> AsyncIterator[Site]:
    # the clock is moved between two heartbeats, which would be an outage
    async with opened(tmp_path, clock=clock, pace=replace(CALM, beat=3600)) as made:
        yield made


def culler(site: Site) -> httpx.AsyncClient:
    token = site.hub.token("culler", kind="service", scopes=())
    client = site.client(authorization=f"token {token}")
    client.base_url = httpx.URL(f"http://terra.test{API}/")
    return client


async def due(client: httpx.AsyncClient) -> list[Facts]:
    answer = await client.get("environments/facts", params={"due": "true"})
    assert answer.status_code == 200, answer.text
    return [Facts.from_json(each) for each in answer.json()["items"]]


async def report(site: Site, key: str, **said: Any) -> Any:
    async with site.environment(key) as inside:
        answer = await inside.post("environments/self/activity", json={"kernels": [], **said})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def live(site: Site, clock: builders.Clock, key: str, minutes: int, **said: Any) -> None:
    """Let time go by in which the environment says the same, and the culler looks."""
    async with culler(site) as service:
        for _ in range(minutes):
            clock.move(minutes=1)
            await report(site, key, **said)
            await due(service)


def decided(facts: Facts) -> dict[str, Any]:
    return {"revision": facts.revision, "decision": decide(facts, facts.policy, facts.now).as_json()}


async def test_what_is_idle_is_frozen_by_the_road_of_the_buttons_and_says_why(
    site: Site, clock: builders.Clock
) -> None:
    at = site.workspace()
    key = site.running(at).key
    await live(site, clock, key, 30)
    async with culler(site) as service, site.person() as ana:
        facts = (await due(service))[0]
        taken = await service.post(f"environments/{facts.id}/decisions", json=decided(facts))
        assert (taken.status_code, taken.json()["decision"]["act"]) == (200, "freeze")
        assert site.state(at) == "frozen"
        told = (await ana.get(ANA)).json()
        assert "30 min" in told["reason"]
        records = (await ana.get(f"{ANA}/decisions")).json()["items"]
        assert [each["decision"]["why"] for each in records] == [told["reason"]]
        again = await service.post(f"environments/{facts.id}/decisions", json=decided(facts))
        assert (again.status_code, again.json()["error"]["code"]) == (409, "facts-moved-on")
        assert again.json()["error"]["details"]["decision"]["act"] == "keep"


async def test_a_frozen_one_is_paused_after_its_time_and_says_why(site: Site, clock: builders.Clock) -> None:
    at = site.workspace()
    site.running(at)
    async with site.person() as ana, culler(site) as service:
        await ana.post(f"{ANA}/pause", json={"freeze": True})
        for _ in range(30):
            assert await due(service) == []
            clock.move(minutes=4)
        facts = (await due(service))[0]
        assert (await service.post(f"environments/{facts.id}/decisions", json=decided(facts))).status_code == 200
        told = (await ana.get(ANA)).json()
        assert (told["state"], "Frozen for 2 h" in told["reason"]) == ("paused", True)


async def test_the_cullers_own_client_is_understood(site: Site, clock: builders.Clock) -> None:
    key = site.running(site.workspace()).key
    await live(site, clock, key, 30)
    service = Service("http://terra.test/", "none")
    await service.close()
    service._client = culler(site)
    listed = [each async for each in service.facts(due=True)]
    facts = listed[0].facts
    assert facts is not None
    decision = decide(facts, facts.policy, facts.now)
    assert (await service.act_on(facts, decision)).outcome is Outcome.DONE
    assert (await service.act_on(facts, decision)).outcome is Outcome.MOVED_ON
    records = [each async for each in service.records()]
    assert [Facts.from_json(each["facts"]) for each in records] == [facts]
    await service.close()


async def test_the_next_stop_is_told_with_its_reason(site: Site, clock: builders.Clock) -> None:
    at = site.workspace()
    key = site.running(at).key
    async with culler(site) as service, site.person() as ana:
        await due(service)
        clock.move(minutes=2)
        busy = {"kernels": [{"id": "k", "path": "edit/train.ipynb", "state": "busy"}], "human": 15.5}
        answer = await report(site, key, **busy)
        assert (answer["next_stop"]["name"], answer["warn"]) == ("busy-too-long", [600, 300, 60])
        told = (await ana.get(ANA)).json()["next_stop"]
        assert (told["act"], told["name"], told["is_carried_out"]) == ("keep", "busy-too-long", True)
        assert [each["what"] for each in told["work"]] == ["edit/train.ipynb"]
        assert told["deadlines"][0]["act"] == "pause"
        environments.begin_pause(site.context, told_id := (await ana.get(ANA)).json()["id"])
        environments.stopped(site.context, told_id, 1)
        paused = (await ana.get(ANA)).json()["next_stop"]
        assert (paused["name"], paused["work"]) == ("dormant", [])


async def test_no_stop_is_promised_that_nobody_carries_out(site: Site, clock: builders.Clock) -> None:
    key = site.running(site.workspace()).key
    assert (await report(site, key))["next_stop"] is None
    async with site.person() as ana:
        assert (await ana.get(ANA)).json()["next_stop"]["is_carried_out"] is False


async def test_older_images_report_as_they_did(site: Site) -> None:
    key = site.running(site.workspace()).key
    answer = await report(site, key, terminals=2, memory=None, mood="good")
    assert (answer["next_stop"], answer["warn"]) == (None, [])


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"human": -1}, 400),
        ({"human": 1e300}, 400),
        ({"human": "now"}, 400),
        ({"jobs": [{"kind": "terminal", "what": "x", "pid": 0}]}, 400),
        ({"jobs": [{"kind": "terminal", "what": "x", "pid": 5}] * 201}, 400),
        ({"jobs": [{"kind": "terminal", "what": "\x00\n<b>", "pid": 5, "seconds": 61}]}, 200),
    ],
)
async def test_a_forged_report_is_refused_or_harmless(site: Site, said: dict[str, Any], status: int) -> None:
    key = site.running(site.workspace()).key
    async with site.environment(key) as inside:
        answer = await inside.post("environments/self/activity", json={"kernels": [], **said})
    assert answer.status_code == status, answer.text


async def test_a_person_keeps_it_alive_and_takes_it_back(site: Site, clock: builders.Clock) -> None:
    key = site.running(site.workspace()).key
    await report(site, key)
    async with site.person() as ana:
        kept = await ana.post(f"{ANA}/keep-alive", json={"seconds": 3600})
        until = (clock.now + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
        assert kept.json()["next_stop"]["keep_alive"] == {"until": until, "pid": None}
        assert (await ana.delete(f"{ANA}/keep-alive")).json()["next_stop"]["keep_alive"] is None
        for wrong, status in (
            ({}, 400),
            ({"seconds": 60, "pid": 1}, 400),
            ({"seconds": 10**6}, 422),
            ({"pid": 5}, 422),
        ):
            assert (await ana.post(f"{ANA}/keep-alive", json=wrong)).status_code == status
        await ana.post(f"{ANA}/pause")
        assert (await ana.post(f"{ANA}/keep-alive", json={"seconds": 3600})).status_code == 409


async def test_jupyterlab_keeps_it_alive_while_a_process_works(site: Site, clock: builders.Clock) -> None:
    key = site.running(site.workspace()).key
    async with site.environment(key) as inside, site.person() as ana:
        await report(site, key, jobs=[{"kind": "terminal", "what": "python train.py", "pid": 7, "seconds": 3}])
        assert (await inside.post("environments/self/keep-alive", json={"pid": 7})).status_code == 204
        assert (await ana.get(ANA)).json()["next_stop"]["keep_alive"] == {"until": None, "pid": 7}
        await report(site, key)
        assert (await ana.get(ANA)).json()["next_stop"]["keep_alive"] is None


async def test_nobody_but_the_culler_decides(site: Site) -> None:
    site.running(site.workspace())
    async with site.person("operator") as operator, site.person() as ana, culler(site) as service:
        facts = Facts.from_json((await service.get("environments/facts")).json()["items"][0])
        for who in (ana, operator):
            assert (await who.get("environments/facts")).status_code == 403
            refused = await who.post(f"environments/{facts.id}/decisions", json=decided(facts))
            assert refused.status_code == 403
        assert (await operator.get("decisions")).json()["items"] == []
        assert (await ana.get("decisions")).status_code == 403
        assert (await service.get("whoami")).status_code == 403
        forged = {**decided(facts), "decision": {**decided(facts)["decision"], "act": "pause", "name": "idle"}}
        assert (await service.post(f"environments/{facts.id}/decisions", json=forged)).status_code == 409
        assert (await service.post(f"environments/{'0' * 16}/decisions", json=forged)).status_code == 404
        assert (await service.get("decisions", params={"cursor": "x"})).status_code == 422


async def test_who_opens_what_runs_already_is_there(site: Site, clock: builders.Clock) -> None:
    at = site.workspace()
    key = site.running(at).key
    async with site.person() as ana, culler(site) as service:
        clock.move(minutes=1)
        await report(site, key)
        page = site.client(authorization=f"token {site.hub.page_token('ana', at.slug)}")
        await page.post(f"{API}/{ANA}/start")  # a script in it may ask for that: nobody came
        assert (await service.get("environments/facts")).json()["items"][0]["human_at"] == "2026-11-20T12:00:00Z"
        await ana.post(f"{ANA}/start")
        assert (await service.get("environments/facts")).json()["items"][0]["human_at"] == "2026-11-20T12:01:00Z"
