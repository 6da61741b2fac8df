"""What the worker makes of rows that say frozen, or on the way there: the Engine is asked besides the Hub (C8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import builders
from terraspawner.domain.environment import State
from terraspawner.hub import ServerState
from terraspawner.operations import freezing, identities
from terraspawner.operations.context import Context
from tests.web.hosts import HostThatIsSilent, HostThatObeys
from tests.web.test_worker import STOPPED, Bench, HubThatSays, bench

READY = ServerState(is_known=True, is_ready=True, pending="")
STOPPING = ServerState(is_known=True, is_ready=False, pending="stop")
HELD = 5 * 1024**2


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = builders.context(tmp_path)
    yield made
    made.database.close()


def wished(context: Context, hub: HubThatSays, host: HostThatObeys | None = None) -> Bench:
    """An environment that shall be frozen."""
    made = bench(context, hub, host or HostThatObeys())
    freezing.begin(context, made.id)
    return made


def frozen(context: Context, hub: HubThatSays, host: HostThatObeys | None = None) -> Bench:
    made = wished(context, hub, host)
    freezing.frozen(context, made.id, 1, HELD)
    made.host.frozen[made.id] = HELD
    return made


@pytest.mark.feature("C8")
async def test_what_stands_still_is_left_alone(context: Context) -> None:
    made = frozen(context, HubThatSays())
    await made.worker.sweep()
    await made.sweep_after(3600)
    assert (made.view().state, made.hub.stops) == (State.FROZEN, [])


async def test_a_silent_engine_ends_nothing_that_is_frozen(context: Context) -> None:
    made = frozen(context, HubThatSays(), HostThatIsSilent())
    await made.worker.sweep()
    await made.sweep_after(3600)
    assert (made.view().state, made.hub.stops) == (State.FROZEN, [])


async def test_what_ended_while_it_was_frozen_is_ended_by_the_hub_and_paused_with_a_reason(context: Context) -> None:
    made = frozen(context, HubThatSays())
    made.host.frozen.clear()
    await made.worker.sweep()
    assert (made.view().state, made.hub.stops) == (State.FROZEN, [])
    await made.sweep_after(5.1)
    here = made.view().environment
    assert here
    assert (here.state, made.hub.stops) == (State.PAUSED, ["ana-alpha"])
    assert "ended while it was frozen" in here.reason
    assert identities.identify(context, made.ticket.key) is None


async def test_a_wake_under_way_is_no_contradiction(context: Context) -> None:
    made = frozen(context, HubThatSays(ServerState(is_known=True, is_ready=False, pending="spawn")))
    made.host.frozen.clear()
    await made.worker.sweep()
    await made.sweep_after(60)
    assert (made.view().state, made.hub.stops) == (State.FROZEN, [])


async def test_a_freeze_that_the_hub_never_heard_of_is_asked_for_again(context: Context) -> None:
    made = wished(context, HubThatSays(READY))
    await made.worker.sweep()
    assert made.hub.stops == []
    await made.sweep_after(5.1)
    assert (made.view().state, made.hub.stops) == (State.FREEZING, ["ana-alpha"])


async def test_a_freeze_under_way_is_waited_for(context: Context) -> None:
    made = wished(context, HubThatSays(STOPPING))
    await made.worker.sweep()
    await made.sweep_after(60)
    assert (made.view().state, made.hub.stops) == (State.FREEZING, [])


async def test_a_freeze_that_was_done_and_not_written_down_is_written_down(context: Context) -> None:
    made = wished(context, HubThatSays(STOPPED))
    made.host.frozen[made.id] = HELD
    await made.worker.sweep()
    await made.sweep_after(5.1)
    here = made.view().environment
    assert here
    assert (here.state, here.frozen_memory, made.hub.stops) == (State.FROZEN, HELD, [])
    assert identities.identify(context, made.ticket.key) is not None


async def test_what_ended_before_it_was_frozen_is_paused_with_a_reason(context: Context) -> None:
    made = wished(context, HubThatSays(STOPPED))
    await made.worker.sweep()
    await made.sweep_after(5.1)
    here = made.view().environment
    assert here
    assert (here.state, here.reason) == (
        State.PAUSED,
        "The environment ended before it was frozen. Its disk is untouched.",
    )
