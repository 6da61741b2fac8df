"""Environments of drive workspaces keep nothing (G5): by which rules, and what of them goes."""

from __future__ import annotations

import pytest

import builders
from culler.deadlines import Act, Name
from culler.decision import Decision
from culler.facts import Facts
from culler.policy import AtIdle as Ruled
from terraspawner.db import disk_records
from terraspawner.domain.bounds import AtIdle
from terraspawner.domain.disk import DiskState
from terraspawner.domain.environment import State
from terraspawner.domain.policy import OFF
from terraspawner.domain.workspace import DRIVE, Workspace
from terraspawner.errors import OutboxNotEmpty, Refused
from terraspawner.operations import (
    deletions,
    environments,
    identities,
    policies,
    stops,
    trash,
    trashed_disks,
    workspaces,
)
from terraspawner.operations.activity import GRACE
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from tests.operations.watched import IDLE as REPORT
from tests.operations.watched import due, known, live, look_on, recorded, row, take, up

pytestmark = [pytest.mark.slow, pytest.mark.feature("G5")]

HERE = {"user": "ana", "namespace": "ana", "name": "desk"}
MINUTES = int(GRACE.total_seconds()) // 60


@pytest.fixture
def desk(context: Context) -> Workspace:
    due(context)  # the culler is there
    return workspaces.create_workspace(context, user="ana", namespace="ana", name="desk", storage=DRIVE).workspace


@pytest.fixture
def ticket(context: Context, desk: Workspace) -> Ticket:
    return up(context, desk)


def later(context: Context, clock: builders.Clock, **time: float) -> list[tuple[Facts, Decision]]:
    """What is due then. The culler was away in between, so a round of grace is over as well."""
    clock.move(**time)
    due(context)
    look_on(context, clock, minutes=MINUTES)
    return due(context)


def stopped(context: Context, ticket: Ticket) -> None:
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)


def destroyed(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    """On its way out."""
    stopped(context, ticket)
    ((facts, decision),) = later(context, clock, hours=12)
    taken = take(context, facts, decision)
    assert (taken.decision.act, taken.is_up) == (Act.DESTROY, False)


def test_the_rule_of_a_drive_workspace_is_twelve_hours_and_destroy_and_of_others_it_is_as_ever(
    context: Context, workspace: Workspace, ticket: Ticket
) -> None:
    theirs = known(context, ticket).policy
    assert (theirs.idle, theirs.at_idle, theirs.dormancy) == (12 * 3600, Ruled.DESTROY, None)
    assert known(context, up(context, workspace)).policy.at_idle is Ruled.FREEZE_THEN_PAUSE


@pytest.mark.parametrize(
    "change",
    [
        {"at_idle": AtIdle.PAUSE},
        {"at_idle": AtIdle.DESTROY},
        {"idle": OFF},
        {"idle": 13 * 3600},
        {"dormancy": 7 * 86400},
    ],
)
def test_nobody_chooses_to_keep_more(context: Context, ticket: Ticket, change: dict[str, object]) -> None:
    with pytest.raises(Refused):
        policies.change_own(context, **HERE, change=change)
    with pytest.raises(Refused):
        policies.change_default(context, actor="ana", namespace="ana", name="desk", change=change)


def test_elsewhere_nobody_chooses_to_destroy(context: Context, workspace: Workspace) -> None:
    up(context, workspace)
    with pytest.raises(Refused, match="frozen and then paused, or paused"):
        policies.change_own(context, user="ana", namespace="ana", name="alpha", change={"at_idle": AtIdle.DESTROY})


def test_less_time_may_be_chosen(context: Context, ticket: Ticket) -> None:
    policies.change_own(context, **HERE, change={"idle": 3600})
    assert known(context, ticket).policy.idle == 3600


def test_what_runs_is_stopped_first_and_destroyed_when_all_is_saved(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    live(context, clock, ticket, REPORT, hours=12, minutes=1)
    ((facts, decision),) = due(context)
    taken = take(context, facts, decision)
    assert (taken.decision.act, taken.is_up, row(context, ticket).state) == (Act.DESTROY, True, State.RUNNING)
    stopped(context, ticket)
    ((facts, decision),) = due(context)
    take(context, facts, decision)
    assert row(context, ticket).is_destroyed
    assert [(each.act, each.name) for each in recorded(context)] == [("destroy", Name.IDLE)] * 2


def test_it_is_gone_with_its_disk_past_the_trash(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    destroyed(context, clock, ticket)
    deletions.finish_destroying(context, ticket.environment.id, 0)
    deletions.finish_destroying(context, ticket.environment.id, 0)  # again, after a kill in between
    assert row(context, ticket).state is State.NONE
    assert [disk.id for disk in trashed_disks.to_delete(context)] == [ticket.environment.disk_id]
    trashed_disks.finish_delete(context, ticket.environment.disk_id)
    assert trash.list_trash(context, "ana") == []


def test_with_work_in_its_outbox_it_stays(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    identity = identities.identify(context, ticket.key)
    assert identity is not None
    identities.note_outbox(context, identity, ["a.ipynb"])
    stopped(context, ticket)
    ((facts, decision),) = later(context, clock, hours=12)
    assert take(context, facts, decision).decision.act is Act.ALARM
    assert later(context, clock, hours=40) == []
    with pytest.raises(OutboxNotEmpty), context.database.write() as connection:
        deletions.begin_by_rule(context, connection, row(context, ticket), by="(culler)", why="so", destroys=True)
    assert row(context, ticket).state is State.PAUSED


def test_work_that_is_found_on_its_disk_keeps_the_disk(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    destroyed(context, clock, ticket)
    deletions.finish_destroying(context, ticket.environment.id, 2)
    with context.database.read() as connection:
        disk = disk_records.disk_by_id(connection, ticket.environment.disk_id)
    assert disk is not None
    assert (row(context, ticket).state, disk.state, disk.outbox_pending) == (State.NONE, DiskState.KEPT, 2)
    assert trash.list_trash(context, "ana") == []


def test_who_says_meanwhile_that_the_disk_shall_be_kept_keeps_it(
    context: Context, clock: builders.Clock, ticket: Ticket
) -> None:
    destroyed(context, clock, ticket)
    deletions.mark_deleting(context, ticket.environment.id, deletes_disk=False)
    deletions.finish_destroying(context, ticket.environment.id, 0)
    assert trashed_disks.to_delete(context) == []


def test_who_comes_back_in_time_begins_anew(context: Context, clock: builders.Clock, ticket: Ticket) -> None:
    stopped(context, ticket)
    assert later(context, clock, hours=11) == []
    environments.admit(context, user="ana", slug=ticket.workspace.slug)
    assert stops.watched(context, due=True)[0] == []
    assert row(context, ticket).state is State.STARTING
