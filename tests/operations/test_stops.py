"""What is known of environments, and what comes next for them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

import builders
from counting import counted
from culler.deadlines import Act, Name
from culler.facts import Facts
from terraspawner.domain.activity import Report
from terraspawner.operations import (
    policies,
    stops,
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
    say,
    up,
)

pytestmark = pytest.mark.slow


def test_facts_say_what_the_contract_does(context: Context, ticket: Ticket) -> None:
    say(context, ticket, TRAIN)
    told = known(context, ticket).as_json()
    example = json.loads((Path(__file__).parents[1] / "contracts" / "facts.json").read_text())[0]["facts"]
    assert set(told) == set(example)
    assert set(told["policy"]) == set(example["policy"])
    assert Facts.from_json(json.loads(json.dumps(told))) == known(context, ticket)


def test_facts_are_what_was_heard(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    began = clock.now
    clock.move(seconds=30)
    say(context, ticket, TRAIN)
    facts = known(context, ticket)
    assert (facts.state, facts.started_at, facts.human_at) == ("running", began, began)
    assert (facts.reports, facts.reported_at, facts.busy_since) == ("known", clock.now, clock.now)
    assert [each.what for each in facts.work] == ["edit/train.ipynb"]
    clock.move(seconds=95)
    assert (known(context, ticket).reports, known(context, ticket).missed) == ("silent", 3)


def test_an_environment_is_looked_at_only_when_something_may_be_due(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    say(context, ticket, IDLE)
    assert due(context) == []
    assert looked_at(context, clock) == []
    live(context, clock, ticket, IDLE, minutes=29)
    assert due(context) == []
    live(context, clock, ticket, IDLE, minutes=1)
    assert [(decision.act, decision.name) for _, decision in due(context)] == [(Act.FREEZE, Name.IDLE)]


def looked_at(context: Context, clock: builders.Clock) -> list[str]:
    """Ids of those that the culler's next question would have the service look at."""
    with context.database.read() as connection:
        found = stops.activity_records.watched(connection, due_at=clock.now, after="", limit=10)
    return [here.id for here, _ in found]


def test_reports_alone_give_nothing_to_look_at_whatever_they_say_and_silence_does(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    typed = Report(human=timedelta(seconds=2))
    for said in (IDLE, IDLE, IDLE, IDLE, TRAIN, TRAIN, typed, typed, TRAIN, IDLE):
        clock.move(seconds=30)
        say(context, ticket, said)
        assert looked_at(context, clock) == []
    clock.move(seconds=90)
    assert looked_at(context, clock) == [ticket.environment.id]


def test_without_due_all_are_told_page_by_page(context: Context, ticket: Ticket) -> None:
    other = up(context, builders.workspace(context, name="beta"))
    first, after = stops.watched(context, due=False, limit=1)
    second, end = stops.watched(context, due=False, after=str(after), limit=1)
    ids = [facts.id for facts, _ in (*first, *second)]
    assert sorted(ids) == ids == sorted([ticket.environment.id, other.environment.id])
    assert stops.watched(context, due=False, after=str(end)) == ([], None)


def test_a_changed_policy_is_looked_at_at_once(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    live(context, clock, ticket, IDLE, minutes=15)
    assert due(context) == []
    policies.change_own(context, **ANAS, change={"idle": 600})
    assert [decision.name for _, decision in due(context)] == [Name.IDLE]


def test_a_stop_is_told_only_where_somebody_carries_it_out(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    told = say(context, ticket, IDLE)
    assert told is not None
    assert (told[0].name, told[0].at) == (Name.IDLE, clock.now + timedelta(minutes=30))
    clock.move(minutes=6)
    assert say(context, ticket, IDLE) is None
    stops.watched(context, due=False)  # somebody looks, as a dry run does
    assert say(context, ticket, IDLE) is None
    stops.watched(context, due=True)
    assert say(context, ticket, IDLE) is not None


@pytest.mark.feature("G11")
def test_a_report_costs_few_statements_with_whatever_is_written_of_it(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    say(context, ticket, TRAIN)
    live(context, clock, ticket, IDLE, minutes=6)
    for report in (IDLE, TRAIN, TRAIN):
        clock.move(seconds=30)
        with counted(context) as statements:
            assert say(context, ticket, report) is not None
        # who it is, of two tables; what is known of it; what it says, in two rows
        asked = [each for each in statements if each.startswith(("SELECT", "UPDATE")) and "advisory" not in each]
        assert len(asked) == 5, asked
        assert len(statements) <= 7, "and both begin a transaction"
