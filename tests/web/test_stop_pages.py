"""What will stop an environment, and what did, as its card says it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

import builders
from culler.facts import Facts
from tests.web.sites import CALM, PREFIX, Site, opened
from tests.web.test_stops import culler, decided, due, live, report

pytestmark = pytest.mark.slow
CARD = f"{PREFIX}/workspaces/ana/alpha/environment"


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: builders.Clock) -> AsyncIterator[Site]:
    # the clock is moved between two heartbeats, which would be an outage
    async with opened(tmp_path, clock=clock, pace=replace(CALM, beat=3600)) as made:
        yield made


async def shown(site: Site, user: str = "ana") -> str:
    """The part of the card that says what comes, as people read it."""
    browser = await site.browser(user)
    text = (await browser.client.get(CARD)).text
    found = re.search(r'id="next-stop">(.*?)</div>', text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""


async def looked(site: Site) -> list[Facts]:
    async with culler(site) as service:
        return await due(service)


async def test_the_card_says_when_it_is_frozen_and_why(site: Site, clock: builders.Clock) -> None:
    key = site.running(site.workspace()).key
    await looked(site)
    clock.move(minutes=2)
    await report(site, key, human=0)
    told = await shown(site)
    assert "Will be frozen at 20 Nov 2026, 12:32 UTC : 30 min after your last input at 20 Nov 2026, 12:02 UTC" in told


async def test_the_card_names_the_work_and_the_latest_end(site: Site, clock: builders.Clock) -> None:
    key = site.running(site.workspace()).key
    await looked(site)
    await report(site, key)
    clock.move(minutes=1)
    await report(site, key, kernels=[{"id": "k", "path": "edit/<b>a.ipynb", "state": "busy"}])
    told = await shown(site)
    assert "Will be paused at 21 Nov 2026, 12:01 UTC at the latest" in told
    assert "edit/&lt;b&gt;a.ipynb works since 20 Nov 2026, 12:01 UTC" in told


async def test_the_card_promises_nothing_that_nobody_carries_out(site: Site, clock: builders.Clock) -> None:
    key = site.running(site.workspace()).key
    await report(site, key)
    assert await shown(site) == ""
    await looked(site)
    assert "Will be frozen" in await shown(site)
    clock.move(minutes=6)
    await report(site, key)
    told = await shown(site)
    assert "Will be" not in told
    assert "not answering" in told
    async with site.client() as anybody:
        health = (await anybody.get(f"{PREFIX}/health")).json()
    assert (health["parts"]["culler"]["ok"], health["ready"]) == (False, True)


async def test_health_says_nothing_of_a_culler_that_never_was(site: Site) -> None:
    async with site.client() as anybody:
        assert "culler" not in (await anybody.get(f"{PREFIX}/health")).json()["parts"]


async def test_the_buttons_keep_it_alive_and_let_go(site: Site, clock: builders.Clock) -> None:
    key = site.running(site.workspace()).key
    await looked(site)
    assert await shown(site) == ""  # it has not said yet what it does
    await report(site, key)
    ana = await site.browser("ana")
    answer = await ana.submit(f"{CARD}/keep-alive", htmx=True, hours="4")
    assert (answer.status_code, "Kept alive until" in answer.text) == (200, True)
    assert "Will be frozen at 20 Nov 2026, 16:00 UTC : until then you keep it alive" in await shown(site)
    answer = await ana.submit(f"{CARD}/keep-alive/end", htmx=True)
    assert "Kept alive" not in answer.text
    refused = await ana.submit(f"{CARD}/keep-alive", htmx=True, hours="13")
    assert (refused.status_code, "12 h at a time" in refused.text) == (422, True)


async def test_a_deployment_can_have_no_keep_alive(tmp_path: Path, clock: builders.Clock) -> None:
    async with opened(tmp_path, clock=clock, keep_alive_most=0) as site:
        await looked(site)
        await report(site, site.running(site.workspace()).key)
        told = await shown(site)
        assert ("Will be frozen" in told, "Keep it alive" in told) == (True, False)


async def test_afterwards_the_card_says_why_also_when_it_runs_again(site: Site, clock: builders.Clock) -> None:
    at = site.workspace()
    key = site.running(at).key
    ana = await site.browser("ana")
    assert "Nothing has stopped it" in (await ana.client.get(f"{CARD}/decisions")).text
    await live(site, clock, key, 30)
    async with culler(site) as service:
        facts = (await due(service))[0]
        await service.post(f"environments/{facts.id}/decisions", json=decided(facts))
    why = decided(facts)["decision"]["why"]
    assert why in (await ana.client.get(CARD)).text
    await ana.submit(f"{CARD}/start", htmx=True)
    assert site.state(at) == "running"
    listed = (await ana.client.get(f"{CARD}/decisions")).text
    assert ("Frozen" in listed, why in listed) == (True, True)
