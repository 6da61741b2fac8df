"""The worker: deletions carried out from rows, and rows that the Hub contradicts. Its clock is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import builders
from terraspawner.domain.environment import State
from terraspawner.errors import HubUnavailable
from terraspawner.host_client import ContainerState
from terraspawner.hub import ServerState
from terraspawner.operations import deletions, environments, trash, views
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from terraspawner.web.deeds import Deeds
from terraspawner.web.pace import Pace
from terraspawner.web.worker import Periodic, Worker
from tests.web.hosts import HostThatFailsTwice, HostThatObeys, HostThatTellsNothing

STOPPED = ServerState(is_known=True, is_ready=False, pending="")


@dataclass
class HubThatSays:
    """Says the same of every server and obeys."""

    said: ServerState = STOPPED
    forgets_at: int = 1
    """The attempt at which a deletion is done; before that it is on its way."""
    forgotten: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)

    async def server(self, user: str, slug: str) -> ServerState:
        return self.said

    async def start(self, user: str, slug: str, display_name: str = "") -> bool:
        return True

    async def stop(self, user: str, slug: str) -> bool:
        self.stops.append(slug)
        return True

    async def forget(self, user: str, slug: str) -> bool:
        self.forgotten.append(slug)
        return len(self.forgotten) >= self.forgets_at

    async def is_up(self) -> bool:
        return True

    async def close(self) -> None:
        return


class HubThatIsSilent(HubThatSays):
    """Never answers."""

    async def server(self, user: str, slug: str) -> ServerState:
        raise HubUnavailable

    async def forget(self, user: str, slug: str) -> bool:
        raise HubUnavailable


class Seconds:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(kw_only=True)
class Bench:
    """A worker with everything round it."""

    context: Context
    ticket: Ticket
    hub: HubThatSays
    host: HostThatObeys
    seconds: Seconds
    worker: Worker

    @property
    def id(self) -> str:
        return self.ticket.environment.id

    def view(self) -> views.View:
        return views.describe(self.context, user="ana", namespace="ana", name="alpha")

    async def sweep_after(self, seconds: float) -> None:
        self.seconds.now += seconds
        await self.worker.sweep()


@pytest.fixture
def context(tmp_path: Path) -> AsyncIterator[Context]:
    made = builders.context(tmp_path)
    yield made
    made.database.close()


def bench(context: Context, hub: HubThatSays, host: HostThatObeys, *, runs: bool = True) -> Bench:
    at = builders.workspace(context)
    ticket = environments.admit(context, user="ana", slug=at.slug)
    if runs:
        environments.started(context, ticket.environment.id, 1, "c")
    seconds = Seconds()
    worker = Worker(deeds=Deeds(context), hub=hub, host=host, pace=Pace(), clock=seconds)
    return Bench(context=context, ticket=ticket, hub=hub, host=host, seconds=seconds, worker=worker)


async def test_a_deletion_is_carried_out_from_the_row(context: Context) -> None:
    made = bench(context, HubThatSays(), HostThatObeys())
    deletions.mark_deleting(context, made.id, deletes_disk=True)
    await made.worker.sweep()
    assert made.host.deleted == [f"environment {made.id}"]
    assert made.view().state is State.NONE
    assert made.view().disk is None
    (item,) = trash.list_trash(context, "ana")
    trash.purge(context, user="ana", item_id=item.item.id)
    await made.worker.sweep()
    await made.worker.sweep()
    assert made.host.deleted == [f"environment {made.id}", f"disk {made.ticket.environment.disk_id}"]


def with_container(made: Bench, container: str = "c", status: str = "exited") -> Bench:
    """The Engine has a container of its environment."""
    made.host.machine = {made.id: ContainerState(id=container, status=status)}
    return made


@pytest.mark.feature("C17")
async def test_what_came_up_is_stopped_and_waits_in_the_trash_until_it_is_purged(context: Context) -> None:
    made = with_container(bench(context, HubThatSays(), HostThatObeys()))
    deletions.mark_deleting(context, made.id)
    await made.worker.sweep()
    assert (made.hub.forgotten, made.host.stopped, made.host.deleted) == (["ana-alpha"], [made.id], [])
    assert made.view().state is State.NONE
    newer = environments.admit(context, user="ana", slug="ana-alpha").environment
    environments.started(context, newer.id, 1, "d")
    made.hub.said = ServerState(is_known=True, is_ready=True, pending="")
    (item,) = trash.list_trash(context, "ana")
    trash.purge(context, user="ana", item_id=item.item.id)
    await made.worker.sweep()
    # the Hub is not asked again: the server of that name is the newer one's
    assert (made.hub.forgotten, made.host.deleted) == (["ana-alpha"], [f"environment {made.id}"])
    assert (made.view().state, trash.list_trash(context, "ana")) == (State.RUNNING, [])


@pytest.mark.feature("C17")
async def test_a_container_that_never_came_up_is_removed(context: Context) -> None:
    made = with_container(bench(context, HubThatSays(), HostThatObeys(), runs=False), "half-made")
    environments.start_failed(context, made.id, 1, "No.", "")
    deletions.mark_deleting(context, made.id)
    await made.worker.sweep()
    assert (made.host.deleted, trash.list_trash(context, "ana")) == ([f"environment {made.id}"], [])


@pytest.mark.feature("C17")
async def test_no_volume_is_asked_for_before_the_containers_that_refer_to_it_are_gone(context: Context) -> None:
    made = with_container(bench(context, HubThatSays(), HostThatFailsTwice()))
    deletions.mark_deleting(context, made.id, deletes_disk=True)
    await made.worker.sweep()
    disk = made.ticket.environment.disk_id
    (item,) = [each.item for each in trash.list_trash(context, "ana") if each.item.subject == disk]
    trash.purge(context, user="ana", item_id=item.id)
    await made.worker.sweep()
    assert (made.host.tries, made.host.deleted) == (1, [])
    for _ in range(3):
        await made.sweep_after(10)
    assert made.host.deleted == [f"environment {made.id}", f"disk {disk}"]
    assert trash.list_trash(context, "ana") == []


@pytest.mark.feature("C17")
async def test_without_days_in_the_trash_it_goes_at_once(tmp_path: Path) -> None:
    context = builders.context(tmp_path, trash_days=0)
    made = with_container(bench(context, HubThatSays(), HostThatObeys()))
    deletions.mark_deleting(context, made.id)
    await made.worker.sweep()
    assert (made.host.deleted, trash.list_trash(context, "ana")) == ([f"environment {made.id}"], [])
    context.database.close()


async def test_a_host_that_fails_is_asked_again_after_a_growing_pause(context: Context) -> None:
    made = bench(context, HubThatSays(), HostThatFailsTwice())
    deletions.mark_deleting(context, made.id)
    await made.worker.sweep()
    await made.worker.sweep()
    assert (made.host.tries, made.view().state) == (1, State.DELETING)
    await made.sweep_after(1.01)
    assert made.host.tries == 2
    await made.sweep_after(1.01)  # now the pause is two seconds
    assert made.host.tries == 2
    await made.sweep_after(1.01)
    assert (made.host.tries, made.view().state) == (3, State.NONE)


async def test_what_ended_otherwise_is_not_waited_for(context: Context) -> None:
    """Here another process was quicker. Each further sweep would come at once, for good."""
    made = bench(context, HubThatSays(), HostThatFailsTwice())
    deletions.mark_deleting(context, made.id)
    await made.worker.sweep()
    assert made.worker.rest == Pace().back_off
    deletions.finish_delete(context, made.id, "")
    await made.sweep_after(60)
    assert (made.host.tries, made.worker.rest) == (1, Pace().sweep)


async def test_an_error_of_nobodys_making_is_of_that_item_alone(context: Context) -> None:
    came: list[int] = []

    async def act() -> None:
        came.append(1)

    made = bench(context, HubThatSays(), HostThatTellsNothing())
    task = Periodic(name="other", every=600, act=act)
    made.worker = Worker(
        deeds=Deeds(context), hub=made.hub, host=made.host, pace=Pace(), tasks=[task], clock=made.seconds
    )
    deletions.mark_deleting(context, made.id)
    await made.worker.sweep()
    assert (came, made.view().state, made.worker.sweeps) == ([1], State.DELETING, 1)


@pytest.mark.full
async def test_what_fails_for_days_is_tried_again_for_days(context: Context) -> None:
    made = bench(context, HubThatIsSilent(), HostThatObeys())
    deletions.mark_deleting(context, made.id)
    for _ in range(1100):
        await made.sweep_after(60)
    assert made.worker.rest == Pace().sweep


async def test_a_wake_tries_at_once_what_was_waiting(context: Context) -> None:
    made = bench(context, HubThatSays(), HostThatFailsTwice())
    deletions.mark_deleting(context, made.id)
    for _ in range(3):
        made.worker.wake()
        await made.worker.sweep()
    assert made.view().state is State.NONE


async def test_the_container_stays_until_the_hub_has_let_go(context: Context) -> None:
    made = bench(context, HubThatSays(forgets_at=2), HostThatObeys())
    deletions.mark_deleting(context, made.id)
    await made.worker.sweep()
    assert made.host.deleted == []
    await made.sweep_after(0.3)
    assert made.host.deleted == [f"environment {made.id}"]


async def test_a_silent_hub_deletes_and_stops_nothing(context: Context) -> None:
    made = bench(context, HubThatIsSilent(), HostThatObeys())
    await made.worker.sweep()
    await made.sweep_after(60)
    assert made.view().state is State.RUNNING
    deletions.mark_deleting(context, made.id)
    await made.sweep_after(60)
    assert (made.host.deleted, made.view().state) == ([], State.DELETING)


@pytest.mark.parametrize("runs", [True, False])
async def test_what_the_hub_contradicts_for_five_seconds_is_paused_with_a_reason(context: Context, runs: bool) -> None:
    made = bench(context, HubThatSays(), HostThatObeys(), runs=runs)
    await made.worker.sweep()
    await made.sweep_after(4.9)
    assert made.view().state is (State.RUNNING if runs else State.CREATING)
    await made.sweep_after(0.2)
    view = made.view()
    assert view.state is State.PAUSED
    assert view.environment
    assert view.environment.reason.endswith(".")


@pytest.mark.parametrize(
    "said",
    [
        ServerState(is_known=True, is_ready=True, pending=""),
        ServerState(is_known=True, is_ready=False, pending="spawn"),
        ServerState(is_known=True, is_ready=False, pending="check"),
    ],
)
async def test_what_the_hub_confirms_or_is_at_work_on_stays(context: Context, said: ServerState) -> None:
    made = bench(context, HubThatSays(said), HostThatObeys())
    await made.worker.sweep()
    await made.sweep_after(60)
    assert made.view().state is State.RUNNING


async def test_a_doubt_ends_when_the_hub_changes_its_mind(context: Context) -> None:
    made = bench(context, HubThatSays(), HostThatObeys())
    await made.worker.sweep()
    made.hub.said = ServerState(is_known=True, is_ready=True, pending="")
    await made.sweep_after(3)
    made.hub.said = STOPPED
    await made.sweep_after(3)
    assert made.view().state is State.RUNNING


async def test_a_new_start_is_not_ended_by_the_doubt_about_the_last(context: Context) -> None:
    made = bench(context, HubThatSays(), HostThatObeys())
    await made.worker.sweep()
    again = environments.admit(context, user="ana", slug=made.ticket.workspace.slug)
    environments.started(context, again.environment.id, again.environment.start_number, "c")
    await made.sweep_after(6)
    assert made.view().state is State.RUNNING


async def test_a_task_comes_round_and_is_tried_again_when_it_fails(context: Context) -> None:
    came: list[float] = []
    seconds = Seconds()

    async def act() -> None:
        came.append(seconds.now)
        if len(came) == 2:
            raise HubUnavailable

    task = Periodic(name="purge", every=600, act=act)
    worker = Worker(
        deeds=Deeds(context), hub=HubThatSays(), host=HostThatObeys(), pace=Pace(), tasks=[task], clock=seconds
    )
    for moved in (0, 599, 1, 0.5, 0.6, 599, 1):
        seconds.now += moved
        await worker.sweep()
    assert came == [1000, 1600, 1601.1, 2201.1]
