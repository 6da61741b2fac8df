"""Pages: my disks and the trash; measuring, by itself and when asked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

import builders
from terraspawner.domain.access import Role
from terraspawner.domain.disk import WARNINGS
from terraspawner.host_client import ContainerState
from terraspawner.operations import deletions, disks, environments, members, trash, views
from tests.web.hosts import HostThatIsSilent, HostThatObeys
from tests.web.hubs import until
from tests.web.sites import PREFIX, Site, opened

pytestmark = pytest.mark.slow

GIB = 1024**3
DISKS, TRASH = f"{PREFIX}/disks", f"{PREFIX}/trash"


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: builders.Clock) -> AsyncIterator[Site]:
    async with opened(tmp_path, clock=clock) as made:
        yield made


def kept(site: Site, *, with_disk: bool = False) -> str:
    """The id of a disk that an environment of ana's has left."""
    here = site.admit(site.workspace()).environment
    deletions.mark_deleting(site.context, here.id, deletes_disk=with_disk)
    deletions.finish_delete(site.context, here.id)
    return here.disk_id


def host_of(site: Site) -> HostThatObeys:
    host = site.parts.host
    assert isinstance(host, HostThatObeys)
    return host


@pytest.mark.feature("C17")
async def test_a_disk_goes_to_the_trash_and_back_by_forms(site: Site) -> None:
    browser = await site.browser()
    assert "You have no disk." in (await browser.client.get(DISKS)).text
    assert "The trash is empty." in (await browser.client.get(TRASH)).text
    disk_id = kept(site)
    page = (await browser.client.get(DISKS)).text
    assert "Delete the disk of ana/alpha?" in page
    assert "$2.00 a month" in page
    answer = await browser.submit(f"{DISKS}/delete", disk_id=disk_id)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{TRASH}?notice=discarded")
    page = (await browser.client.get(TRASH)).text
    assert "Delete disk of ana/alpha for good?" in page
    found = re.search(r'name="trash_id" value="([0-9a-f]{16})"', page)
    assert found
    assert (await browser.submit(f"{TRASH}/restore", trash_id=found.group(1))).status_code == 303
    late = await browser.submit(f"{TRASH}/restore", trash_id=found.group(1))
    assert (late.status_code, "restored already" in late.text) == (409, True)
    assert 'class="badge text-bg-light border">kept' in (await browser.client.get(DISKS)).text
    await browser.submit(f"{DISKS}/delete", disk_id=disk_id)
    (item,) = [each.item for each in trash.list_trash(site.context, "ana")]
    assert (await browser.submit(f"{TRASH}/purge", trash_id=item.id)).status_code == 303
    await until(lambda: f"disk {disk_id}" in host_of(site).deleted, "the volume is gone")


async def test_a_forged_form_purges_and_restores_nothing(site: Site) -> None:
    kept(site, with_disk=True)
    (item,) = [each.item for each in trash.list_trash(site.context, "ana")]
    browser = await site.browser()
    for act in ("purge", "restore"):
        for fields in ({}, {"_xsrf": "0" * 64}):
            forged = await browser.client.post(f"{TRASH}/{act}", data={"trash_id": item.id, **fields})
            assert forged.status_code == 403
        assert (await browser.client.get(f"{TRASH}/{act}", params={"trash_id": item.id})).status_code in (404, 405)
    ben = await site.browser("ben")
    for act in ("purge", "restore"):
        for trash_id in (item.id, "../../disks", ""):
            assert (await ben.submit(f"{TRASH}/{act}", trash_id=trash_id)).status_code == 404
    assert [each.item.state for each in trash.list_trash(site.context, "ana")] == ["held"]


async def test_unsent_work_is_named_before_it_is_lost(site: Site) -> None:
    ticket = site.running(site.workspace())
    async with site.environment(ticket.key) as inside:
        pending = [{"path": "a.ipynb", "since": "2026-11-20T12:00:00Z", "error": None}]
        await inside.post("environments/self/outbox", json={"pending": pending})
    deletions.mark_deleting(site.context, ticket.environment.id)
    deletions.finish_delete(site.context, ticket.environment.id)
    browser = await site.browser()
    refused = await browser.submit(f"{DISKS}/delete", disk_id=ticket.environment.disk_id)
    assert (refused.status_code, "Delete disk and unsaved changes" in refused.text) == (409, True)
    done = await browser.submit(f"{DISKS}/delete", disk_id=ticket.environment.disk_id, force="true")
    assert done.status_code == 303


async def test_a_size_is_told_in_gigabytes_and_refused_with_the_bound(site: Site) -> None:
    disk_id = kept(site)
    browser = await site.browser()
    for text in ("", "much", "-1", "0", "nan", "1e99", "10", "9999"):
        refused = await browser.submit(f"{DISKS}/enlarge", disk_id=disk_id, gigabytes=text)
        assert (refused.status_code, 'role="alert"' in refused.text) == (422, True), text
    assert (await browser.submit(f"{DISKS}/enlarge", disk_id=disk_id, gigabytes="75,5")).status_code == 303
    assert disks.get_own(site.context, user="ana", disk_id=disk_id).disk.size == 75.5 * GIB


async def test_what_was_measured_is_told_with_a_warning(site: Site, clock: builders.Clock) -> None:
    disk_id = kept(site)
    browser = await site.browser()
    assert "has not been measured yet" in (await browser.client.get(DISKS)).text
    assert (await browser.submit(f"{DISKS}/measure", disk_id=disk_id)).status_code == 303
    for page in (DISKS, f"{PREFIX}/workspaces/ana/alpha"):
        text = (await browser.client.get(page)).text
        assert "45 GB of 50 GB used" in text
        assert "90 % full" in text
        assert WARNINGS[1][2] in text
        assert "watched and not enforced" in text
        assert "40 GB in <code>~/data</code>" in text
    async with site.person() as ana, site.person("ben") as ben:
        told = (await ana.get("workspaces/ana/alpha/environment")).json()["disk"]
        assert (told["used"], told["warning"]["level"]) == (45 * GIB, "nearly-full")
        assert (await ana.post(f"disks/{disk_id}/measure")).json()["used"] == 45 * GIB
        assert (await ben.post(f"disks/{disk_id}/measure")).status_code == 404
    assert len(host_of(site).measured) == 2


async def one_round(site: Site) -> None:
    """A whole one, and not the rest of one that the worker began before."""
    measures = site.parts.measures
    await measures.rounds.settled()
    await measures.rounds.task.act()
    await measures.rounds.settled()


async def test_disks_are_measured_by_themselves(site: Site, clock: builders.Clock) -> None:
    runs = site.running(site.workspace("ben"), "ben").environment.disk_id
    left = kept(site)
    every = timedelta(seconds=site.context.settings.disk_look)
    host = host_of(site)
    for moved, more in ((every / 2, []), (every / 2, [runs, left]), (every, [runs])):
        clock.now += moved
        already = len(host.measured)
        await one_round(site)
        assert sorted(host.measured[already:]) == sorted(more)
        assert disks.due_for_measure(site.context) == []


async def test_a_disk_that_cannot_be_measured_holds_up_nothing(tmp_path: Path) -> None:
    clock = builders.Clock()
    host = HostThatIsSilentAboutDisks()
    async with opened(tmp_path, host=host, clock=clock) as site:
        kept(site)
        clock.move(days=1)
        await one_round(site)
        assert host.tries > 0
        async with site.person() as ana:
            (disk,) = (await ana.get("disks")).json()["items"]
            assert (disk["used"], disk["warning"]) == (None, None)
            refused = await ana.post(f"disks/{disk['id']}/measure")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "host-unavailable")


class HostThatIsSilentAboutDisks(HostThatIsSilent):
    """Answers everything but how full a disk is."""


@pytest.mark.feature("C17")
async def test_a_workspace_is_deleted_restored_and_purged_by_forms(site: Site) -> None:
    at = site.workspace()
    members.put_member(
        site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER, may_compute=True
    )
    site.running(at, "ben")
    here = f"{PREFIX}/workspaces/ana/alpha"
    ana, ben = await site.browser(), await site.browser("ben")
    assert "Delete the workspace ana/alpha?" in (await ana.client.get(here)).text
    assert "Delete the workspace" not in (await ben.client.get(here)).text
    assert (await ben.submit(f"{here}/delete")).status_code == 403
    refused = await ana.submit(f"{here}/delete")
    assert (refused.status_code, "Delete ana/alpha nevertheless" in refused.text) == (409, True)
    assert "ben has an environment or a disk" in refused.text
    for fields in ({}, {"_xsrf": "0" * 64}):
        assert (await ana.client.post(f"{here}/delete", data={"force": "true", **fields})).status_code == 403
    done = await ana.submit(f"{here}/delete", force="true")
    assert (done.status_code, done.headers["location"]) == (303, f"{TRASH}?notice=workspace")
    for browser in (ana, ben):
        assert (await browser.client.get(here)).status_code == 404
    assert "Its workspace is in the trash" in (await ben.client.get(DISKS)).text
    site.workspace()  # the name is free
    (item,) = [each.item for each in trash.list_trash(site.context, "ana")]
    taken = await ana.submit(f"{TRASH}/restore", trash_id=item.id)
    assert (taken.status_code, "Restore as" in taken.text) == (409, True)
    assert (await ana.submit(f"{TRASH}/restore", trash_id=item.id, name="beta")).status_code == 303
    assert (await ben.client.get(f"{PREFIX}/workspaces/ana/beta")).status_code == 200


async def test_a_workspace_is_purged_from_its_row(site: Site) -> None:
    at = site.workspace()
    site.running(at)
    async with site.person() as ana, site.person("ben") as ben:
        assert (await ben.delete("workspaces/ana/alpha", params={"force": True})).status_code == 404
        item = (await ana.delete("workspaces/ana/alpha")).json()
        assert (item["kind"], item["name"], item["actions"]) == ("workspace", "ana/alpha", ["restore", "purge"])
        assert (await ana.get("workspaces")).json()["items"] == []
        assert (await ben.post(f"trash/{item['id']}/restore")).status_code == 404
        await until(lambda: views.views_of(site.context, "ana") == [], "its environment is gone")
        assert (await ana.delete(f"trash/{item['id']}")).status_code == 202
        await until(lambda: host_of(site).emptied == [at.id], "its bucket was emptied")
        await until(lambda: trash.list_trash(site.context, "ana") == [], "nothing is left")
        assert (await ana.get("disks")).json()["items"] == []


@pytest.mark.feature("C17")
async def test_an_environment_is_restored_and_purged_by_forms_and_what_is_in_the_way_is_said(site: Site) -> None:
    here = site.running(site.workspace()).environment
    host_of(site).machine = {here.id: ContainerState(id="c" * 64, status="exited")}
    browser = await site.browser()
    page = f"{PREFIX}/workspaces/ana/alpha"
    assert (
        "Restored within 14 days it comes back with what was installed in it" in (await browser.client.get(page)).text
    )
    asked = (await browser.client.get(f"{PREFIX}/environments/end", params={"act": "delete", "id": here.id})).text
    assert "restored within 14 days, it comes back with what was installed" in asked
    await browser.submit(f"{PREFIX}/environments/end", act="delete", id=here.id)
    await until(lambda: len(trash.list_trash(site.context, "ana")) == 1, "it is in the trash")
    assert 'id="trashed"' in (await browser.client.get(page)).text
    (item,) = [each.item for each in trash.list_trash(site.context, "ana")]
    shown = (await browser.client.get(TRASH)).text
    assert "environment in ana/alpha" in shown
    assert "Comes back paused, with what was installed in it and with its disk, which is kept." in shown
    assert "costs nothing" in shown
    assert (await browser.submit(f"{TRASH}/restore", trash_id=item.id)).status_code == 303
    assert "It was restored from the trash." in (await browser.client.get(page)).text

    # with its disk, and a newer one meanwhile
    deletions.mark_deleting(site.context, here.id, deletes_disk=True)
    deletions.finish_delete(site.context, here.id, "c" * 64)
    site.running(site.workspace(name="beta"))
    newer = environments.admit(site.context, user="ana", slug="ana-alpha").environment
    shown = (await browser.client.get(TRASH)).text
    assert "You have another environment in ana/alpha by now" in shown
    assert "An environment in the trash has it as home folder and goes with it." in shown
    by_kind = {str(each.item.kind): each.item.id for each in trash.list_trash(site.context, "ana")}
    refused = await browser.submit(f"{TRASH}/restore", trash_id=by_kind["environment"])
    assert (refused.status_code, 'role="alert"' in refused.text) == (409, True)
    assert (await browser.submit(f"{TRASH}/purge", trash_id=by_kind["disk"])).status_code == 303
    await until(lambda: not trash.list_trash(site.context, "ana"), "both are gone")
    assert host_of(site).deleted == [f"environment {here.id}", f"disk {here.disk_id}"]
    assert newer.disk_id != here.disk_id
