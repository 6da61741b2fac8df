"""REST: the end of environments and disks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from terraspawner.operations import workspaces
from tests.web.hosts import HostThatIsSilent, HostThatSeesTheDiskInUse
from tests.web.hubs import until
from tests.web.sites import CALM, Site, opened

HERE = "workspaces/ana/alpha/environment"


async def test_a_deletion_keeps_the_disk_unless_it_is_said(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        first = (await ana.post(f"{HERE}/start")).json()
        assert (await ana.delete(HERE)).status_code == 204
        assert site.parts.host.deleted == [f"environment {first['id']}"]  # type: ignore[attr-defined]
        said = (await ana.get(HERE)).json()
        assert (said["state"], said["disk"]["state"]) == ("none", "detached")
        second = (await ana.post(f"{HERE}/start")).json()
        assert second["id"] != first["id"]
        assert second["disk"]["id"] == first["disk"]["id"]
        assert (await ana.delete(f"{HERE}?disk=delete")).status_code == 204
        assert (await ana.get("disks")).json()["items"] == []
    assert site.hub.calls[-1] == ("forget", at.slug)
    assert f"disk {first['disk']['id']}" in site.parts.host.deleted  # type: ignore[attr-defined]


async def test_a_disk_option_that_is_neither_is_400(site: Site) -> None:
    site.running(site.workspace())
    async with site.person() as ana:
        assert (await ana.delete(f"{HERE}?disk=maybe")).status_code == 400
    assert site.state(builders_workspace(site)) == "running"


def builders_workspace(site: Site):  # type: ignore[no-untyped-def]
    (member,) = workspaces.list_workspaces(site.context, "ana")
    return member.workspace


async def test_unsent_work_keeps_the_disk_from_deletion_until_force(site: Site) -> None:
    ticket = site.running(site.workspace())
    async with site.person() as ana, site.environment(ticket.key) as inside:
        pending = [{"path": "a.ipynb", "since": "2026-11-20T12:00:00Z", "error": None}]
        assert (await inside.post("environments/self/outbox", json={"pending": pending})).status_code == 204
        assert (await ana.get(HERE)).json()["outbox_pending"] == 1
        refused = await ana.delete(f"{HERE}?disk=delete")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "outbox-not-empty")
        assert (await ana.get(HERE)).json()["state"] == "running"
        assert (await ana.delete(f"{HERE}?disk=delete&force=true")).status_code == 204


async def test_while_the_host_is_away_a_deletion_is_on_its_way(tmp_path: Path) -> None:
    async with opened(tmp_path, host=HostThatIsSilent(), pace=replace(CALM, delete=0.05)) as site:
        site.running(site.workspace())
        async with site.person() as ana:
            answer = await ana.delete(HERE)
            assert (answer.status_code, answer.json()["state"]) == (202, "deleting")
            refused = await ana.post(f"{HERE}/start")
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wrong-state")


async def test_an_attached_disk_is_not_deleted_a_detached_one_is(site: Site) -> None:
    site.workspace()
    async with site.person() as ana, site.person("ben") as ben:
        disk = (await ana.post(f"{HERE}/start")).json()["disk"]["id"]
        refused = await ana.delete(f"disks/{disk}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "disk-attached")
        await ana.delete(HERE)
        assert (await ben.delete(f"disks/{disk}")).status_code == 404
        assert (await ana.delete(f"disks/{disk}")).status_code == 202
        await until(lambda: f"disk {disk}" in site.parts.host.deleted, "the disk is gone")  # type: ignore[attr-defined]


async def test_a_disk_in_use_waits_and_goes_later(tmp_path: Path) -> None:
    host = HostThatSeesTheDiskInUse()
    async with opened(tmp_path, host=host, pace=replace(CALM, delete=0.05)) as site:
        site.running(site.workspace())
        async with site.person() as ana:
            assert (await ana.delete(f"{HERE}?disk=delete")).status_code == 202
            host.in_use = False
            await until(lambda: any(item.startswith("disk ") for item in host.deleted), "the disk is gone")
