"""Data disks by REST and by the page; what is asked of them by those who may not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from terraspawner.domain.access import Role
from terraspawner.domain.layer import Found, Layer
from terraspawner.operations import deletions, disks, environments, members, workspaces
from terraspawner.operations.environments import Ticket
from tests.web.hosts import HostThatObeys
from tests.web.sites import PREFIX, Site, opened

pytestmark = [pytest.mark.slow, pytest.mark.feature("D9")]

GIB = 1024**3
AT = "workspaces/ana/alpha/environment"
PAGE = f"{PREFIX}/{AT}/data-disk"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as made:
        yield made


def paused(site: Site, user: str = "ana") -> Ticket:
    at = site.workspace() if user == "ana" else site.workspace(user)
    ticket = site.running(at, user)
    environments.begin_pause(site.context, ticket.environment.id)
    environments.stopped(site.context, ticket.environment.id, ticket.environment.start_number)
    site.hub.servers[(user, at.slug)] = {"ready": False, "pending": None}
    return ticket


async def test_by_rest_it_is_added_detached_and_added_again(site: Site) -> None:
    paused(site)
    async with site.person() as ana:
        made = (await ana.patch(AT, json={"data_disk": {"size": 100 * GIB}})).json()["data_disk"]
        assert (made["kind"], made["size"], made["price_per_month"], made["state"]) == (
            "data", 100 * GIB, 4.0, "attached",
        )  # fmt: skip
        refused = await ana.delete(f"disks/{made['id']}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "disk-attached")
        second = await ana.patch(AT, json={"data_disk": {"size": 100 * GIB}})
        assert (second.status_code, second.json()["error"]["code"]) == (409, "other-disk")
        assert (await ana.patch(AT, json={"data_disk": None})).json()["data_disk"] is None
        listed = {each["id"]: each for each in (await ana.get("disks")).json()["items"]}
        assert (listed[made["id"]]["kind"], listed[made["id"]]["state"]) == ("data", "kept")
        again = await ana.patch(AT, json={"data_disk": {"disk": made["id"]}})
        assert again.json()["data_disk"]["id"] == made["id"]
        larger = await ana.patch(f"disks/{made['id']}", json={"size": 600 * GIB})
        assert (larger.status_code, larger.json()["size"]) == (200, 600 * GIB)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"data_disk": {"size": GIB - 1}}, 422, "disk-size-refused"),
        ({"data_disk": {"size": 2049 * GIB}}, 422, "disk-size-refused"),
        ({"data_disk": {"size": 0}}, 422, "disk-size-refused"),
        ({"data_disk": {"size": -1}}, 422, None),
        ({"data_disk": {"size": 1e30}}, 422, None),
        ({"data_disk": {"size": "NaN"}}, 422, None),
        ({"data_disk": {"size": True}}, 422, None),
        ({"data_disk": {}}, 422, None),
        ({"data_disk": "new"}, 422, None),
        ({"data_disk": {"size": GIB, "disk": "0" * 16}}, 422, None),
        ({"data_disk": {"disk": "../../etc"}}, 422, None),
        ({"data_disk": {"disk": "0" * 16}}, 404, "disk-not-found"),
        ({}, 422, None),
    ],
)
async def test_what_can_be_no_data_disk_is_refused(
    site: Site, body: dict[str, Any], status: int, code: str | None
) -> None:
    here = paused(site).environment
    async with site.person() as ana:
        answer = await ana.patch(AT, json=body)
    assert answer.status_code in ({status} if code else {status, 400}), answer.text
    assert code in (None, answer.json()["error"]["code"])
    assert [held.disk.id for held in disks.list_own(site.context, "ana")] == [here.disk_id]


async def test_nobody_takes_anothers_and_nothing_is_told_of_it(site: Site) -> None:
    paused(site)
    paused(site, "ben")
    async with site.person("ben") as ben:
        theirs = (await ben.patch("workspaces/ben/alpha/environment", json={"data_disk": {"size": GIB}})).json()
        await ben.patch("workspaces/ben/alpha/environment", json={"data_disk": None})
        assert (await ben.patch(AT, json={"data_disk": {"size": GIB}})).status_code == 404
    async with site.person() as ana:
        known = await ana.patch(AT, json={"data_disk": {"disk": theirs["data_disk"]["id"]}})
        unknown = await ana.patch(AT, json={"data_disk": {"disk": "0" * 16}})
        started = await ana.post(f"{AT}/start", json={"data_disk": theirs["data_disk"]["id"]})
    assert (known.status_code, known.json()) == (404, unknown.json())
    assert started.status_code == 409


async def test_a_reader_with_compute_has_one_too(site: Site) -> None:
    at = site.workspace()
    members.put_member(
        site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.READER, may_compute=True
    )
    ticket = site.running(at, "ben")
    async with site.person("ben") as ben:
        busy = await ben.patch(AT, json={"data_disk": {"size": GIB}})
        assert (busy.status_code, "Pause it first" in busy.text) == (409, True)
        environments.stopped(site.context, ticket.environment.id, ticket.environment.start_number)
        assert (await ben.patch(AT, json={"data_disk": {"size": GIB}})).json()["data_disk"]["size"] == GIB
    async with site.person() as ana:
        assert "data" not in {each["kind"] for each in (await ana.get("disks")).json()["items"]}


async def test_the_page_says_what_is_lost_and_adds_and_detaches(site: Site) -> None:
    here = paused(site).environment
    host = site.parts.host
    assert isinstance(host, HostThatObeys)
    host.layers[here.id] = Layer(apt=Found(names=("tree",)))
    browser = await site.browser()
    assert f'href="{PAGE}"' in (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
    page = (await browser.client.get(PAGE)).text
    for told in ("tree", "$0.04 a month", "at most 2048 GB", "the environment is made anew"):
        assert told in page, told
    for wrong in ({"wish": "new", "gigabytes": "0.5"}, {"wish": "new", "gigabytes": "1e30"}, {"wish": "x"}, {}):
        answer = await browser.submit(PAGE, **wrong)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), wrong
    assert (await browser.submit(PAGE, wish="new", gigabytes="100")).status_code == 303
    workspace = (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
    for told in ("<dt>Data disk</dt>", "100 GB at <code>/data</code>, $4.00 a month", "Delete the data disk:"):
        assert told in workspace, told
    listed = (await browser.client.get(f"{PREFIX}/disks")).text
    assert "Enlarge the data disk of ana/alpha" in listed
    page = (await browser.client.get(PAGE)).text
    assert "Detach data disk" in page
    assert (await browser.submit(PAGE, wish="none")).status_code == 303
    kept = re.search(r'id="kept-([0-9a-f]{16})"', (await browser.client.get(PAGE)).text)
    assert kept
    assert (await browser.submit(PAGE, wish=kept[1])).status_code == 303
    answer = await browser.submit(f"{PREFIX}/{AT}/delete", htmx=True, disk="keep", data_disk="delete")
    assert answer.status_code == 200
    deletions.finish_delete(site.context, here.id)
    assert {held.disk.id: str(held.disk.state) for held in disks.list_own(site.context, "ana")} == {
        here.disk_id: "kept",
        kept[1]: "trashed",
    }


async def test_the_page_sends_to_the_pause_where_it_runs_and_to_the_start_where_nothing_is(site: Site) -> None:
    site.workspace()
    browser = await site.browser()
    assert "You have no environment here" in (await browser.client.get(PAGE)).text
    missing = await browser.submit(PAGE, wish="new", gigabytes="10")
    assert (missing.status_code, "Start one first" in missing.text) == (404, True)


async def test_in_a_drive_workspace_the_page_does_not_promise_that_it_stays(site: Site) -> None:
    site.workspace()
    workspaces.create_workspace(site.context, user="ana", namespace="ana", name="desk", storage="drive")
    ana = await site.browser()
    desk = (await ana.client.get(PAGE.replace("alpha", "desk"))).text
    assert "it goes with the environment,</strong> 12 h after you last used that, past the trash" in desk
    stays = "It stays when the environment is paused or deleted"
    assert (stays in desk, stays in (await ana.client.get(PAGE)).text) == (False, True)


async def test_where_there_are_none_no_page_offers_one(tmp_path: Path) -> None:
    async with opened(tmp_path, data_disk_limit=0) as site:
        paused(site)
        browser = await site.browser()
        assert PAGE not in (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
        assert "There are no data disks in this deployment" in (await browser.client.get(PAGE)).text
        async with site.person() as ana:
            refused = await ana.patch(AT, json={"data_disk": {"size": GIB}})
        assert (refused.status_code, "no new data disks" in refused.text) == (422, True)


async def test_rooms_without_a_container_are_removed(site: Site) -> None:
    host = site.parts.host
    assert isinstance(host, HostThatObeys)
    host.lost, host.volumes = {"e" * 16}, set()
    found = [each async for each in _acts(site)]
    assert found == [("remove-scratch", f"scratch:{'e' * 16}")]
    assert host.lost == set()


async def _acts(site: Site) -> AsyncIterator[tuple[str, str]]:
    for each in await site.parts.worker.reconciler.act_now():
        yield str(each.act), each.subject
