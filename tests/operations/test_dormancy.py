"""What is paused for long: its person is told three times, then it goes into the trash with its disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

import builders
from culler.deadlines import Act, Name
from culler.decision import Decision
from culler.dormancy import NOTICES
from culler.facts import Facts
from terraspawner.db import activity_records, records
from terraspawner.domain.disk import DiskState
from terraspawner.domain.environment import State
from terraspawner.domain.policy import OFF
from terraspawner.domain.trash import Kind
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import FactsMovedOn, OutboxNotEmpty
from terraspawner.operations import audit, cullers, decisions, deletions, environments, policies, stops, trash
from terraspawner.operations.activity import GRACE
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from tests.operations.watched import ANAS, due, known, look_on, recorded, row, take, up

pytestmark = [pytest.mark.slow, pytest.mark.feature("G1")]

DAY = 24 * 3600
MINUTES = int(GRACE.total_seconds()) // 60


@pytest.fixture
def ticket(context: Context, workspace: Workspace) -> Ticket:
    """Paused at this moment."""
    due(context)  # the culler is there
    return rested(context, up(context, workspace))


def rested(context: Context, ticket: Ticket) -> Ticket:
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)
    return ticket


def after(context: Context, clock: builders.Clock, **time: float) -> list[tuple[Facts, Decision]]:
    """What is due then. The culler was away in between, so a round of grace is over as well."""
    clock.move(**time)
    due(context)
    look_on(context, clock, minutes=MINUTES)
    return due(context)


def told(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    """All notices, and then the day that the last one names."""
    for days in (60, 23, 6):
        ((facts, decision),) = after(context, clock, days=days)
        assert decision.act is Act.NOTICE
        take(context, facts, decision)
    assert after(context, clock, hours=23) == []


def noted(context: Context, action: str) -> list[str]:
    return [each.reason for each in audit.entries(context, user="operator", is_operator=True) if each.action == action]


def test_its_person_is_told_three_times_and_then_it_goes_into_the_trash(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    assert due(context) == []
    assert after(context, clock, days=59) == []
    ((facts, decision),) = after(context, clock, days=1)
    assert (decision.act, decision.name) == (Act.NOTICE, Name.DORMANT_NOTICE)
    take(context, facts, decision)
    assert due(context) == []
    take_rest = [after(context, clock, days=days) for days in (22, 1)]
    assert take_rest[0] == []
    take(context, *take_rest[1][0])
    take(context, *after(context, clock, days=6)[0])
    assert after(context, clock, hours=23) == []
    ((facts, decision),) = after(context, clock, hours=1)
    assert (decision.act, decision.name, row(context, ticket).state) == (Act.TRASH, Name.DORMANT, State.PAUSED)
    take(context, facts, decision)
    assert (row(context, ticket).state, row(context, ticket).reason) == (State.DELETING, decision.why)
    assert due(context) == []
    assert len(noted(context, "environment-dormant-notice")) == len(NOTICES)
    assert noted(context, "environment-delete") == [decision.why]
    assert [each.act for each in recorded(context)] == ["notice", "notice", "notice", "trash"]
    assert Facts.from_json(recorded(context)[-1].facts) == facts


def test_it_is_in_the_trash_with_its_disk_says_why_and_comes_back(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    told(context, clock, ticket)
    ((facts, decision),) = after(context, clock, hours=1)
    take(context, facts, decision)
    deletions.finish_delete(context, ticket.environment.id, "c" * 64)
    found = {each.item.kind: each for each in trash.list_trash(context, "ana")}
    assert set(found) == {Kind.ENVIRONMENT, Kind.DISK}
    here = found[Kind.ENVIRONMENT]
    assert (here.item.trashed_by, here.disk, here.obstacle) == (decisions.RULES, DiskState.TRASHED, "")
    assert here.item.purge_at == clock.now + timedelta(days=context.settings.trash_days)
    assert here.environment is not None
    assert here.environment.reason == decision.why
    trash.restore(context, user="ana", item_id=here.item.id)
    assert (row(context, ticket).state, row(context, ticket).since) == (State.PAUSED, clock.now)
    assert after(context, clock, days=59) == []
    assert [decision.act for _, decision in after(context, clock, days=1)] == [Act.NOTICE]


def test_what_was_started_meanwhile_stays(
    context: Context, clock: builders.Clock, ticket: Ticket, workspace: Workspace
) -> None:
    told(context, clock, ticket)
    ((facts, decision),) = after(context, clock, hours=1)
    assert decision.act is Act.TRASH
    environments.admit(context, user="ana", slug=workspace.slug)
    with pytest.raises(FactsMovedOn):
        take(context, facts, decision)
    environments.start_failed(context, ticket.environment.id, 2, reason="no room", log="")
    with pytest.raises(FactsMovedOn):
        take(context, facts, decision)
    assert (row(context, ticket).state, due(context)) == (State.PAUSED, [])
    assert after(context, clock, days=59) == []
    assert [decision.act for _, decision in after(context, clock, days=1)] == [Act.NOTICE]


def test_two_cullers_put_it_there_once(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    told(context, clock, ticket)
    ((facts, decision),) = after(context, clock, hours=1)
    done = builders.at_once(*(lambda who=who: take(context, facts, decision, who) for who in ("one", "two", "three")))
    assert sorted(type(each).__name__ for each in done) == ["FactsMovedOn", "FactsMovedOn", "Taken"]
    assert noted(context, "environment-delete") == [decision.why]


def test_with_work_in_its_outbox_it_stays_and_somebody_is_told_once(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    with context.database.write() as connection:
        records.update_environment(connection, ticket.environment.id, outbox_pending=2)
    ((facts, decision),) = after(context, clock, days=60)
    assert (decision.act, decision.name) == (Act.ALARM, Name.DORMANT)
    take(context, facts, decision)
    assert noted(context, "environment-alarm-dormant") == [decision.why]
    assert after(context, clock, days=900) == []
    with context.database.write() as connection, pytest.raises(OutboxNotEmpty):
        deletions.begin_by_rule(context, connection, row(context, ticket), by=decisions.RULES, why="")
    assert row(context, ticket).state is State.PAUSED


def test_work_that_is_found_in_the_outbox_after_its_person_was_told_keeps_it(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    told(context, clock, ticket)
    ((facts, decision),) = after(context, clock, hours=1)
    with context.database.write() as connection:
        records.update_environment(connection, ticket.environment.id, outbox_pending=1)
    with pytest.raises(FactsMovedOn):
        take(context, facts, decision)
    assert [decision.act for _, decision in due(context)] == [Act.ALARM]


def test_a_culler_that_was_away_gives_the_notices_their_time(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    ((facts, decision),) = after(context, clock, days=400)
    assert decision.act is Act.NOTICE
    take(context, facts, decision)
    (here,) = [each for each, _ in stops.watched(context, due=False)[0]]
    assert stops.decided(here).at == clock.now + NOTICES[0]


def test_nothing_goes_in_a_round_of_grace(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    told(context, clock, ticket)
    clock.move(hours=1, seconds=cullers.MISSED.total_seconds())
    assert due(context) == []
    look_on(context, clock, minutes=MINUTES)
    assert [decision.act for _, decision in due(context)] == [Act.TRASH]


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        ({"dormancy": OFF}, {"dormancy_off": "allowed"}),
        ({}, {"dormancy": 0}),
        ({}, {"trash_days": 0.0}),
    ],
)
def test_where_it_is_off_or_could_not_be_restored_nothing_goes(
    context: Context, clock: builders.Clock, ticket: Ticket, change: dict[str, object], settings: dict[str, object]
) -> None:
    context = replace(context, settings=replace(context.settings, **settings))  # type: ignore[arg-type]
    policies.change_own(context, **ANAS, change=change)
    assert after(context, clock, days=900) == []
    assert stops.decided(known(context, ticket)).at is None


def test_a_changed_dormancy_is_looked_at_at_once(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    assert after(context, clock, days=20) == []
    policies.change_own(context, **ANAS, change={"dormancy": 21 * DAY})
    assert [decision.act for _, decision in due(context)] == [Act.NOTICE]


def test_what_is_paused_is_looked_at_only_when_something_may_be_due(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    for name in ("beta", "gamma", "delta"):
        rested(context, up(context, builders.workspace(context, name=name)))
    due(context)
    clock.move(days=59)
    with context.database.read() as connection:
        assert activity_records.watched(connection, due_at=clock.now, after="", limit=9) == []


def test_an_environment_that_never_came_up_is_told_of_too(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    due(context)
    ticket = environments.admit(context, user="ana", slug=workspace.slug)
    environments.start_failed(context, ticket.environment.id, 1, reason="no room", log="")
    assert [decision.act for _, decision in after(context, clock, days=60)] == [Act.NOTICE]
