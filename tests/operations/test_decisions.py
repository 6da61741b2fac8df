"""What the culler's decisions do to the rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import builders
from culler.deadlines import Act, Name
from culler.decision import Decision
from culler.facts import Facts
from terraspawner.db import decision_records
from terraspawner.domain.environment import State
from terraspawner.domain.policy import DailyStop
from terraspawner.domain.schedule import schedule_of
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import FactsMovedOn
from terraspawner.operations import (
    audit,
    decisions,
    deletions,
    freezing,
    policies,
)
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from tests.operations.watched import (
    ANAS,
    IDLE,
    TRAIN,
    due,
    known,
    live,
    look_on,
    recorded,
    row,
    say,
    take,
    with_cap,
)

pytestmark = pytest.mark.slow


def test_what_is_idle_is_frozen_and_its_person_reads_why(
    context: Context, clock: builders.Clock, ticket: Ticket, workspace: Workspace
) -> None:
    live(context, clock, ticket, IDLE, minutes=31)
    facts, decision = due(context)[0]
    taken = take(context, facts, decision)
    assert (taken.user, taken.slug, taken.decision.act) == ("ana", workspace.slug, Act.FREEZE)
    assert freezing.is_wanted(context, ticket.environment.id)
    freezing.frozen(context, ticket.environment.id, ticket.environment.start_number, memory=1)
    with context.database.read() as connection:
        why = decisions.why_stopped(connection, ticket.environment.id, State.FROZEN)
    assert why == decision.why
    assert "30 min" in why
    kept = recorded(context)
    assert [(each.act, each.name, each.who, each.at) for each in kept] == [("freeze", "idle", "culler", clock.now)]
    assert Facts.from_json(kept[0].facts) == facts
    lines = [
        each
        for each in audit.entries(context, user="operator", is_operator=True)
        if each.action == "environment-freeze"
    ]
    assert [each.reason for each in lines] == [decision.why]


def test_a_busy_one_is_paused_at_the_cap_and_not_before(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    context = with_cap(context, 1)
    live(context, clock, ticket, TRAIN, seconds=30)
    live(context, clock, ticket, TRAIN, minutes=59)
    assert due(context) == []
    live(context, clock, ticket, TRAIN, minutes=1)
    facts, decision = due(context)[0]
    assert (decision.act, decision.name) == (Act.PAUSE, Name.BUSY_TOO_LONG)
    take(context, facts, decision)
    assert row(context, ticket).reason == decision.why
    assert row(context, ticket).asked["actor"] == decisions.RULES


def test_two_cullers_do_nothing_twice(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    context = with_cap(context, 1)
    live(context, clock, ticket, TRAIN, hours=1, minutes=2)
    facts, decision = due(context)[0]
    done = builders.at_once(*(lambda who=who: take(context, facts, decision, who) for who in ("one", "two", "three")))
    assert sorted(type(each).__name__ for each in done) == ["FactsMovedOn", "FactsMovedOn", "Taken"]
    assert len(recorded(context)) == 1


def test_facts_that_changed_meanwhile_stop_nothing(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    live(context, clock, ticket, IDLE, minutes=31)
    facts, decision = due(context)[0]
    say(context, ticket, replace(IDLE, human=timedelta(seconds=1)))
    with pytest.raises(FactsMovedOn) as refused:
        take(context, facts, decision)
    fresh = Decision.from_json(refused.value.details["decision"])  # type: ignore[arg-type]
    assert (fresh.act, fresh.at) == (Act.KEEP, clock.now - timedelta(seconds=1) + timedelta(minutes=30))
    assert recorded(context) == []


@pytest.mark.parametrize("act", list(Act))
def test_nothing_is_done_that_the_rules_do_not_say(context: Context, ticket: Ticket, act: Act) -> None:
    forged = Decision(act=act, at=None, name=Name.IDLE, why="because")
    with pytest.raises(FactsMovedOn):
        take(context, known(context, ticket), forged)
    assert (row(context, ticket).state, recorded(context)) == (State.RUNNING, [])


def test_a_stop_that_came_to_nothing_is_decided_again(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    context = with_cap(context, 1)
    live(context, clock, ticket, TRAIN, hours=1, minutes=2)
    take(context, *due(context)[0])
    assert due(context) == []  # it is given to the Hub, which does not answer
    live(context, clock, ticket, TRAIN, seconds=61)
    take(context, *due(context)[0])
    assert len(recorded(context)) == 2


def test_what_its_person_deletes_meanwhile_is_not_paused(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    context = with_cap(context, 1)
    live(context, clock, ticket, TRAIN, hours=1, minutes=2)
    facts, decision = due(context)[0]
    deletions.mark_deleting(context, ticket.environment.id)
    with pytest.raises(FactsMovedOn):
        take(context, facts, decision)


def test_silence_is_an_alarm_and_no_pause_and_is_told_once(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    say(context, ticket, IDLE)
    clock.move(seconds=95)
    facts, decision = due(context)[0]
    assert (decision.act, decision.name) == (Act.ALARM, Name.UNREACHABLE)
    take(context, facts, decision)
    assert (due(context), row(context, ticket).state) == ([], State.RUNNING)
    assert "environment-alarm-unreachable" in {
        each.action for each in audit.entries(context, user="operator", is_operator=True)
    }
    clock.move(hours=2)
    assert due(context) == []
    say(context, ticket, IDLE)
    assert known(context, ticket).alarmed == {}
    clock.move(seconds=95)
    assert [each.act for _, each in due(context)] == [Act.ALARM]


def test_after_an_outage_nothing_is_stopped_at_once(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    say(context, ticket, IDLE)
    builders.pass_time(context, clock, 60)
    clock.move(hours=3)
    builders.pass_time(context, clock, 1)  # the first beat says that the service was away
    say(context, ticket, IDLE)
    assert due(context) == []
    live(context, clock, ticket, IDLE, minutes=6)
    assert [decision.act for _, decision in due(context)] == [Act.FREEZE]


def test_a_culler_that_was_away_gives_time_to_be_told(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    end = clock.now + timedelta(minutes=40)
    while clock.now < end:
        clock.move(seconds=30)
        say(context, ticket, IDLE)
    assert due(context) == []
    live(context, clock, ticket, IDLE, minutes=5)
    assert [decision.act for _, decision in due(context)] == [Act.FREEZE]


def test_a_frozen_one_is_paused_after_its_time(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    here = ticket.environment
    freezing.begin(context, here.id)
    freezing.frozen(context, here.id, here.start_number, memory=1)
    look_on(context, clock, minutes=119)
    assert due(context) == []
    look_on(context, clock, minutes=1)
    assert [decision.name for _, decision in due(context)] == [Name.FROZEN_TOO_LONG]


def test_a_daily_stop_is_the_cullers_while_it_is_there(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    at = schedule_of(
        "policy.daily_stop", at="12:10", zone="UTC", days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    )
    policies.change_own(context, **ANAS, change={"daily_stop": DailyStop(schedule=at)})
    live(context, clock, ticket, TRAIN, minutes=10)
    assert policies.judge(context, ticket.environment.id) is None
    assert known(context, ticket).stop_due is not None
    assert due(context) == []  # it waits for work
    live(context, clock, ticket, IDLE, minutes=7)
    assert [(each.act, each.name) for _, each in due(context)] == [(Act.PAUSE, Name.DAILY_STOP)]


def test_a_daily_stop_is_done_without_a_culler_too(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    at = schedule_of(
        "policy.daily_stop", at="12:10", zone="UTC", days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    )
    policies.change_own(context, **ANAS, change={"daily_stop": DailyStop(schedule=at)})
    clock.move(minutes=11)
    assert policies.judge(context, ticket.environment.id) is not None


def test_records_are_told_to_their_person_and_for_replays(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    live(context, clock, ticket, IDLE, minutes=31)
    take(context, *due(context)[0])
    theirs = decisions.of_environment(context, **ANAS)
    assert [(each.act, each.at) for each in theirs] == [("freeze", clock.now)]
    later: datetime = clock.now + timedelta(seconds=1)
    assert decisions.between(context, first=clock.now, last=later) == theirs
    assert decisions.between(context, first=later, last=None) == []
    assert decisions.between(context, first=None, last=None, after=theirs[0].id) == []
    assert decision_records.Record is type(theirs[0])
