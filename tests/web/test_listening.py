"""What is heard of environments from outside them: processors, traffic, and outages of Hub and Engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import builders
from culler.deadlines import Act, Name
from culler.facts import Facts
from terraspawner.db import activity_records
from terraspawner.db.engine import Database
from terraspawner.domain.activity import REPORT
from terraspawner.errors import HostUnavailable
from terraspawner.host_client import ProcessorTime
from terraspawner.operations import activity, stops
from terraspawner.web.listening import Listening
from tests.operations import crowd
from tests.web.hosts import HostThatObeys
from tests.web.sites import CALM, Site, opened
from tests.web.test_stops import report

pytestmark = pytest.mark.slow


class HostThatComesAndGoes(HostThatObeys):
    """Is away while a test says so."""

    is_away = False

    async def processor_times(self, identifiers: Sequence[str]) -> Mapping[str, ProcessorTime]:
        if self.is_away:
            raise HostUnavailable
        return await super().processor_times(identifiers)


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
def host() -> HostThatComesAndGoes:
    return HostThatComesAndGoes()


@pytest.fixture
async def site(tmp_path: Path, clock: builders.Clock, host: HostThatComesAndGoes) -> AsyncIterator[Site]:
    # the clock is moved between two heartbeats, which would be an outage
    async with opened(tmp_path, clock=clock, host=host, pace=replace(CALM, beat=3600)) as made:
        yield made


@pytest.fixture
def listening(site: Site, clock: builders.Clock) -> Listening:
    """The site's own looks by itself; this one when the test says so."""

    def seconds() -> float:
        return clock.now.timestamp()

    return Listening(site.parts.deeds, site.parts.hub, site.parts.host, clock=seconds)


def known(site: Site, environment_id: str) -> Facts:
    with site.context.database.read() as connection:
        return stops.one(site.context, connection, environment_id)


async def works(
    listening: Listening, clock: builders.Clock, host: HostThatComesAndGoes, name: str, *, cores: float, looks: int
) -> None:
    """An environment uses so many cores while this listens and the culler looks."""
    for _ in range(looks):
        before = host.used.get(name, ProcessorTime(container="c", nanoseconds=0))
        used = before.nanoseconds + int(cores * REPORT.total_seconds() * 1e9)
        clock.move(seconds=REPORT.total_seconds())
        host.used[name] = replace(before, nanoseconds=used)
        await listening.look()


async def test_an_image_that_says_nothing_is_judged_by_its_processors_and_what_is_sent_to_it(
    site: Site, clock: builders.Clock, host: HostThatComesAndGoes, listening: Listening
) -> None:
    at = site.workspace()
    here = site.running(at).environment
    await works(listening, clock, host, here.id, cores=0.5, looks=3)
    facts = known(site, here.id)
    assert (facts.reports, facts.cpu, facts.busy_since) == ("none", 0.5, clock.now - REPORT)
    assert [each.kind for each in facts.work] == ["cpu"]
    await works(listening, clock, host, here.id, cores=0.01, looks=11)
    assert (known(site, here.id).busy_since, known(site, here.id).work) == (None, ())
    sent = clock.now - timedelta(minutes=1)
    site.hub.servers[("ana", at.slug)]["last_activity"] = sent.isoformat()
    await listening.look()
    facts = known(site, here.id)
    assert facts.human_at == sent
    coming = stops.decided(facts)
    assert (coming.act, coming.name) == (Act.KEEP, Name.IDLE)


async def test_another_container_began_to_count_anew(
    site: Site, clock: builders.Clock, host: HostThatComesAndGoes, listening: Listening
) -> None:
    here = site.running(site.workspace()).environment
    host.used[here.id] = ProcessorTime(container="old", nanoseconds=10**12)
    await listening.look()
    clock.move(seconds=30)
    host.used[here.id] = ProcessorTime(container="new", nanoseconds=5)
    await listening.look()
    assert known(site, here.id).cpu is None


async def test_who_says_when_a_person_was_there_is_not_judged_by_traffic(
    site: Site, clock: builders.Clock, listening: Listening
) -> None:
    at = site.workspace()
    ticket = site.running(at)
    began = clock.now
    clock.move(minutes=1)
    await report(site, ticket.key, human=None)
    site.hub.servers[("ana", at.slug)]["last_activity"] = clock.now.isoformat()  # as an open tab leaves it
    await listening.look()
    assert known(site, ticket.environment.id).human_at == began


async def test_after_the_engine_was_away_there_is_a_round_of_grace(
    site: Site, clock: builders.Clock, host: HostThatComesAndGoes, listening: Listening
) -> None:
    here = site.running(site.workspace()).environment
    host.is_away = True
    await listening.look()
    host.is_away = False
    await listening.look()
    assert known(site, here.id).grace_until is None  # one look in vain is no outage
    host.is_away = True
    for _ in range(3):
        await listening.look()
    host.is_away = False
    await listening.look()
    assert known(site, here.id).grace_until == clock.now + timedelta(minutes=5)


async def test_a_hub_that_is_away_is_noticed_too(site: Site, clock: builders.Clock, listening: Listening) -> None:
    here = site.running(site.workspace()).environment
    there, listening._hub = listening._hub, HubThatIsAway()  # type: ignore[assignment]
    for _ in range(2):
        await listening.look()
    listening._hub = there
    await listening.look()
    assert known(site, here.id).grace_until == clock.now + timedelta(minutes=5)


class HubThatIsAway:
    """Answers nobody."""

    async def is_up(self) -> bool:
        return False


async def test_what_is_told_of_very_many_leaves_room_for_others_to_write(
    site: Site, clock: builders.Clock, listening: Listening
) -> None:
    ids = crowd.copies(site.context, site.running(site.workspace()), 450)
    clock.move(minutes=1)
    another, told = Database(site.context.database.url), []  # as the Hub's process has one

    async def with_another(deed: Callable[..., Any], seen: Mapping[str, datetime]) -> None:
        await site.parts.deeds(deed, seen)
        told.append(len(seen))
        with another.write() as connection:
            activity_records.note_moment(connection, "another process", clock.now)

    listening._deeds = with_another  # type: ignore[assignment]
    await listening._tell(activity.note_traffic, dict.fromkeys(ids, clock.now))
    another.close()
    assert told == [200, 200, 50]
    with site.context.database.read() as connection:
        kept = activity_records.kept(connection, ids)
    assert {each.clocks.human_at for each in kept.values()} == {clock.now}
