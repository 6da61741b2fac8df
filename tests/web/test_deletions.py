"""REST: the end of environments and disks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import builders
from terraspawner.db import disk_records
from terraspawner.domain.access import Role
from terraspawner.domain.disk import Folder
from terraspawner.domain.workspace import Workspace
from terraspawner.host_client import ContainerState
from terraspawner.operations import members, trash, workspaces
from tests.web.hosts import HostThatIsSilent, HostThatSeesTheDiskInUse
from tests.web.hubs import until
from tests.web.sites import CALM, Site, opened

HERE = "workspaces/ana/alpha/environment"


async def started(site: Site, ana: httpx.AsyncClient, at: Workspace, **wish: str) -> dict[str, Any]:
    """Ana's environment once it runs: a start may be answered before there is one."""
    assert (await ana.post(f"{HERE}/start", json=wish)).status_code in (200, 202)
    await until(lambda: site.state(at) == "running", "it runs")
    said: dict[str, Any] = (await ana.get(HERE)).json()
    return said


async def test_a_deletion_keeps_the_disk_unless_it_is_said(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        first = await started(site, ana, at)
        assert (await ana.delete(HERE)).status_code == 204
        assert site.parts.host.deleted == [f"environment {first['id']}"]  # type: ignore[attr-defined]
        said = (await ana.get(HERE)).json()
        assert (said["state"], said["disk"]["state"]) == ("none", "kept")
        second = await started(site, ana, at)
        assert second["id"] != first["id"]
        assert second["disk"]["id"] == first["disk"]["id"]
        assert (await ana.delete(f"{HERE}?disk=delete")).status_code == 204
        (disk,) = (await ana.get("disks")).json()["items"]
        assert (disk["id"], disk["state"]) == (first["disk"]["id"], "trashed")
    assert site.hub.calls[-1] == ("forget", at.slug)
    assert not any(word.startswith("disk ") for word in site.parts.host.deleted)  # type: ignore[attr-defined]


@pytest.mark.feature("F9")
async def test_what_runs_is_paused_first_so_that_it_saves_unless_that_may_be_lost(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        await started(site, ana, at)
        assert (await ana.delete(HERE)).status_code == 204
        assert site.hub.calls[-2:] == [("stop", at.slug), ("forget", at.slug)]
        await started(site, ana, at)
        before = site.hub.calls.count(("stop", at.slug))
        assert (await ana.delete(f"{HERE}?disk=delete&force=true")).status_code == 204
        assert site.hub.calls.count(("stop", at.slug)) == before


@pytest.mark.feature("B2", "F9")
async def test_what_runs_in_a_workspace_that_is_deleted_is_paused_first_so_that_it_saves(site: Site) -> None:
    at = site.workspace()
    members.put_member(
        site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER, may_compute=True
    )
    site.running(at)
    site.running(at, "ben")
    async with site.person() as ana:
        refused = await ana.delete("workspaces/ana/alpha")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "workspace-in-use")
        assert site.hub.calls.count(("stop", at.slug)) == 0
        assert (await ana.delete("workspaces/ana/alpha?force=true")).status_code == 200
        await until(lambda: site.hub.calls.count(("forget", at.slug)) == 2, "both are ended")
    first = site.hub.calls.index(("forget", at.slug))
    assert site.hub.calls[:first].count(("stop", at.slug)) == 2


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
    keep_containers(site, (ticket.environment.id, "c" * 64))
    async with site.person() as ana, site.environment(ticket.key) as inside:
        pending = [{"path": "a.ipynb", "since": "2026-11-20T12:00:00Z", "error": None}]
        assert (await inside.post("environments/self/outbox", json={"pending": pending})).status_code == 204
        assert (await ana.get(HERE)).json()["outbox_pending"] == 1
        refused = await ana.delete(f"{HERE}?disk=delete")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "outbox-not-empty")
        assert (await ana.get(HERE)).json()["state"] == "running"
        assert (await ana.delete(f"{HERE}?disk=delete&force=true")).status_code == 204
        (reason,) = [each["reason"] for each in (await ana.get("trash")).json()["items"] if each["reason"]]
        assert reason.startswith("1 notebook is on the disk and not in the workspace yet: a.ipynb.")


async def test_while_the_host_is_away_a_deletion_is_on_its_way(tmp_path: Path) -> None:
    async with opened(tmp_path, host=HostThatIsSilent(), pace=replace(CALM, delete=0.05)) as site:
        site.running(site.workspace())
        async with site.person() as ana:
            answer = await ana.delete(HERE)
            assert (answer.status_code, answer.json()["state"]) == (202, "deleting")
            refused = await ana.post(f"{HERE}/start")
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wrong-state")


@pytest.mark.feature("D5", "C17")
async def test_a_disk_goes_through_the_trash(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana, site.person("ben") as ben:
        disk = (await started(site, ana, at))["disk"]["id"]
        refused = await ana.delete(f"disks/{disk}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "disk-attached")
        await ana.delete(HERE)
        assert (await ben.delete(f"disks/{disk}")).status_code == 404
        item = (await ana.delete(f"disks/{disk}")).json()
        assert (item["kind"], item["subject"], item["price_per_month"]) == ("disk", disk, 2.0)
        assert (await ana.get("trash")).json()["items"] == [item]
        assert (await ben.get("trash")).json()["items"] == []
        for made_up in (item["id"], "..%2F..%2Fetc", "0" * 16):
            assert (await ben.post(f"trash/{made_up}/restore")).status_code == 404
            assert (await ben.delete(f"trash/{made_up}")).status_code == 404
        assert (await ana.post(f"trash/{item['id']}/restore")).json()["state"] == "restored"
        assert (await started(site, ana, at, disk=disk))["disk"]["id"] == disk
        assert (await ana.delete(f"{HERE}?disk=delete")).status_code == 204
        (item,) = (await ana.get("trash")).json()["items"]
        assert (await ana.delete(f"trash/{item['id']}")).status_code == 202
        await until(lambda: f"disk {disk}" in site.parts.host.deleted, "the disk is gone")  # type: ignore[attr-defined]
        await until(lambda: not trash.list_trash(site.context, "ana"), "nothing is in the trash")
        assert (await ana.get("disks")).json()["items"] == []


async def test_a_purge_that_the_host_refuses_waits_and_is_done_later(tmp_path: Path) -> None:
    host = HostThatSeesTheDiskInUse()
    async with opened(tmp_path, host=host, pace=replace(CALM, delete=0.05)) as site:
        site.running(site.workspace())
        async with site.person() as ana:
            await ana.delete(f"{HERE}?disk=delete")
            await until(lambda: bool(trash.list_trash(site.context, "ana")), "it is in the trash")
            (item,) = (await ana.get("trash")).json()["items"]
            assert (await ana.delete(f"trash/{item['id']}")).json()["state"] == "purging"
            assert (await ana.post(f"trash/{item['id']}/restore")).status_code == 409
            host.in_use = False
            await until(lambda: any(item.startswith("disk ") for item in host.deleted), "the disk is gone")


async def test_a_purge_is_due_by_the_clock(tmp_path: Path) -> None:
    clock = builders.Clock()
    async with opened(tmp_path, clock=clock, trash_days=3.0) as site:
        site.running(site.workspace())
        async with site.person() as ana:
            await ana.delete(f"{HERE}?disk=delete")
            for days, gone in ((2, False), (1, True)):
                clock.move(days=days)
                await site.parts.worker.sweep()
                assert any(word.startswith("disk ") for word in site.parts.host.deleted) == gone  # type: ignore[attr-defined]


async def test_the_disk_of_a_new_environment_is_chosen(site: Site) -> None:
    at = site.workspace()
    async with site.person() as ana:
        first = (await started(site, ana, at))["disk"]["id"]
        await ana.delete(HERE)
        second = (await started(site, ana, at, disk="new"))["disk"]["id"]
        assert second != first
        refused = await ana.post(f"{HERE}/start", json={"disk": first})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "other-disk")
        await ana.delete(HERE)
        missing = await ana.post(f"{HERE}/start", json={"disk": "0" * 16})
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "disk-not-found")
        assert (await ana.post(f"{HERE}/start", json={"disk": "../x"})).status_code == 400
        assert (await started(site, ana, at, disk=first, image="r"))["disk"]["id"] == first
        listed = {disk["id"]: disk["state"] for disk in (await ana.get("disks")).json()["items"]}
        assert listed == {first: "attached", second: "kept"}


async def test_a_disk_is_enlarged_with_both_prices_said(site: Site) -> None:
    site.workspace()
    async with site.person() as ana, site.person("ben") as ben:
        disk = (await ana.post(f"{HERE}/start")).json()["disk"]
        answer = (await ana.patch(f"disks/{disk['id']}", json={"size": 2 * disk["size"]})).json()
        assert (answer["price_per_month_before"], answer["price_per_month"]) == (2.0, 4.0)
        for size in (disk["size"], site.context.settings.disk_limit + 1):
            refused = await ana.patch(f"disks/{disk['id']}", json={"size": size})
            assert (refused.status_code, refused.json()["error"]["code"]) == (422, "disk-size-refused")
            assert refused.json()["error"]["details"]["most"] == site.context.settings.disk_limit
        assert (await ben.patch(f"disks/{disk['id']}", json={"size": 2 * disk["size"]})).status_code == 404


async def test_who_pays_sees_sizes_and_nothing_of_what_is_on_a_disk(site: Site) -> None:
    site.workspace()
    async with site.person() as ana, site.person("ben") as ben, site.person("operator") as operator:
        disk = (await ana.post(f"{HERE}/start")).json()["disk"]["id"]
        with site.context.database.write() as connection:
            folder = Folder(path="secret-plans", size=5)
            disk_records.note_measure(connection, disk, [folder], used=7, measured_at=site.context.now())
        (own,) = (await ana.get("disks")).json()["items"]
        assert (own["used"], own["folders"]) == (7, [{"path": "secret-plans", "size": 5}])
        for found in (
            (await operator.get("disks")).json()["items"],
            (await operator.get("disks", params={"project": "ana"})).json()["items"],
        ):
            assert [(each["user"], each["used"], each["folders"]) for each in found] == [("ana", 7, [])]
        assert (await operator.get("disks", params={"mine": True})).json()["items"] == []
        assert (await ben.get("disks")).json()["items"] == []
        assert (await ben.get("disks", params={"project": "ana"})).status_code == 404


def keep_containers(site: Site, *containers: tuple[str, str]) -> None:
    """The Engine has these: an environment's id, and the container's."""
    host = site.parts.host
    host.machine = {here: ContainerState(id=container, status="exited") for here, container in containers}  # type: ignore[attr-defined]


@pytest.mark.feature("C17")
async def test_an_environment_goes_through_the_trash(site: Site) -> None:
    at = site.workspace()
    first = site.running(at)
    here, disk = first.environment.id, first.environment.disk_id
    keep_containers(site, (here, "c" * 64))
    async with site.person() as ana, site.person("ben") as ben, site.environment(first.key) as inside:
        assert (await ana.delete(HERE)).status_code == 204
        assert site.hub.calls[-1] == ("forget", at.slug)
        assert site.parts.host.deleted == []  # type: ignore[attr-defined]
        said = (await ana.get(HERE)).json()
        assert (said["state"], said["disk"]["id"]) == ("none", disk)
        assert (await inside.post("environments/self/outbox", json={"pending": []})).status_code == 401
        (item,) = (await ana.get("trash")).json()["items"]
        assert {
            key: item[key] for key in ("kind", "subject", "disk", "obstacle", "price_per_hour", "image", "actions")
        } == {
            "kind": "environment",
            "subject": here,
            "disk": "kept",
            "obstacle": "",
            "price_per_hour": 0.0,
            "image": "python",
            "actions": ["restore", "purge"],
        }
        assert (await ben.get("trash")).json()["items"] == []
        for act in (ben.post(f"trash/{item['id']}/restore"), ben.delete(f"trash/{item['id']}")):
            assert (await act).status_code == 404
        newer = await started(site, ana, at)
        assert newer["id"] != here
        refused = await ana.post(f"trash/{item['id']}/restore")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "disk-attached")
        assert refused.json()["error"]["details"] == {"disk": disk}
        (seen,) = (await ana.get("trash")).json()["items"]
        assert (seen["obstacle"], seen["actions"]) == (refused.json()["error"]["message"], ["purge"])
        assert (await ana.delete(HERE)).status_code == 204
        back = (await ana.post(f"trash/{item['id']}/restore")).json()
        assert (back["state"], back["disk"]) == ("restored", "attached")
        said = (await ana.get(HERE)).json()
        assert (said["id"], said["state"], said["disk"]["id"]) == (here, "paused", disk)
        assert (await ana.delete(HERE)).status_code == 204
        (again,) = (await ana.get("trash")).json()["items"]
        assert (await ana.delete(f"trash/{again['id']}")).status_code == 202
        await until(lambda: not trash.list_trash(site.context, "ana"), "nothing is in the trash")
        assert f"environment {here}" in site.parts.host.deleted  # type: ignore[attr-defined]
        assert [each["state"] for each in (await ana.get("disks")).json()["items"]] == ["kept"]


@pytest.mark.feature("C17")
async def test_who_may_have_none_there_any_more_is_told_whom_to_ask(site: Site) -> None:
    at = site.workspace()
    share = {"actor": "ana", "namespace": "ana", "name": "alpha", "who": "ben"}
    members.put_member(site.context, **share, role=Role.WRITER)
    keep_containers(site, (site.running(at, "ben").environment.id, "c" * 64))
    async with site.person("ben") as ben:
        assert (await ben.delete(HERE)).status_code == 204
        (item,) = (await ben.get("trash")).json()["items"]
        members.put_member(site.context, **share, role=Role.READER, may_compute=False)
        refused = await ben.post(f"trash/{item['id']}/restore")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not-allowed")
        assert "Ask an owner of the workspace" in refused.json()["error"]["message"]
