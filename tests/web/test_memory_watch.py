"""The machine runs short: the service hears it from the host service, and the culler pauses what was frozen first."""

from __future__ import annotations

from pathlib import Path

import pytest

from terraspawner.domain.host_memory import HostMemory
from terraspawner.operations import freezing
from terraspawner.web.memory_watch import MemoryWatch
from tests.web.hosts import HostThatIsSilent, HostThatObeys
from tests.web.hubs import until
from tests.web.test_culler import Place, placed

pytestmark = pytest.mark.slow
GIB = 1024**3
HELD = GIB
SHORT = HostMemory(total=16 * GIB, available=GIB // 2).as_json()


def with_frozen(place: Place, *names: str) -> None:
    """One in each of these workspaces, frozen in this order."""
    for name in names:
        here = place.site.running(place.site.workspace(name=name)).environment
        place.clock.move(seconds=1)
        freezing.begin(place.site.context, here.id)
        freezing.frozen(place.site.context, here.id, here.start_number, HELD)


async def look(place: Place) -> None:
    parts = place.site.parts
    await MemoryWatch(parts.deeds, parts.host).look()


@pytest.mark.feature("C8")
async def test_when_memory_is_short_what_was_frozen_first_is_paused_and_its_person_reads_why(tmp_path: Path) -> None:
    host = HostThatObeys()
    async with placed(tmp_path, host=host) as place:
        with_frozen(place, "alpha", "beta")
        await look(place)
        await place.sweep()
        assert place.decided() == []
        host.left = SHORT
        await look(place)
        await place.sweep()
        assert place.decided() == [("pause", "memory-short")]
        async with place.site.person() as ana:
            told = [(await ana.get(f"workspaces/ana/{name}/environment")).json() for name in ("alpha", "beta")]
        assert [each["state"] for each in told] == ["paused", "frozen"]
        assert told[0]["reason"] == (
            "The machine has 0.5 GB of memory left of 16 GB; below 5 % what was frozen first is paused, which keeps"
            " its disk."
        )


async def test_a_host_that_does_not_say_costs_nobody_anything(tmp_path: Path) -> None:
    said = HostThatObeys()
    said.left = SHORT
    async with placed(tmp_path, host=HostThatIsSilent()) as place:  # which the worker's own looks ask, too
        with_frozen(place, "alpha")
        await MemoryWatch(place.site.parts.deeds, said).look()
        await look(place)
        await place.sweep()
        assert place.decided() == []


async def test_without_a_reserve_nobody_is_asked(tmp_path: Path) -> None:
    host = HostThatObeys()
    async with placed(tmp_path, host=host, memory_reserve=0) as place:
        with_frozen(place, "alpha")
        host.left = SHORT
        asked = host.asked_for_memory
        await look(place)
        await place.sweep()
        assert (place.decided(), host.asked_for_memory - asked) == ([], 0)


async def test_the_worker_looks_by_itself(tmp_path: Path) -> None:
    host = HostThatObeys()
    async with placed(tmp_path, host=host):
        await until(lambda: host.asked_for_memory > 0, "the host service is asked")
