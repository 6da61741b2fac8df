"""The reconciler where much runs: the Hub is asked about some of it at a time (K1)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import builders
from terraspawner.domain.environment import State
from terraspawner.host_client import ContainerState
from terraspawner.hub import ServerState
from terraspawner.operations import environments
from terraspawner.operations.context import Context
from terraspawner.web.deeds import Deeds
from terraspawner.web.pace import Pace
from terraspawner.web.reconciler import Reconciler
from tests.web.hosts import HostThatObeys
from tests.web.test_worker import STOPPED, Bench, HubThatSays, bench

pytestmark = pytest.mark.slow


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = builders.context(tmp_path)
    yield made
    made.database.close()


class HubThatCounts(HubThatSays):
    """Remembers about whom it was asked since."""

    asked: frozenset[str] = frozenset()

    async def server(self, user: str, slug: str) -> ServerState:
        self.asked |= {slug}
        return self.said

    def since(self) -> list[str]:
        asked, self.asked = self.asked, frozenset()
        return sorted(asked)


def many(context: Context, hub: HubThatCounts) -> Bench:
    """Three that run on the machine as well; the Hub is asked about one of them in a sweep."""
    made = bench(context, hub, HostThatObeys())
    made.worker.reconciler = Reconciler(
        deeds=Deeds(context), hub=hub, host=made.host, pace=Pace(asks=1), clock=made.seconds
    )
    made.host.machine = {made.id: ContainerState(id="c", status="running")}
    for name in ("beta", "gamma"):
        at = builders.workspace(context, name=name)
        here = environments.admit(context, user="ana", slug=at.slug).environment
        environments.started(context, here.id, 1, "c")
        made.host.machine[here.id] = ContainerState(id="c", status="running")
    return made


@pytest.mark.feature("K1")
async def test_of_much_that_runs_the_hub_is_asked_in_turn_and_by_operators_about_all(context: Context) -> None:
    hub = HubThatCounts(ServerState(is_known=True, is_ready=True, pending=""))
    made = many(context, hub)
    asked = []
    for _ in range(6):
        await made.sweep_after(25)  # some of these looks are at everything
        asked.append(hub.since())
    assert {len(each) for each in asked} == {1}
    assert asked[:3] == asked[3:]
    assert sorted(each for (each,) in asked[:3]) == ["ana-alpha", "ana-beta", "ana-gamma"]
    await made.worker.reconciler.look()
    assert hub.since() == ["ana-alpha", "ana-beta", "ana-gamma"]
    environments.begin_pause(context, made.id)
    for _ in range(2):
        await made.sweep_after(5)
        assert "ana-alpha" in hub.since(), "what is on its way waits for no turn"


@pytest.mark.feature("K1")
async def test_what_ended_by_itself_is_paused_although_others_are_asked_about_first(context: Context) -> None:
    hub = HubThatCounts(ServerState(is_known=True, is_ready=True, pending=""))
    made = many(context, hub)
    await made.sweep_after(5)
    assert made.host.machine is not None
    hub.said, gone = STOPPED, ContainerState(id="c", status="exited")
    made.host.machine = dict.fromkeys(made.host.machine, gone)
    await made.sweep_after(60)  # at everything: the machine says that none of them runs
    assert hub.since()[-3:] == ["ana-alpha", "ana-beta", "ana-gamma"]
    await made.sweep_after(5)
    assert {here.state for here, _ in environments.environments_in(context, frozenset(State))} == {State.PAUSED}
