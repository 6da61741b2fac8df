"""The culler against the running service, over its REST API and its token; time goes by on the service's clock."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import builders
from culler.client import Service
from culler.sweep import Sweeper, Swept
from terraspawner.domain.activity import Claim, Kind, Report
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import Unavailable
from terraspawner.operations import decisions
from terraspawner.operations.environments import Ticket
from tests.operations.watched import IDLE, TRAIN, say
from tests.web.hubs import serving
from tests.web.sites import API, CALM, Site, opened

pytestmark = pytest.mark.slow

TERMINAL = Report(work=(Claim(kind=Kind.TERMINAL, what="python train.py", pid=7),))


@dataclass(kw_only=True)
class Place:
    """A site with its culler. `url` is where the service listens."""

    site: Site
    clock: builders.Clock
    url: str
    service: Service

    def culler(self) -> Sweeper:
        return Sweeper(self.service, at_once=8, patience=60)

    async def sweep(self) -> Swept:
        one = self.culler()
        swept = await one.sweep()
        await one.settle()
        return swept

    async def passes(self, minutes: int, *said: tuple[Ticket, Report], sweeps: bool = True) -> None:
        """So much time, in which these environments report every minute; the culler sweeps now and then, and last."""
        for minute in range(1, minutes + 1):
            self.clock.move(minutes=1)
            for ticket, report in said:
                say(self.site.context, ticket, report)
            if sweeps and (minute % 4 == 0 or minute == minutes):
                await self.sweep()

    def states(self, at: Workspace, *users: str) -> list[str]:
        return [self.site.state(at, user) for user in users]

    def decided(self) -> list[tuple[str, str]]:
        """Acts and names of all that was decided."""
        found = decisions.between(self.site.context, first=None, last=None)
        return [(each.decision["act"], each.decision["name"]) for each in found]

    @property
    def token(self) -> str:
        return self.site.hub.token("culler", kind="service", scopes=())


@asynccontextmanager
async def placed(folder: Path, **changes: Any) -> AsyncIterator[Place]:
    clock = builders.Clock()
    pace = replace(CALM, beat=3600)  # between two beats of this machine hours go by on the clock: that is no outage
    async with opened(folder, clock=clock, pace=pace, **changes) as site, serving(site.door) as url:
        service = Service(f"{url}{API}", site.hub.token("culler", kind="service", scopes=()))
        place = Place(site=site, clock=clock, url=url, service=service)
        try:
            await place.sweep()  # the culler is there
            yield place
        finally:
            await service.close()


@pytest.mark.feature("G1", "G9", "G10")
async def test_what_is_idle_is_frozen_on_time_then_paused_and_its_person_reads_why(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        at = place.site.workspace()
        ticket = place.site.running(at)
        await place.passes(29, (ticket, IDLE))
        assert place.states(at, "ana") == ["running"]
        await place.passes(1, (ticket, IDLE))
        assert place.states(at, "ana") == ["frozen"]
        await place.passes(119)
        assert place.states(at, "ana") == ["frozen"]
        await place.passes(2)
        assert place.states(at, "ana") == ["paused"]
        assert place.decided() == [("freeze", "idle"), ("pause", "frozen-too-long")]
        here = (await place.site.person().get(f"workspaces/{at.namespace}/{at.name}/environment")).json()
        assert here["reason"].startswith("Frozen for 2 h 1 min, since 12:30 UTC")


@pytest.mark.full
@pytest.mark.feature("G2", "G4")
@pytest.mark.parametrize("work", [TRAIN, TERMINAL])
async def test_what_computes_is_paused_at_the_cap_and_not_before(tmp_path: Path, work: Report) -> None:
    async with placed(tmp_path, busy_cap=3600) as place:
        at = place.site.workspace()
        ticket = place.site.running(at)
        await place.passes(60, (ticket, work))
        assert (place.states(at, "ana"), place.decided()) == (["running"], [])
        await place.passes(1, (ticket, work))
        assert place.states(at, "ana") == ["paused"]
        assert place.decided() == [("pause", "busy-too-long")]


@pytest.mark.full
@pytest.mark.feature("G7")
async def test_what_does_not_report_any_more_is_an_alarm_once_and_runs_on_to_the_cap(tmp_path: Path) -> None:
    async with placed(tmp_path, busy_cap=3600) as place:
        at = place.site.workspace()
        ticket = place.site.running(at)
        await place.passes(5, (ticket, IDLE))
        await place.passes(50)
        assert (place.states(at, "ana"), place.decided()) == (["running"], [("alarm", "unreachable")])
        await place.passes(20)
        assert place.states(at, "ana") == ["paused"]
        assert place.decided() == [("alarm", "unreachable"), ("pause", "busy-too-long")]


@pytest.mark.full
async def test_two_cullers_at_once_stop_each_environment_once(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        at = [place.site.workspace(name=f"w{number}") for number in range(6)]
        tickets = [place.site.running(each) for each in at]
        await place.passes(29, *[(each, IDLE) for each in tickets])
        await place.passes(1, *[(each, IDLE) for each in tickets], sweeps=False)
        one, other = place.culler(), place.culler()
        found = await asyncio.gather(one.sweep(), other.sweep())
        await asyncio.gather(one.settle(), other.settle())
        assert [each.asked for each in found] == [6, 6]
        assert place.decided() == [("freeze", "idle")] * 6
        assert {place.site.state(each) for each in at} == {"frozen"}


@pytest.mark.full
@pytest.mark.feature("G11")
async def test_while_the_culler_was_away_nothing_was_stopped_and_then_there_is_a_round_of_grace(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        at = place.site.workspace()
        ticket = place.site.running(at)
        await place.passes(60, (ticket, IDLE), sweeps=False)
        assert await place.sweep() == Swept()
        assert place.states(at, "ana") == ["running"]
        await place.passes(4, (ticket, IDLE))
        assert place.states(at, "ana") == ["running"]
        await place.passes(2, (ticket, IDLE))
        assert place.states(at, "ana") == ["frozen"]


@pytest.mark.feature("G7")
async def test_while_the_service_is_away_the_culler_stops_nothing_and_says_so(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        async with serving(place.site.door) as url:
            gone = Service(f"{url}{API}", place.token)
        with pytest.raises(Unavailable):
            await Sweeper(gone, at_once=1, patience=1).sweep()
        await gone.close()


@asynccontextmanager
async def program(place: Place, *words: str, token: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    environ = {
        "TERRA_CULLER_TOKEN": token or place.token,
        "TERRA_CULLER_SERVICE_URL": place.url,
        "TERRA_CULLER_SECONDS": "1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "culler", *words, env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.feature("G10")
async def test_a_dry_run_says_what_comes_and_changes_nothing_and_a_replay_reckons_the_records_again(
    tmp_path: Path,
) -> None:
    async with placed(tmp_path) as place:
        at, other = place.site.workspace(), place.site.workspace(name="beta")
        ticket, busy = place.site.running(at), place.site.running(other)
        await place.passes(30, (ticket, IDLE), (busy, TRAIN), sweeps=False)
        await place.sweep()
        async with program(place, "--dry-run") as process:
            said, fault = (each.decode() for each in await process.communicate())
        assert (process.returncode, fault) == (0, "")
        assert f"ana in {at.namespace}/{at.name}: keep until " in said
        assert "nothing is stopped before" in said
        assert f"ana in {other.namespace}/{other.name}: keep until " in said
        assert "edit/train.ipynb computes" in said
        assert place.decided() == []
        await place.passes(6, (ticket, IDLE), (busy, TRAIN))
        assert place.decided() == [("freeze", "idle")]
        (tmp_path / "short.toml").write_text("idle = 600\ngrace = 0\n")
        async with program(place, "replay", "--policy", str(tmp_path / "short.toml")) as process:
            said, fault = (each.decode() for each in await process.communicate())
        assert (process.returncode, fault) == (0, "")
        rows = {line.rsplit(maxsplit=4)[0]: line.split()[-4:] for line in said.splitlines()[1:]}
        assert rows["as it was"] == ["1", "0.0", "0", "0"]
        stops, saved, lost, never = rows["short.toml"]
        assert (stops, lost, never) == ("1", "0", "0")
        assert float(saved) > 0


async def test_the_process_sweeps_until_it_is_told_to_end(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        at = place.site.workspace()
        ticket = place.site.running(at)
        await place.passes(29, (ticket, IDLE))
        await place.passes(1, (ticket, IDLE), sweeps=False)
        async with program(place) as process:
            assert process.stderr
            async for line in process.stderr:
                if b"freeze (idle): Idle for 30 min" in line:
                    break
            process.terminate()
            assert await process.wait() == 0
        assert place.states(at, "ana") == ["frozen"]


@pytest.mark.full
async def test_a_token_that_is_not_the_cullers_ends_in_a_sentence(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        for token in ("nobody-s", place.site.hub.token("ana"), place.site.hub.token("other", kind="service")):
            async with program(place, "--dry-run", token=token) as process:
                said, fault = (each.decode() for each in await process.communicate())
            assert (process.returncode, said) == (1, "")
            assert "does not take the culler's token" in fault
