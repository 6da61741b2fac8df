"""A start under way: its steps by REST and on the pages, and its cancellation, wherever it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from terraspawner.domain.start import StepName, Steps, begun, ended, waiting_words
from terraspawner.operations import environments
from terraspawner.operations.environments import Ticket
from tests.web.hubs import until
from tests.web.sites import CALM, PREFIX, Site, opened

pytestmark = pytest.mark.feature("C12")
HERE = "workspaces/ana/alpha/environment"


def noted(site: Site, ticket: Ticket, steps: Steps) -> None:
    here = ticket.environment
    environments.note_steps(site.context, here.id, here.start_number, steps)


def queued(site: Site, ahead: int = 2) -> Steps:
    now = site.context.now()
    return begun(ended(begun((), StepName.CHECK, now), now), StepName.QUEUE, now, waiting_words(ahead))


async def test_rest_tells_each_step_with_its_times(site: Site) -> None:
    ticket = site.admit(site.workspace())
    noted(site, ticket, queued(site))
    async with site.person() as ana:
        said = (await ana.get(HERE)).json()
    assert [(step["name"], step["message"]) for step in said["steps"]] == [
        ("check", "Checking your workspace"),
        ("queue", "Waiting for its turn: 2 other starts are before it"),
    ]
    assert said["steps"][0]["ended_at"] == said["steps"][1]["started_at"]
    assert said["steps"][1]["ended_at"] is None
    assert said["actions"] == ["cancel", "delete", "pause"]


async def test_card_and_opening_page_show_the_place_in_the_queue_and_a_way_out(site: Site) -> None:
    at = site.workspace()
    async with site.person() as person:
        await person.post("workspaces/ana/alpha/notebooks", json={"name": "first"})
        site.hub.may_finish.clear()
        await person.post(f"{HERE}/start")
    here = environments.by_slug(site.context, user="ana", slug=at.slug)
    assert here is not None
    environments.note_steps(site.context, here.id, here.start_number, queued(site, ahead=1))
    ana = await site.browser()
    card = (await ana.client.get(f"{PREFIX}/workspaces/ana/alpha/environment")).text
    assert "1 other start is before it" in card
    assert f'action="{PREFIX}/workspaces/ana/alpha/environment/cancel"' in card
    opening = await ana.submit(f"{PREFIX}/open/ana/alpha/notebooks/first.ipynb", htmx=True)
    assert "Cancel the start" in opening.text


async def test_a_start_is_cancelled_and_says_so(site: Site) -> None:
    at = site.workspace()
    site.hub.may_finish.clear()
    async with site.person() as ana:
        assert (await ana.post(f"{HERE}/start")).status_code == 202
        cancelled = await ana.post(f"{HERE}/cancel")
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "paused")
        assert cancelled.json()["reason"] == "The start was cancelled."
        assert cancelled.json()["actions"] == ["delete", "start"]
        # what was asked for before does not come back
        assert not site.parts.launches.is_under_way(("ana", at.slug))
        again = await ana.post(f"{HERE}/cancel")
        assert (again.status_code, again.json()["state"]) == (200, "paused")
        site.hub.may_finish.set()
        assert (await ana.post(f"{HERE}/start")).json()["state"] == "running"


async def test_a_start_that_still_waits_for_the_last_stop_is_cancelled_too(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=replace(CALM, ask=0.05)) as site:
        at = site.workspace()
        key = ("ana", at.slug)
        here = site.running(at).environment
        environments.stopped(site.context, here.id, here.start_number)
        site.hub.servers[key] = {"ready": False, "pending": "stop"}
        async with site.person() as ana:
            asked = await ana.post(f"{HERE}/start")
            assert (asked.status_code, asked.json()["is_start_requested"]) == (202, True)
            assert asked.json()["actions"] == ["cancel", "delete", "start"]
            cancelled = (await ana.post(f"{HERE}/cancel")).json()
        assert (cancelled["state"], cancelled["is_start_requested"]) == ("paused", False)
        await until(lambda: not site.parts.launches.is_under_way(key), "it is no longer asked for")
        assert site.state(at) == "paused"


async def test_a_start_that_is_asked_for_before_the_hub_tells_that_the_last_one_failed_is_another(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, pace=replace(CALM, ask=0.05)) as site:
        at = site.workspace()
        site.hub.failure = ("The startup script ended with exit code 7.", "")
        site.hub.may_tell.clear()
        async with site.person() as ana:
            assert (await ana.post(f"{HERE}/start")).status_code == 202
            await until(lambda: site.state(at) == "paused", "it has failed")
            site.hub.failure = None
            again = await ana.post(f"{HERE}/start")
            assert (again.status_code, again.json()["is_start_requested"]) == (202, True)
            site.hub.may_tell.set()
            await until(lambda: site.state(at) == "running", "the second start is up")
            assert (await ana.post(f"{HERE}/start")).json()["state"] == "running"


async def test_cancelling_what_does_not_start_says_how_it_is(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        nothing = await ana.post(f"{HERE}/cancel")
        assert (nothing.status_code, nothing.json()["error"]["code"]) == (404, "environment-not-found")
        site.running(at)
        runs = await ana.post(f"{HERE}/cancel")
    assert (runs.status_code, runs.json()["error"]["code"]) == (409, "wrong-state")
    assert runs.json()["error"]["details"] == {"state": "running"}
    assert site.state(at) == "running"


async def test_another_person_cancels_nothing(site: Site) -> None:
    at = site.workspace()
    site.admit(at)
    async with site.person("ben") as ben:
        assert (await ben.post(f"{HERE}/cancel")).status_code == 404
    assert site.state(at) == "creating"


async def test_the_button_on_the_opening_page_leads_back_to_the_workspace(site: Site) -> None:
    site.workspace()
    site.hub.may_finish.clear()
    async with site.person() as person:
        await person.post(f"{HERE}/start")
    ana = await site.browser()
    answer = await ana.submit(f"{PREFIX}/workspaces/ana/alpha/environment/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PREFIX}/workspaces/ana/alpha")
    page = (await ana.client.get(answer.headers["location"])).text
    assert "The start was cancelled." in page
