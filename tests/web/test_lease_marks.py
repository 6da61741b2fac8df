"""The page of a workspace shows who edits which notebook, and its stream tells each change."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

import builders
from terraspawner.domain.access import Role
from terraspawner.domain.lease import LEASE, Claim, Editor
from terraspawner.domain.lease_requests import COUNTDOWN
from terraspawner.operations import leases, members, notebooks
from terraspawner.operations.notebooks import Place
from tests.web.hubs import serving
from tests.web.sites import PREFIX, Site, opened

pytestmark = pytest.mark.slow

PAGE = f"{PREFIX}/workspaces/ana/alpha"
PATH = "it's, (1)/a.ipynb"
BESIDE = f"{PAGE}?folder=it%27s%2C+%281%29"
BEN = Editor(user="ben", environment="", session="one")


def place(user: str) -> Place:
    return Place(user=user, namespace="ana", name="alpha", path=PATH)


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: builders.Clock) -> AsyncIterator[Site]:
    """ana's workspace with a notebook; ben is a writer."""
    async with opened(tmp_path, clock=clock) as made:
        made.workspace()
        members.put_member(made.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
        notebooks.create_notebook(made.context, place("ana"), "python3")
        yield made


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", markup)).split())


async def row(site: Site, user: str) -> str:
    """What the page says of the notebook, with its buttons."""
    text = (await (await site.browser(user)).client.get(PAGE, params={"folder": "it's, (1)"})).text
    name = r"it&#39;s, \(1\)/a\.ipynb"
    assert re.search(f'data-lease="{name}"', text)
    found = re.findall(f'data-lease-of="{name}">(.*?)</div>', text, re.DOTALL)
    assert len(found) <= 1
    return words("".join(found))


async def test_the_page_says_who_edits_and_until_when(site: Site, clock: builders.Clock) -> None:
    assert await row(site, "ana") == ""
    claim = Claim(editor=BEN, fence=leases.acquire(site.context, place("ben"), BEN).lease.fence)
    asks_and_takes = "Ask for it Take over…"
    said = "ben edits it until 20 Nov 2026, 12:01 UTC , longer while it is open"
    assert await row(site, "ana") == f"{said} {asks_and_takes}"
    assert (await row(site, "ben")).startswith("you edit it until")
    leases.ask(site.context, place("ana"))
    leases.take_over(site.context, place("ana"))
    assert (await row(site, "ben")).endswith("ana takes it over at 20 Nov 2026, 12:01 UTC . ana asks for it.")
    builders.pass_time(site.context, clock, COUNTDOWN.total_seconds())
    assert await row(site, "ben") == "reserved for ana until 20 Nov 2026, 12:03 UTC"
    assert (await row(site, "ana")).startswith("reserved for you")
    assert claim.fence == 1


@pytest.mark.feature("F11")
async def test_the_buttons_ask_and_take_over(site: Site, clock: builders.Clock) -> None:
    claim = Claim(editor=BEN, fence=leases.acquire(site.context, place("ben"), BEN).lease.fence)
    ana, ben = await site.browser("ana"), await site.browser("ben")
    acts = f"{PAGE}/notebooks/lease"
    assert (await ana.submit(f"{acts}/request", path=PATH)).headers["location"] == f"{BESIDE}&notice=lease-asked"
    assert (await row(site, "ana")).endswith("You have asked for it. Take over…")
    assert (await row(site, "ben")).endswith("ana asks for it.")
    leases.decline(site.context, place("ben"), claim, "ana")
    assert "ben declined to hand it over." in await row(site, "ana")
    for path, status in ((PATH, 422), ("no.ipynb", 409), ("../x.ipynb", 422)):
        assert (await ana.submit(f"{acts}/request", path=path)).status_code == status
    assert (await ben.submit(f"{acts}/takeover", path=PATH)).status_code == 403
    assert (await ana.submit(f"{acts}/takeover", path=PATH)).headers["location"] == f"{BESIDE}&notice=lease-taken"
    builders.pass_time(site.context, clock, COUNTDOWN.total_seconds())
    assert (await row(site, "ana")).startswith("reserved for you")


@pytest.mark.feature("E7")
async def test_what_another_person_edits_is_not_opened_and_nothing_is_started(site: Site) -> None:
    leases.acquire(site.context, place("ben"), BEN)
    ana = await site.browser("ana")
    link = f"{PREFIX}/open/ana/alpha/notebooks/{quote(PATH)}"
    told = await ana.client.get(link)
    assert told.status_code == 423
    assert "is being edited by ben" in html.unescape(told.text)
    for way in (
        f'href="{link.replace("/notebooks/", "/playground/")}"',
        'data-bs-target="#copy-notebook-dialog"',
        '<iframe id="preview"',
        f'action="{PAGE}/notebooks/lease/request"',
    ):
        assert way in told.text
    asked = await ana.submit(link)
    assert asked.status_code == 423
    async with site.person() as program:
        refused = await program.post(f"workspaces/ana/alpha/notebooks/{quote(PATH)}/open", json={})
        assert refused.json()["error"]["code"] == "lease-held"
        assert (await program.get("workspaces/ana/alpha/environment")).json()["state"] == "none"
    assert (await (await site.browser("ben")).client.get(link)).status_code == 200


async def test_what_somebody_edits_is_not_deleted_by_the_page_which_says_who(site: Site) -> None:
    leases.acquire(site.context, place("ben"), BEN)
    refused = await (await site.browser("ana")).submit(f"{PAGE}/notebooks/delete", path=PATH)
    assert refused.status_code == 423
    assert "is being edited by ben" in html.unescape(refused.text)
    assert notebooks.read_notebook(site.context, place("ana"))[1].path == PATH


async def test_what_ran_out_is_shown_as_free(site: Site, clock: builders.Clock) -> None:
    leases.acquire(site.context, place("ben"), BEN)
    builders.pass_time(site.context, clock, LEASE.total_seconds())
    assert await row(site, "ana") == ""


async def _leases_told(stream: httpx.Response) -> AsyncIterator[str]:
    event, data = "", []
    async for line in stream.aiter_lines():
        if line.startswith("event: "):
            event, data = line.removeprefix("event: "), []
        elif line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        elif not line and event == "leases":
            yield words("\n".join(data))


@pytest.mark.feature("F2")
async def test_the_stream_tells_who_edits_and_that_nobody_does_any_more(site: Site, clock: builders.Clock) -> None:
    headers = {"authorization": f"token {site.hub.token('ana')}"}
    async with (
        serving(site.app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client,
        client.stream("GET", f"{PAGE}/environment/live") as stream,
    ):
        told = _leases_told(stream)
        assert await anext(told) == ""
        claim = Claim(editor=BEN, fence=leases.acquire(site.context, place("ben"), BEN).lease.fence)
        assert (await anext(told)).startswith("ben edits it until")
        leases.release(site.context, place("ben"), claim)
        assert await anext(told) == ""
        leases.acquire(site.context, place("ben"), BEN)
        assert (await anext(told)).startswith("ben edits it until")
        members.remove_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben")
        assert await anext(told) == ""
