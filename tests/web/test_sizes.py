"""Sizes by REST and on the page: offered with prices, chosen before there is an environment, changed afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from terraspawner.operations import freezing
from tests.web.hosts import HostThatIsSilent, HostThatObeys
from tests.web.sites import PREFIX, Site, opened
from tests.web.test_images import running

pytestmark = pytest.mark.slow

HERE = "workspaces/ana/alpha/environment"
GIB = 1024**3
LARGE = {"name": "large", "title": "Large", "cpu": 2.0, "memory": 4 * GIB}


def host_of(site: Site) -> HostThatObeys:
    assert isinstance(site.parts.host, HostThatObeys)
    return site.parts.host


async def change(ana: httpx.AsyncClient, **wish: object) -> httpx.Response:
    return await ana.patch(HERE, json=wish)


@pytest.mark.feature("C9", "J1")
async def test_sizes_and_images_are_offered_with_their_prices(site: Site) -> None:
    async with site.person() as ana:
        sizes = (await ana.get("sizes")).json()["items"]
        images = (await ana.get("images")).json()["items"]
    assert [each["name"] for each in sizes] == ["standard", "large"]
    assert sizes[1] == LARGE | {"running_per_hour": 0.12, "frozen_per_hour": 0.04, "paused_per_hour": 0.0}
    assert [(each["name"], each["language"]) for each in images] == [("python", "python"), ("r", "r")]


@pytest.mark.feature("C9")
async def test_a_start_names_its_size(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await ana.post(f"{HERE}/start", json={"size": "large"})
        said = await running(site, ana)
        assert (said["size"], said["prices"]["running_per_hour"]) == (LARGE, 0.12)
        assert (await ana.post(f"{HERE}/start", json={"size": "large"})).status_code == 200
        other = await ana.post(f"{HERE}/start", json={"size": "standard"})
        assert (other.status_code, other.json()["error"]["code"]) == (409, "wrong-state")
        assert "PATCH" in other.json()["error"]["message"]
        await ana.post(f"{HERE}/pause")
        await ana.post(f"{HERE}/start", json={"size": "standard"})
        assert (await running(site, ana))["size"]["name"] == "standard"


@pytest.mark.feature("C9")
async def test_what_runs_is_given_its_size_before_it_costs_more(site: Site) -> None:
    at = site.workspace()
    here = site.running(at).environment
    async with site.person() as ana:
        said = await change(ana, size="large")
    assert (said.status_code, said.json()["state"], said.json()["size"]) == (200, "running", LARGE)
    assert said.json()["prices"]["now_per_hour"] == 0.12
    assert host_of(site).sizes == {here.id: (2.0, 4 * GIB)}


@pytest.mark.feature("C9")
async def test_what_is_frozen_too_and_what_is_paused_at_its_next_start(site: Site) -> None:
    at = site.workspace()
    here = site.running(at).environment
    freezing.begin(site.context, here.id)
    freezing.frozen(site.context, here.id, here.start_number, GIB)
    async with site.person() as ana:
        said = (await change(ana, size="large")).json()
        assert (said["state"], said["prices"]["now_per_hour"]) == ("frozen", 0.04)
        assert host_of(site).sizes == {here.id: (2.0, 4 * GIB)}
        await ana.post(f"{HERE}/pause")
        assert (await change(ana, size="standard")).json()["size"]["name"] == "standard"
    assert host_of(site).sizes == {here.id: (2.0, 4 * GIB)}


@pytest.mark.feature("C9")
async def test_a_size_that_is_too_small_for_what_runs_is_refused_with_the_numbers(site: Site) -> None:
    at = site.workspace()
    site.running(at)
    async with site.person() as ana:
        await change(ana, size="large")
        host_of(site).held = 3 * GIB
        refused = await change(ana, size="standard")
        said = (await ana.get(HERE)).json()
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (409, "memory-in-use")
    assert error["details"] == {"held": 3 * GIB, "memory": 2 * GIB}
    assert "holds 3 GB" in error["message"]
    assert "Standard has 2 GB" in error["message"]
    assert (said["size"], said["prices"]["now_per_hour"]) == (LARGE, 0.12)


async def test_nobody_pays_for_a_size_that_the_host_did_not_give(tmp_path: Path) -> None:
    async with opened(tmp_path, host=HostThatIsSilent()) as site:
        site.running(site.workspace())
        async with site.person() as ana:
            assert (await change(ana, size="large")).status_code == 503
            said = (await ana.get(HERE)).json()
    assert (said["size"]["name"], said["prices"]["now_per_hour"]) == ("standard", 0.06)


WRONG: list[tuple[dict[str, Any], int]] = [
    ({"size": "huge"}, 422),
    ({"size": "../large"}, 422),
    ({"size": "--memory=64g"}, 422),
    ({"size": ""}, 422),
    ({"size": 2}, 400),
    ({"size": {"cpu": 64}}, 400),
    ({"size": "large", "cpu": 64}, 400),
    ({}, 400),
]


async def test_a_size_that_there_is_not_changes_nothing(site: Site) -> None:
    site.running(site.workspace())
    async with site.person() as ana:
        for wish, status in WRONG:
            refused = await change(ana, **wish)
            assert refused.status_code == status, wish
            assert status == 400 or "standard, large" in refused.json()["error"]["message"]
        assert (await ana.get(HERE)).json()["size"]["name"] == "standard"
    assert host_of(site).sizes == {}


async def test_nobody_changes_the_size_of_what_is_not_there_or_not_his(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana, site.person("ben") as ben:
        assert (await change(ana, size="large")).status_code == 404
        site.running(at)
        assert (await change(ben, size="large")).status_code == 404
    assert host_of(site).sizes == {}


async def test_while_something_else_is_under_way_it_is_refused(site: Site) -> None:
    at = site.workspace()
    site.admit(at)
    async with site.person() as ana:
        refused = await change(ana, size="large")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wrong-state")
    assert "is creating" in refused.json()["error"]["message"]


@pytest.mark.feature("C9", "J1")
async def test_the_page_shows_the_price_of_each_size_before_and_the_dialog_what_a_change_does(site: Site) -> None:
    at = site.workspace()
    browser = await site.browser()
    page = (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
    assert "$0.12 an hour running, $0.04 frozen, $0.00 paused" in page
    assert "$2.00 a month" in page
    await browser.submit(f"{PREFIX}/{HERE}/start", htmx=True, size="large", image="python")
    async with site.person() as ana:
        await running(site, ana)
    card = (await browser.client.get(f"{PREFIX}/{HERE}")).text
    assert "Large: 2 CPU cores, 4 GB memory" in card
    page = (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
    assert 'id="size-dialog"' in page
    assert "Nothing is lost" in page
    smaller = await browser.submit(f"{PREFIX}/{HERE}/size", htmx=True, size="standard")
    assert "Standard: 1 CPU core, 2 GB memory" in smaller.text
    host_of(site).held = 3 * GIB
    await browser.submit(f"{PREFIX}/{HERE}/size", htmx=True, size="large")
    refused = await browser.submit(f"{PREFIX}/{HERE}/size", htmx=True, size="standard")
    assert refused.status_code == 409
    assert "Pause the environment, then change its size" in refused.text
    assert "Large: 2 CPU cores" in refused.text
    assert site.state(at) == "running"
