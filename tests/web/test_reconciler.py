"""The reconciler: our rows, a Hub and a machine that say what a test tells them. Its clock is moved (K1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import builders
from terraspawner.db import disk_records
from terraspawner.domain.disk import DiskState
from terraspawner.domain.environment import State
from terraspawner.domain.reconcile import Act
from terraspawner.host_client import ContainerState
from terraspawner.hub import ServerState
from terraspawner.operations import audit, deletions, environments, reconciling, trash, trashed_disks
from terraspawner.operations.context import Context
from tests.web.hosts import HostThatIsSilent, HostThatObeys
from tests.web.sites import CALM, opened
from tests.web.test_worker import Bench, HubThatIsSilent, HubThatSays, bench

pytestmark = pytest.mark.slow

STRAY, VOLUME = "00000000000000aa", "00000000000000bb"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = builders.context(tmp_path)
    yield made
    made.database.close()


def paused(context: Context, hub: HubThatSays | None = None, host: HostThatObeys | None = None) -> Bench:
    """An environment that is paused, with its container and its volume."""
    made = bench(context, hub or HubThatSays(), host or HostThatObeys())
    environments.stopped(context, made.id, 1)
    made.host.machine = {made.id: ContainerState(id="c", status="exited")}
    made.host.volumes = {made.ticket.environment.disk_id}
    return made


async def settled(made: Bench) -> list[tuple[Act, str]]:
    """Sweep for longer than any doubt lasts; what is still found afterwards."""
    for _ in range(4):
        await made.sweep_after(61)
    return [(each.act, each.subject) for each in await made.worker.reconciler.look()]


def acts(context: Context) -> list[tuple[str, str]]:
    found = audit.entries(context, user="operator", is_operator=True)
    return [(each.action, each.subject) for each in found if each.actor == reconciling.RECONCILER]


@pytest.mark.feature("K1")
async def test_where_all_agree_nothing_is_found_and_nothing_done(context: Context) -> None:
    made = paused(context)
    assert await settled(made) == []
    assert (made.host.deleted, made.host.stopped, acts(context)) == ([], [], [])


@pytest.mark.feature("K1")
async def test_a_container_that_was_removed_is_told_and_can_be_made_again(context: Context) -> None:
    made = paused(context)
    made.host.machine = {}
    assert await settled(made) == []
    here = made.view().environment
    assert here
    assert (here.state, here.container_id) == (State.PAUSED, "")
    assert here.reason.startswith("Its container was removed on the machine. Its disk is untouched")
    assert acts(context) == [("reconcile-note-gone", f"environment:{made.id}")]


@pytest.mark.feature("K1")
async def test_what_runs_past_the_hub_is_stopped_and_kept(context: Context) -> None:
    made = paused(context)
    made.host.machine = {made.id: ContainerState(id="c", status="running")}
    await settled(made)
    assert set(made.host.stopped) == {made.id}
    assert made.host.deleted == []


@pytest.mark.feature("K1")
@pytest.mark.parametrize("status", ["created", "exited", "running"])
async def test_what_a_cancelled_start_left_is_removed(context: Context, status: str) -> None:
    made = bench(context, HubThatSays(), HostThatObeys(), runs=False)
    environments.stopped(context, made.id, 1, "The start was cancelled.")
    made.host.machine = {made.id: ContainerState(id="half", status=status)}
    await settled(made)
    assert set(made.host.deleted) == {f"environment {made.id}"}


@pytest.mark.feature("K1")
async def test_a_container_of_a_deleted_environment_is_removed_and_its_disk_stays(context: Context) -> None:
    made = paused(context)
    deletions.mark_deleting(context, made.id)
    deletions.finish_delete(context, made.id)
    await settled(made)
    assert set(made.host.deleted) == {f"environment {made.id}"}


def trashed(context: Context) -> Bench:
    """A deleted environment with its container, and a newer one that runs under the same name."""
    made = paused(context)
    deletions.mark_deleting(context, made.id)
    deletions.finish_delete(context, made.id, "c")
    newer = environments.admit(context, user="ana", slug="ana-alpha").environment
    environments.started(context, newer.id, 1, "d")
    made.hub.said = ServerState(is_known=True, is_ready=True, pending="")
    made.host.machine |= {newer.id: ContainerState(id="d", status="running")}  # type: ignore[operator]
    return made


@pytest.mark.feature("C17", "K1")
async def test_a_stopped_container_in_the_trash_is_lawful(context: Context) -> None:
    made = trashed(context)
    assert await settled(made) == []
    assert (made.host.stopped, made.host.deleted, acts(context)) == ([], [], [])


@pytest.mark.feature("C17", "K1")
async def test_one_that_runs_in_the_trash_is_stopped_and_the_newer_one_is_left_alone(context: Context) -> None:
    made = trashed(context)
    made.host.machine[made.id] = ContainerState(id="c", status="running")  # type: ignore[index]
    await settled(made)
    assert (set(made.host.stopped), made.host.deleted, made.hub.stops) == ({made.id}, [], [])
    assert [each.item.state for each in trash.list_trash(context, "ana")] == ["held"]


@pytest.mark.feature("C17", "K1")
@pytest.mark.parametrize("there", [None, "another"])
async def test_what_cannot_be_restored_any_more_leaves_the_trash(context: Context, there: str | None) -> None:
    made = trashed(context)
    machine = made.host.machine
    assert machine is not None
    del machine[made.id]
    if there:
        machine[made.id] = ContainerState(id=there, status="exited")
    await made.sweep_after(61)
    await made.sweep_after(61)
    await made.worker.sweep()
    assert trash.list_trash(context, "ana") == []
    assert ("reconcile-purge", f"environment:{made.id}") in acts(context)
    assert made.view().state is State.RUNNING


@pytest.mark.feature("K1")
async def test_what_bears_our_label_without_a_row_is_reported_stopped_and_never_deleted(context: Context) -> None:
    made = paused(context)
    assert made.host.machine is not None
    assert made.host.volumes is not None
    made.host.machine[STRAY] = ContainerState(id="s", status="running")
    made.host.volumes.add(VOLUME)
    await settled(made)
    assert (set(made.host.stopped), made.host.deleted) == ({STRAY}, [])
    made.host.machine[STRAY] = ContainerState(id="s", status="exited")
    assert await settled(made) == [(Act.REPORT, f"container:{STRAY}"), (Act.REPORT, f"disk:{VOLUME}")]
    assert made.host.deleted == []


@pytest.mark.feature("K1")
async def test_a_disk_whose_volume_is_gone_is_reported_and_stays_in_the_list(context: Context) -> None:
    made = paused(context)
    made.host.volumes = set()
    disk = made.ticket.environment.disk_id
    assert await settled(made) == [(Act.REPORT, f"disk:{disk}")]
    assert acts(context) == []
    with context.database.read() as connection:
        kept = disk_records.disk_by_id(connection, disk)
    assert kept is not None
    assert kept.state is DiskState.ATTACHED


async def test_a_volume_that_comes_back_after_its_disk_was_deleted_is_removed(context: Context) -> None:
    made = paused(context)
    disk = made.ticket.environment.disk_id
    deletions.mark_deleting(context, made.id, deletes_disk=True)
    deletions.finish_delete(context, made.id)
    (thrown,) = trash.list_trash(context, "ana")
    trash.purge(context, user="ana", item_id=thrown.item.id)
    trashed_disks.finish_delete(context, disk)
    made.host.machine = {}
    await settled(made)
    assert set(made.host.deleted) == {f"disk {disk}"}


@pytest.mark.feature("K1")
@pytest.mark.parametrize("who", ["hub", "machine"])
async def test_a_silent_hub_or_machine_contradicts_nobody(context: Context, who: str) -> None:
    hub = HubThatIsSilent() if who == "hub" else HubThatSays()
    made = paused(context, hub, HostThatIsSilent() if who == "machine" else HostThatObeys())
    made.host.machine = {}
    assert await settled(made) == []
    here = made.view().environment
    assert here
    assert here.container_id == "c"


async def test_a_start_under_way_is_no_half_made_one(context: Context) -> None:
    made = paused(context, HubThatSays(ServerState(is_known=True, is_ready=False, pending="spawn")))
    made.host.machine = {made.id: ContainerState(id="new", status="created")}
    assert await settled(made) == []
    assert made.host.deleted == []


async def test_what_is_seen_once_is_not_acted_upon(context: Context) -> None:
    made = paused(context)
    made.host.machine = {made.id: ContainerState(id="c", status="running")}
    await made.worker.sweep()
    made.host.machine = {made.id: ContainerState(id="c", status="exited")}
    await made.sweep_after(6)
    made.host.machine = {made.id: ContainerState(id="c", status="running")}
    await made.sweep_after(61)
    assert made.host.stopped == []


async def test_everything_is_looked_at_each_minute(context: Context) -> None:
    made = paused(context)
    await made.worker.sweep()
    made.host.machine = {made.id: ContainerState(id="c", status="running")}
    await made.sweep_after(59)
    assert made.worker.reconciler._doubts == {}
    await made.sweep_after(1.5)
    assert made.host.stopped == []
    await made.sweep_after(5)
    assert made.host.stopped == [made.id]


@pytest.mark.feature("K1")
async def test_operators_look_and_have_it_put_right(tmp_path: Path) -> None:
    host = HostThatObeys()
    async with opened(tmp_path, host=host, pace=replace(CALM, doubt=3600)) as site:
        at = site.workspace()
        ticket = site.running(at)
        site.hub.servers.clear()
        host.volumes = {VOLUME, ticket.environment.disk_id}
        async with site.person("operator") as operator, site.person("ana") as ana:
            assert (await ana.post("reconcile", json={})).status_code == 403
            looked = (await operator.post("reconcile", json={})).json()
            assert looked["dry_run"] is True
            assert [(item["act"], item["object"]) for item in looked["items"]] == [
                ("stop", f"environment:{ticket.environment.id}"),
                ("report", f"disk:{VOLUME}"),
            ]
            assert site.state(at) == "running"
            done = (await operator.post("reconcile", json={"dry_run": False})).json()
            assert done["items"] == looked["items"]
            assert site.state(at) == "paused"
            again = (await operator.post("reconcile", json={})).json()["items"]
    assert {item["act"] for item in again} <= {"note-gone", "report"}
    assert host.deleted == []
