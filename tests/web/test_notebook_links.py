"""The link of a notebook: to what runs, through a start, and where there is nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from terraspawner.operations import environments, notebooks
from terraspawner.operations.notebooks import Place
from tests.web.hubs import until
from tests.web.sites import CALM, PREFIX, Site, opened

pytestmark = pytest.mark.slow

PAGE = f"{PREFIX}/workspaces/ana/alpha"

OPEN = f"{PREFIX}/open/ana/alpha/notebooks/deep/a.ipynb"


def with_notebook(site: Site):  # type: ignore[no-untyped-def]
    at = site.workspace()
    notebooks.create_notebook(site.context, Place(user="ana", namespace="ana", name="alpha", path="deep/a"), "python3")
    return at


async def test_a_link_to_a_running_environment_leads_straight_to_the_notebook(site: Site) -> None:
    at = with_notebook(site)
    site.running(at)
    answer = await (await site.browser()).client.get(OPEN)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/user/ana/{at.slug}/lab/tree/alpha/edit/deep/a.ipynb"


async def test_a_link_alone_starts_nothing_its_page_asks(site: Site) -> None:
    at = with_notebook(site)
    browser = await site.browser()
    page = await browser.client.get(OPEN)
    assert page.status_code == 200
    assert f'hx-post="{OPEN}"' in page.text
    assert site.hub.calls == []
    await browser.submit(OPEN, htmx=True)
    assert site.hub.calls == [("start", at.slug)]
    await until(lambda: site.state(at) == "running", "it runs")  # the form may be answered before
    assert (await browser.client.get(OPEN)).status_code == 303


async def test_a_link_resumes_what_is_paused_and_shows_how_it_goes(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=replace(CALM, stream=0.1, ask=0.05)) as site:
        at = with_notebook(site)
        ticket = site.running(at)
        environments.stopped(site.context, ticket.environment.id, 1)
        site.hub.servers.clear()
        site.hub.may_finish.clear()
        browser = await site.browser()
        asked = await browser.submit(OPEN, htmx=True)
        follow = re.search(r'sse-connect="([^"]+)"', asked.text)
        assert follow
        await until(lambda: site.state(at) == "starting", "it starts")
        assert "Starting your environment" in (await browser.client.get(follow.group(1))).text
        site.hub.may_finish.set()
        await until(lambda: site.state(at) == "running", "it runs")
        assert (
            f'href="/user/ana/{at.slug}/lab/tree/alpha/edit/deep/a.ipynb" data-go'
            in (await browser.client.get(follow.group(1))).text
        )


async def test_a_link_whose_start_fails_says_why_and_leads_back(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=replace(CALM, stream=0.1, ask=0.05)) as site:
        with_notebook(site)
        site.hub.may_finish.clear()
        site.hub.failure = ("The image is not on this machine.", "last line")
        browser = await site.browser()
        asked = await browser.submit(OPEN, htmx=True)
        follow = re.search(r'sse-connect="([^"]+)"', asked.text)
        assert follow
        site.hub.may_finish.set()
        text = (await browser.client.get(follow.group(1))).text
    assert "The image is not on this machine." in text
    assert "last line" in text
    assert f'href="{PAGE}"' in text
    assert "data-go" not in text


@pytest.mark.parametrize("path", ["none.ipynb", "none.ipynb/live", "..%2f..%2fx.ipynb", "a.txt"])
async def test_a_link_to_what_is_not_there_starts_nothing(site: Site, path: str) -> None:
    with_notebook(site)
    browser = await site.browser()
    base = f"{PREFIX}/open/ana/alpha/notebooks"
    posted: httpx.Response = await browser.submit(f"{base}/{path.removesuffix('/live')}", htmx=True)
    assert posted.status_code in (404, 422)
    assert site.hub.calls == []


@pytest.mark.feature("C16")
async def test_a_terminal_opens_where_it_runs_and_asks_for_a_start_where_not(site: Site) -> None:
    at = site.workspace()
    terminal = f"{PREFIX}/open/ana/alpha/terminal"
    browser = await site.browser()
    page = await browser.client.get(terminal)
    assert "Opening a terminal" in page.text
    assert site.hub.calls == []
    asked = await browser.submit(terminal, htmx=True)
    assert site.hub.calls == [("start", at.slug)]
    assert "terminal" in asked.text
    await until(lambda: site.state(at) == "running", "it runs")  # the form may be answered before
    answer = await browser.client.get(terminal)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/user/ana/{at.slug}/lab?terminal")
    assert f'href="{terminal}"' in (await browser.client.get(PAGE)).text
    assert (await (await site.browser("ben")).client.get(terminal)).status_code == 404
