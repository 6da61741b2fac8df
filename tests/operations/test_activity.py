"""What environments do, as it is written down: over starts, freezes, wakes, pauses, restarts and outages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

import builders
from counting import counted
from terraspawner.db import activity_records
from terraspawner.db.activity_records import Kept
from terraspawner.domain import activity as activities
from terraspawner.domain.activity import Claim, Clocks, Kind, Report
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import activity, environments, freezing, identities, lease_endings
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from tests.operations import crowd

pytestmark = pytest.mark.slow
TRAIN = Report(work=(Claim(kind=Kind.KERNEL, what="edit/train.ipynb"),))
IDLE = Report()


@pytest.fixture
def ticket(context: Context, workspace: Workspace) -> Ticket:
    return up(context, workspace)


def up(context: Context, workspace: Workspace) -> Ticket:
    ticket = environments.admit(context, user="ana", slug=workspace.slug)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c" * 64)
    return ticket


def kept(context: Context, ticket: Ticket) -> Kept | None:
    with context.database.read() as connection:
        return activity_records.kept(connection, [ticket.environment.id]).get(ticket.environment.id)


def known(context: Context, ticket: Ticket) -> Kept:
    found = kept(context, ticket)
    assert found is not None
    return found


def say(context: Context, ticket: Ticket, report: Report) -> None:
    """As the environment does, by its key."""
    identity = identities.identify(context, ticket.key)
    assert identity is not None
    identities.note_activity(context, identity, [], report=report)


def test_an_environment_is_watched_from_when_it_comes_up_and_when_it_is_paused_knows_of_no_work(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    ticket = environments.admit(context, user="ana", slug=workspace.slug)
    assert kept(context, ticket) is None
    clock.move(minutes=2)
    here = ticket.environment
    environments.started(context, here.id, here.start_number, "c" * 64)
    began = known(context, ticket).clocks
    assert (began.started_at, began.human_at, began.reported_at) == (clock.now, clock.now, None)
    say(context, ticket, TRAIN)
    environments.begin_pause(context, here.id)
    assert known(context, ticket).clocks.work
    clock.move(minutes=1)
    environments.stopped(context, here.id, here.start_number)
    rests = known(context, ticket)
    assert rests.clocks == Clocks(started_at=began.started_at, human_at=began.human_at)
    assert (rests.next_look_at, rests.alarmed, rests.keep_alive) == (clock.now, {}, None)
    environments.admit(context, user="ana", slug=workspace.slug)
    assert kept(context, ticket) is None


def test_what_is_reported_is_there_after_a_restart(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    clock.move(seconds=30)
    say(context, ticket, TRAIN)
    context.database.close()  # another process opens it anew
    clocks = known(context, ticket).clocks
    assert (clocks.reported_at, clocks.busy_since) == (clock.now, clock.now)
    assert [(each.kind, each.what, each.since) for each in clocks.work] == [
        (Kind.KERNEL, "edit/train.ipynb", clock.now)
    ]


def test_only_news_make_another_revision(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    say(context, ticket, TRAIN)
    before = known(context, ticket)
    clock.move(seconds=30)
    say(context, ticket, TRAIN)
    again = known(context, ticket)
    assert (again.revision, again.clocks.reported_at) == (before.revision, clock.now)
    say(context, ticket, IDLE)
    assert known(context, ticket).revision == before.revision + 1


def test_a_freeze_keeps_the_age_and_a_wake_is_a_persons(
    context: Context, clock: builders.Clock, ticket: Ticket, workspace: Workspace
) -> None:
    here = ticket.environment
    say(context, ticket, TRAIN)
    before = known(context, ticket).clocks
    clock.move(minutes=1)
    freezing.begin(context, here.id)
    freezing.frozen(context, here.id, here.start_number, memory=1)
    clock.move(hours=1)
    assert known(context, ticket).clocks.busy_since == before.busy_since
    assert freezing.wake(context, here.id, here.start_number, user="ana", slug=workspace.slug)
    environments.started(context, here.id, here.start_number, "c" * 64)
    woken = known(context, ticket).clocks
    assert (woken.started_at, woken.human_at, woken.busy_since) == (before.started_at, clock.now, None)


def test_another_start_begins_anew(
    context: Context, clock: builders.Clock, ticket: Ticket, workspace: Workspace
) -> None:
    say(context, ticket, TRAIN)
    clock.move(hours=3)
    again = up(context, workspace)  # nothing told that the first one had ended
    clocks = known(context, again).clocks
    assert (clocks.started_at, clocks.busy_since, clocks.reported_at) == (clock.now, None, None)


def test_what_an_older_start_or_a_frozen_one_says_is_void(context: Context, ticket: Ticket) -> None:
    here, identity = ticket.environment, identities.identify(context, ticket.key)
    assert identity is not None
    older = replace(identity, environment=replace(here, start_number=here.start_number - 1))
    identities.note_activity(context, older, [], report=TRAIN)
    assert known(context, ticket).clocks.busy_since is None
    freezing.begin(context, here.id)
    say(context, ticket, TRAIN)
    assert known(context, ticket).clocks.busy_since is None


def test_cpu_speaks_where_no_report_does(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    clock.move(seconds=30)
    activity.sample(context, {ticket.environment.id: 0.5, "0" * 16: 1.0})
    clocks = known(context, ticket).clocks
    assert (clocks.cores, clocks.sampled_at, clocks.busy_since) == (0.5, clock.now, clock.now)


def test_an_outage_of_the_service_is_nobodys_silence(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    lease_endings.beat(context)
    say(context, ticket, IDLE)
    began = clock.now
    clock.move(hours=1)
    lease_endings.beat(context)
    clocks = known(context, ticket).clocks
    assert (clocks.reported_at, clocks.busy_since, clocks.human_at) == (clock.now, None, began)
    with context.database.read() as connection:
        assert activity.grace_until(context, connection) == clock.now + activity.GRACE
    builders.pass_time(context, clock, activity.GRACE.total_seconds())
    with context.database.read() as connection:
        assert activity.grace_until(context, connection) is None


def test_a_service_that_is_slow_for_seconds_puts_off_no_stop(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    lease_endings.beat(context)
    say(context, ticket, IDLE)
    for seconds, has_grace in (
        (activities.SILENCE.total_seconds() - 1, False),
        (activities.SILENCE.total_seconds(), True),
    ):
        clock.move(seconds=seconds)
        lease_endings.beat(context)
        assert known(context, ticket).clocks.reported_at == clock.now
        with context.database.read() as connection:
            assert (activity.grace_until(context, connection) is not None) == has_grace


def test_a_clock_that_is_set_back_gives_no_longer_grace(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    with context.database.write() as connection:
        activity.give_grace(context, connection)
    clock.move(hours=-1)
    with context.database.read() as connection:
        assert activity.grace_until(context, connection) == clock.now + activity.GRACE
    say(context, ticket, TRAIN)
    clocks = known(context, ticket).clocks
    assert max(clocks.started_at, clocks.human_at, clocks.busy_since or clock.now) <= clock.now


def test_a_process_keeps_it_as_long_as_it_works(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    here = ticket.environment
    shell = Report(work=(Claim(kind=Kind.TERMINAL, what="python train.py", pid=7),))
    say(context, ticket, shell)
    held = activity_records.KeepAlive(until=clock.now + timedelta(hours=1), pid=7, by="ana")
    with context.database.write() as connection:
        activity_records.keep_until(connection, here.id, held, clock.now)
    say(context, ticket, shell)
    assert known(context, ticket).keep_alive == held
    say(context, ticket, IDLE)
    assert known(context, ticket).keep_alive is None


@pytest.mark.parametrize("count", [3, 30])
def test_an_outage_is_written_down_in_as_few_statements_for_many_as_for_few(
    context: Context, clock: builders.Clock, ticket: Ticket, count: int
) -> None:
    ids = crowd.copies(context, ticket, count)
    say(context, ticket, IDLE)
    lease_endings.beat(context)
    clock.move(minutes=10)
    with counted(context) as statements:
        lease_endings.beat(context)
    assert len([each for each in statements if "activity" in each]) == 2, statements
    with context.database.read() as connection:
        kept = activity_records.kept(connection, ids)
    assert {each.clocks.sampled_at for each in kept.values()} == {clock.now}
    assert known(context, ticket).clocks.reported_at == clock.now
