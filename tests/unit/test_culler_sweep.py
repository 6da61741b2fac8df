"""Sweeps: what is due is acted on, many at the same time, and nothing that goes wrong with one touches another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from culler.__main__ import _StateFile
from culler.client import Answer, Listed, Outcome
from culler.decision import Act, Decision
from culler.facts import Facts
from culler.sweep import Sweeper, Swept, run
from terraspawner.errors import TerraError, Unavailable
from tests.culler_scene import HOUR, idle, ok
from tests.web.hubs import until


def due(number: int) -> Facts:
    return replace(idle(HOUR), id=f"{number:016x}", user=f"user{number}")


@dataclass
class ServiceOf:
    """Has these environments, and stops each once: a second one who asks finds other facts."""

    environments: list[Facts | str] = field(default_factory=list)
    done: dict[str, Act] = field(default_factory=dict)
    moved_on: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def facts(self, *, due: bool) -> AsyncIterator[Listed]:
        for each in list(self.environments):
            if isinstance(each, str):
                yield Listed(id=each, fault="The facts have no 'revision'.")
            elif each.id not in self.done:
                yield Listed(id=each.id, facts=each)

    async def act_on(self, facts: Facts, decision: Decision) -> Answer:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.on_the_way(facts)
        finally:
            self.at_once -= 1
        if facts.id in self.done:
            self.moved_on += 1
            return Answer(outcome=Outcome.MOVED_ON, message="The facts have moved on.")
        self.done[facts.id] = decision.act
        return Answer(outcome=Outcome.DONE)

    async def on_the_way(self, facts: Facts) -> None:
        await asyncio.sleep(0)


@dataclass
class ServiceThatSticks(ServiceOf):
    """Does not answer for `stuck` until it is let go."""

    stuck: str = ""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def on_the_way(self, facts: Facts) -> None:
        if facts.id == self.stuck:
            await self.let_go.wait()


@dataclass
class ServiceThatFailsFor(ServiceOf):
    """Raises `error` for the first environment, once."""

    error: Exception = field(default_factory=TerraError)

    async def on_the_way(self, facts: Facts) -> None:
        if facts.id == due(0).id and not self.done.get("failed"):
            self.done["failed"] = Act.KEEP
            raise self.error


@dataclass
class ServiceThatComesBack(ServiceOf):
    """Is away for the first sweeps, and ends the sweeping when it was asked for good."""

    away: int = 3
    ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def facts(self, *, due: bool) -> AsyncIterator[Listed]:
        if self.away:
            self.away -= 1
            raise Unavailable if self.away else ValueError("no JSON")
        self.ending.set()
        async for each in super().facts(due=due):
            yield each


@dataclass
class Diary:
    """What a sweep was said to be."""

    said: list[str] = field(default_factory=list)

    def went_well(self, swept: Swept) -> None:
        self.said.append("well")

    def failed(self, message: str) -> None:
        self.said.append("failed")


def sweeper(service: ServiceOf, *, at_once: int = 16, patience: float = 60) -> Sweeper:
    return Sweeper(service, at_once=at_once, patience=patience)


async def test_what_is_due_is_done_and_what_is_not_is_kept() -> None:
    service = ServiceOf([due(0), replace(ok(), id="kept"), "unreadable", due(1)])
    one = sweeper(service)
    assert await one.sweep() == Swept(listed=4, asked=2, unread=1)
    await one.settle()
    assert service.done == {due(0).id: Act.FREEZE, due(1).id: Act.FREEZE}


async def test_one_that_is_stuck_delays_no_other_and_is_asked_for_once() -> None:
    service = ServiceThatSticks([due(number) for number in range(40)], stuck=due(0).id)
    one = sweeper(service, at_once=2)
    assert await one.sweep() == Swept(listed=40, asked=40)
    await until(lambda: len(service.done) == 39, "all others are done")
    service.environments.append(due(50))
    assert await one.sweep() == Swept(listed=2, asked=1, waiting=1)
    await until(lambda: due(50).id in service.done, "a new one is done as well")
    assert service.most_at_once == 2
    service.let_go.set()
    await one.settle()
    assert service.done[due(0).id] is Act.FREEZE


async def test_one_that_stays_stuck_is_given_up_and_asked_for_again() -> None:
    service = ServiceThatSticks([due(0)], stuck=due(0).id)
    one = sweeper(service, patience=0.001)
    await one.sweep()
    await one.settle()
    assert not service.done
    service.let_go.set()
    assert await one.sweep() == Swept(listed=1, asked=1)
    await one.settle()
    assert service.done == {due(0).id: Act.FREEZE}


@pytest.mark.parametrize("error", [Unavailable(), TerraError("Refused."), ValueError("something of nobody's making")])
async def test_what_goes_wrong_with_one_is_tried_again_and_touches_no_other(error: Exception) -> None:
    service = ServiceThatFailsFor([due(0), due(1)], error=error)
    one = sweeper(service)
    await one.sweep()
    await one.settle()
    assert due(1).id in service.done
    assert due(0).id not in service.done
    await one.sweep()
    await one.settle()
    assert service.done[due(0).id] is Act.FREEZE


async def test_of_two_cullers_one_acts_and_the_other_finds_that_the_facts_have_moved_on() -> None:
    service = ServiceOf([due(number) for number in range(20)])
    one, other = sweeper(service), sweeper(service)
    await asyncio.gather(one.sweep(), other.sweep())
    await asyncio.gather(one.settle(), other.settle())
    assert len(service.done) == 20
    assert service.moved_on == 20


@pytest.mark.feature("G11")
async def test_while_the_service_is_away_nothing_is_decided_and_the_sweeps_go_on_when_it_is_back() -> None:
    service = ServiceThatComesBack([due(0)])
    diary = Diary()
    await run(sweeper(service), 0.001, service.ending, diary)
    assert diary.said == ["failed", "failed", "failed", "well"]
    assert service.done == {due(0).id: Act.FREEZE}


async def test_a_health_file_that_cannot_be_written_ends_no_sweeping(tmp_path: Path) -> None:
    service = ServiceThatComesBack([due(0)], away=2)
    await run(sweeper(service), 0.001, service.ending, _StateFile(tmp_path / "missing" / "state"))
    assert service.done == {due(0).id: Act.FREEZE}


async def test_at_the_end_what_is_stuck_is_let_go() -> None:
    service = ServiceThatSticks([due(0)], stuck=due(0).id)
    one = sweeper(service)
    await one.sweep()
    await one.settle(within=0.001)
    assert await one.sweep() == Swept(listed=1, asked=1)
    await one.settle(within=0.001)
    assert not service.done
