"""Marks on frozen environments that have to give their memory back, and what the culler's rule makes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

import builders
from culler.deadlines import Act, Name
from terraspawner.db import activity_records
from terraspawner.domain.environment import State
from terraspawner.domain.host_memory import HostMemory
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import FactsMovedOn
from terraspawner.operations import environments, freezing, host_memory, stops
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from tests.operations.watched import due, known, recorded, row, take, up

pytestmark = pytest.mark.slow
GIB = 1024**3
HELD = GIB // 4
BOUND = 16 * GIB * 5 // 100


def left(available: int, pressure: float | None = None) -> HostMemory:
    return HostMemory(total=16 * GIB, available=available, pressure=pressure)


PLENTY, SHORT, PRESSED = left(12 * GIB), left(BOUND - 1), left(2 * BOUND, pressure=50.0)


@pytest.fixture
def frozen(context: Context, clock: builders.Clock) -> list[Ticket]:
    """Three, the oldest first, each frozen a minute after the other."""
    stops.watched(context, due=True)  # the culler is there
    made = [up(context, builders.workspace(context, name=name)) for name in ("alpha", "beta", "gamma")]
    for ticket in made:
        clock.move(minutes=1)
        freeze(context, ticket)
    return made


def freeze(context: Context, ticket: Ticket) -> None:
    freezing.begin(context, ticket.environment.id)
    freezing.frozen(context, ticket.environment.id, ticket.environment.start_number, HELD)


def marks(context: Context, tickets: list[Ticket]) -> list[bool]:
    return [bool(known(context, ticket).memory_short) for ticket in tickets]


@pytest.mark.feature("C8")
def test_the_oldest_is_due_at_once_and_its_person_reads_the_numbers(context: Context, frozen: list[Ticket]) -> None:
    assert due(context) == []
    oldest = frozen[0].environment.id
    why = (
        "The machine has 0.8 GB of memory left of 16 GB; below 5 % what was frozen first is paused, which keeps its"
        " disk."
    )
    assert host_memory.note(context, SHORT) == {oldest: why}
    ((facts, decision),) = due(context)
    assert (facts.id, decision.act, decision.name, decision.why) == (oldest, Act.PAUSE, Name.MEMORY_SHORT, why)
    take(context, facts, decision)
    assert row(context, frozen[0]).reason == why
    assert [(each.act, each.name) for each in recorded(context)] == [("pause", "memory-short")]


def test_as_many_give_theirs_back_as_it_takes(context: Context, frozen: list[Ticket]) -> None:
    host_memory.note(context, left(BOUND - HELD - 1))
    assert marks(context, frozen) == [True, True, False]
    assert len(due(context)) == 2
    host_memory.note(context, left(0))
    assert marks(context, frozen) == [True, True, True]


def test_under_pressure_it_is_one_after_the_other(context: Context, frozen: list[Ticket]) -> None:
    host_memory.note(context, PRESSED)
    assert marks(context, frozen) == [True, False, False]
    take(context, *due(context)[0])
    environments.begin_pause(context, frozen[0].environment.id)
    host_memory.note(context, PRESSED)
    assert marks(context, frozen[1:]) == [False, False]  # what the first one gives back is waited for
    environments.stopped(context, frozen[0].environment.id, frozen[0].environment.start_number)
    host_memory.note(context, PRESSED)
    assert marks(context, frozen[1:]) == [True, False]


def test_what_is_being_paused_counts_as_given_back(context: Context, frozen: list[Ticket]) -> None:
    host_memory.note(context, SHORT)
    environments.begin_pause(context, frozen[0].environment.id)
    host_memory.note(context, left(BOUND - HELD))
    assert marks(context, frozen[1:]) == [False, False]
    host_memory.note(context, left(BOUND - HELD - 1))
    assert marks(context, frozen[1:]) == [True, False]


@pytest.mark.parametrize("then", [PLENTY, None])
def test_a_mark_goes_with_the_shortage_and_when_nobody_knows(
    context: Context, frozen: list[Ticket], then: HostMemory | None
) -> None:
    host_memory.note(context, left(0))
    assert host_memory.note(context, then) == {}
    assert marks(context, frozen) == [False, False, False]
    assert due(context) == []


def test_a_mark_is_news_and_the_next_look_is_none(context: Context, frozen: list[Ticket]) -> None:
    before = known(context, frozen[0])
    host_memory.note(context, SHORT)
    marked = known(context, frozen[0])
    assert marked.revision > before.revision
    assert host_memory.note(context, left(BOUND - 200)) == {}
    assert known(context, frozen[0]) == marked
    facts, decision = due(context)[0]
    host_memory.note(context, PLENTY)
    with pytest.raises(FactsMovedOn):
        take(context, facts, decision)
    assert (row(context, frozen[0]).state, recorded(context)) == (State.FROZEN, [])


def test_without_a_reserve_nothing_is_marked(context: Context, frozen: list[Ticket]) -> None:
    host_memory.note(context, left(0))
    off = replace(context, settings=replace(context.settings, memory_reserve=0))
    assert host_memory.note(off, left(0)) == {}
    assert marks(context, frozen) == [False, False, False]


def test_who_wakes_a_marked_one_keeps_it(context: Context, frozen: list[Ticket], clock: builders.Clock) -> None:
    host_memory.note(context, SHORT)
    facts, decision = due(context)[0]
    here = frozen[0].environment
    assert freezing.wake(context, here.id, here.start_number, user="ana", slug="ana-alpha")
    assert known(context, frozen[0]).memory_short == ""
    with pytest.raises(FactsMovedOn):
        take(context, facts, decision)
    environments.started(context, here.id, here.start_number, "c" * 64)
    host_memory.note(context, SHORT)
    assert marks(context, frozen) == [False, True, False]  # what runs gives nothing back
    clock.move(minutes=1)
    freeze(context, frozen[0])  # the newest now
    assert marks(context, frozen) == [False, True, False]


def test_what_runs_is_never_marked(context: Context, workspace: Workspace) -> None:
    ticket = up(context, workspace)
    assert host_memory.note(context, left(0)) == {}
    environments.begin_pause(context, ticket.environment.id)
    with context.database.read() as connection:
        assert activity_records.standing_still(connection) == []
