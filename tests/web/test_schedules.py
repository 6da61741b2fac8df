"""Policies over REST, and the worker that acts on times of day: by the buttons' road, once, and in the rule's name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import builders
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import audit
from terraspawner.web.scheduler import Scheduler
from tests.web.hubs import until
from tests.web.sites import Site, opened

pytestmark = pytest.mark.slow

AT = "workspaces/ana/alpha"
FIVE = {"at": "17:00", "zone": "UTC", "days": ["mon", "tue", "wed", "thu", "fri"]}
STOP = {"policy": {"daily_stop": FIVE}}
START = {"policy": {"autostart": FIVE}}


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: builders.Clock) -> AsyncIterator[Site]:
    async with opened(tmp_path, clock=clock) as made:
        yield made


@pytest.fixture
def scheduler(site: Site) -> Scheduler:
    """The site's own looks every ten seconds; this one when the test says so."""
    made = Scheduler()
    made.attend(site.parts)
    return made


async def paused(site: Site, at: Workspace) -> None:
    site.running(at)
    async with site.person() as ana:
        await ana.post(f"{AT}/environment/pause")
        await until(lambda: site.state(at) == "paused", "it is paused")


def actors(site: Site, action: str) -> list[str]:
    found = audit.entries(site.context, user="ana", is_operator=True)
    return [each.actor for each in found if each.action == action]


@pytest.mark.feature("C19")
async def test_a_daily_stop_pauses_and_tells_why(site: Site, clock: builders.Clock, scheduler: Scheduler) -> None:
    at = site.workspace()
    site.running(at)
    async with site.person() as ana:
        told = (await ana.patch(f"{AT}/environment", json=STOP)).json()
        assert told["policy"]["daily_stop"] == {"value": {**FIVE, "force": False}, "level": "own", "note": ""}
        assert told["schedule"]["stops_at"] == "2026-11-20T17:00:00Z"
        assert told["schedule"]["said"] == ["Stops every weekday at 17:00 UTC, next: Fri 20 Nov 17:00."]
        await scheduler.look()
        assert ("stop", at.slug) not in site.hub.calls
        clock.move(hours=5, seconds=9)
        await scheduler.look()
        await until(lambda: site.state(at) == "paused", "it is paused")
        told = (await ana.get(f"{AT}/environment")).json()
        assert told["reason"] == "Paused by the daily stop at 17:00 UTC."
        assert told["schedule"]["stops_at"] == "2026-11-23T17:00:00Z"
        await asyncio.gather(*(scheduler.look() for _ in range(3)))
        assert actors(site, "environment-stopped") == ["(schedule)"]
        # who resumes it in the evening is let work
        await ana.post(f"{AT}/environment/start")
        await until(lambda: site.state(at) == "running", "it is resumed")
        await scheduler.look()
        assert site.state(at) == "running"


@pytest.mark.feature("C19")
async def test_an_autostart_starts_and_tells_what_did(site: Site, clock: builders.Clock, scheduler: Scheduler) -> None:
    at = site.workspace()
    await paused(site, at)
    async with site.person() as ana:
        assert (await ana.patch(f"{AT}/environment", json=START)).status_code == 200
        clock.move(hours=5, seconds=9)
        await asyncio.gather(*(scheduler.look() for _ in range(3)))
        await until(lambda: site.state(at) == "running", "it runs")
        assert site.hub.calls.count(("start", at.slug)) == 1
        told = (await ana.get(f"{AT}/environment")).json()
        assert told["started_by_rule"] == "Started by itself at 17:00 UTC."
        assert actors(site, "environment-start")[0] == "(schedule)"


async def test_an_autostart_is_asked_for_by_who_may_have_it_at_that_moment(
    site: Site, clock: builders.Clock, scheduler: Scheduler
) -> None:
    at = site.workspace()
    await paused(site, at)
    async with site.person("ana") as ana, site.person("ben") as ben:
        await ana.put(f"{AT}/members/ben", json={"role": "writer"})
        site.running(at, "ben")
        await ben.post(f"{AT}/environment/pause")
        await until(lambda: site.state(at, "ben") == "paused", "it is paused")
        await ben.patch(f"{AT}/environment", json=START)
        await ana.put(f"{AT}/members/ben", json={"role": "writer", "compute": False})
        clock.move(hours=5)
        await scheduler.look()
        assert ("start", at.slug) not in site.hub.calls
        assert actors(site, "environment-autostart-refused") == ["(schedule)"]
        assert site.state(at, "ben") == "paused"


async def test_a_hub_at_its_limit_is_asked_again_for_half_an_hour(
    site: Site, clock: builders.Clock, scheduler: Scheduler
) -> None:
    at = site.workspace()
    await paused(site, at)
    async with site.person() as ana:
        await ana.patch(f"{AT}/environment", json=START)
    site.hub.refusal = (429, "Too many users are starting")
    clock.move(hours=5)
    await scheduler.look()
    assert site.state(at) == "paused"
    site.hub.refusal = None
    clock.move(minutes=1)
    await scheduler.look()
    await until(lambda: site.state(at) == "running", "it runs")


async def test_the_default_of_a_workspace_is_its_owners_word(site: Site) -> None:
    site.running(site.workspace())
    async with site.person("ana") as ana, site.person("ben") as ben:
        told = (await ana.patch(AT, json=STOP)).json()
        assert told["policy"]["daily_stop"]["level"] == "workspace"
        assert told["title"] == ""
        await ana.put(f"{AT}/members/ben", json={"role": "writer"})
        assert (await ben.get(AT)).json()["policy"]["daily_stop"]["value"]["at"] == "17:00"
        assert (await ben.patch(AT, json=STOP)).status_code == 403
        here = (await ana.get(f"{AT}/environment")).json()
        assert "the workspace's default" in here["schedule"]["said"][0]
        here = (await ana.patch(f"{AT}/environment", json={"policy": {"daily_stop": "off"}})).json()
        assert here["policy"]["daily_stop"] == {"value": None, "level": "own", "note": ""}
        here = (await ana.patch(f"{AT}/environment", json={"policy": {"daily_stop": None}})).json()
        assert here["policy"]["daily_stop"]["level"] == "workspace"
        refused = await ana.patch(AT, json=START)
        assert refused.status_code in (400, 422)


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"idle": 1}, "policy.idle"),
        ({"idle": "off"}, "policy.idle"),
        ({"daily_stop": {**FIVE, "zone": "Berlin"}}, "policy.daily_stop.zone"),
        ({"daily_stop": {**FIVE, "at": "25:00"}}, "policy.daily_stop.at"),
        ({"daily_stop": {**FIVE, "days": []}}, "policy.daily_stop.days"),
        ({"quiet_hours": {"start": "22:00", "end": "22:00", "zone": "UTC"}}, "policy.quiet_hours"),
        ({"quiet_hours": {"start": "16:00", "end": "18:00", "zone": "UTC"}, "autostart": FIVE}, "policy.autostart"),
    ],
)
async def test_what_is_outside_is_refused_with_its_field(site: Site, policy: dict[str, object], field: str) -> None:
    site.running(site.workspace())
    async with site.person() as ana:
        answer = await ana.patch(f"{AT}/environment", json={"policy": policy})
        assert answer.status_code == 422
        assert answer.json()["error"]["details"]["field"] == field
        holds = (await ana.get(f"{AT}/environment")).json()["policy"]
        assert {holds[each]["level"] for each in ("idle", "daily_stop", "autostart")} == {"deployment"}


async def test_a_city_alone_is_answered_with_its_zone(site: Site) -> None:
    site.running(site.workspace())
    async with site.person() as ana:
        wrong = {"policy": {"daily_stop": {**FIVE, "zone": "Berlin"}}}
        error = (await ana.patch(f"{AT}/environment", json=wrong)).json()["error"]
        assert error["details"]["like"] == ["Europe/Berlin"]
        assert error["message"] == "There is no time zone 'Berlin'. Do you mean Europe/Berlin?"


async def test_the_dialog_says_what_is_saved_and_what_is_wrong(site: Site) -> None:
    site.running(site.workspace())
    browser = await site.browser()
    page = "/services/workspaces/workspaces/ana/alpha"
    url = f"{page}/environment/schedule"
    empty = (await browser.client.get(url)).text
    assert 'id="stop-none" value="none" checked' in empty
    assert 'name="zone" value="" data-own-zone' in empty
    form = {"zone": "Europe/Berlin", "stop": "own", "stop_at": "19:00", "start": "none", "quiet": "none"}
    days = {"stop_days": ["mon", "tue"]}
    wrong = await browser.submit(url, htmx=True, **form | {"zone": "Berlin"}, **days)  # type: ignore[arg-type]
    assert wrong.status_code == 422
    assert "Do you mean Europe/Berlin? Nothing was saved." in wrong.text
    assert 'value="Berlin"' in wrong.text
    saved = await browser.submit(url, htmx=True, **form, **days)  # type: ignore[arg-type]
    assert saved.status_code == 200
    said = "Stops every Monday and Tuesday at 19:00 Europe/Berlin, next: Mon 23 Nov 19:00."
    assert f"Saved. {said}" in " ".join(saved.text.split())
    assert said in (await browser.client.get(page)).text
    assert 'id="stop-own" value="own" checked' in (await browser.client.get(url)).text
    without_script = await browser.submit(url, **form | {"stop": "none"})
    assert without_script.status_code == 303
    assert "it runs until you pause it" in (await browser.client.get(page)).text


async def test_the_dialog_offers_what_the_workspace_says_and_its_person_may_say_otherwise(site: Site) -> None:
    site.running(site.workspace())
    browser = await site.browser()
    url = "/services/workspaces/workspaces/ana/alpha/environment/schedule"
    async with site.person() as ana:
        await ana.patch(AT, json=STOP)
        shown = (await browser.client.get(url)).text
        assert "The workspace&#39;s: every weekday at 17:00 UTC" in shown
        assert 'id="stop-default" value="default" checked' in shown
        for word, level, value in (("none", "own", None), ("default", "workspace", {**FIVE, "force": False})):
            await browser.submit(url, htmx=True, zone="UTC", stop=word)
            holds = (await ana.get(f"{AT}/environment")).json()["policy"]["daily_stop"]
            assert (holds["level"], holds["value"]) == (level, value)
