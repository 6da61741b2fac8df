"""The steps of an environment's life, in our rows."""

import pytest
import sqlalchemy as sa

import builders
from terraspawner.db import member_records, tables
from terraspawner.domain.access import Role
from terraspawner.domain.disk import DiskState
from terraspawner.domain.environment import State
from terraspawner.domain.start import StepName, begun, ended
from terraspawner.domain.workspace import Member, Workspace
from terraspawner.errors import (
    NotAllowed,
    OutboxNotEmpty,
    WorkspaceMissing,
    WrongState,
)
from terraspawner.operations import deletions, environments, identities, views
from terraspawner.operations.context import Context


def admit(context: Context, slug: str = "ana-alpha", user: str = "ana") -> environments.Ticket:
    return environments.admit(context, user=user, slug=slug)


def running(context: Context, slug: str = "ana-alpha") -> environments.Ticket:
    ticket = admit(context, slug)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c1")
    return ticket


def pause(context: Context, ticket: environments.Ticket) -> None:
    environments.begin_pause(context, ticket.environment.id)
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)


def view(context: Context, name: str = "alpha") -> views.View:
    return views.describe(context, user="ana", namespace="ana", name=name)


@pytest.mark.feature("C1", "D1")
def test_the_first_start_makes_environment_and_disk(context: Context, workspace: Workspace) -> None:
    assert view(context).state is State.NONE
    ticket = running(context)
    seen = view(context)
    assert seen.environment is not None
    assert seen.disk is not None
    assert (seen.state, seen.environment.container_id) == (State.RUNNING, "c1")
    assert (seen.disk.id, seen.disk.state) == (ticket.environment.disk_id, DiskState.ATTACHED)


@pytest.mark.feature("C5")
def test_a_resume_is_the_same_environment_with_a_new_key(context: Context, workspace: Workspace) -> None:
    first = running(context)
    pause(context, first)
    second = running(context)
    assert second.environment.id == first.environment.id
    assert second.environment.start_number == 2
    assert second.key != first.key


def test_a_key_speaks_for_its_environment_from_start_to_stop(context: Context, workspace: Workspace) -> None:
    first = running(context)
    identity = identities.identify(context, first.key)
    assert identity is not None
    assert (identity.user, identity.workspace, identity.role) == ("ana", workspace, Role.OWNER)
    pause(context, first)
    assert identities.identify(context, first.key) is None
    second = running(context)
    assert identities.identify(context, first.key) is None
    assert identities.identify(context, second.key) is not None


@pytest.mark.parametrize("key", ["", "guess", "' OR 1=1 --"])
def test_a_guessed_key_speaks_for_nobody(context: Context, workspace: Workspace, key: str) -> None:
    running(context)
    assert identities.identify(context, key) is None


def test_the_key_is_not_in_the_database(context: Context, workspace: Workspace) -> None:
    ticket = running(context)
    with context.database.read() as connection:
        rows = str(connection.execute(sa.select(tables.environment)).all())
    assert ticket.key not in rows


def test_a_disabled_account_has_no_key_and_no_start(context: Context, workspace: Workspace) -> None:
    ticket = running(context)
    with context.database.write() as connection:
        connection.execute(sa.update(tables.account).values(is_disabled=True))
    assert identities.identify(context, ticket.key) is None
    with pytest.raises(NotAllowed, match="disabled"):
        admit(context)


@pytest.mark.parametrize(("user", "slug"), [("ben", "ana-alpha"), ("ana", "ana-beta"), ("ana", ""), ("ana", "../x")])
def test_only_a_member_starts_and_only_a_workspace(
    context: Context, workspace: Workspace, user: str, slug: str
) -> None:
    with pytest.raises(WorkspaceMissing):
        admit(context, slug, user)


def test_a_reader_has_no_environment(context: Context, workspace: Workspace) -> None:
    with context.database.write() as connection:
        ben = Member(name="ben", is_group=False, role=Role.READER, may_compute=False)
        member_records.put_member(connection, workspace.id, ben)
    with pytest.raises(NotAllowed, match="with compute"):
        admit(context, user="ben")


@pytest.mark.feature("C13")
def test_a_failed_start_is_paused_with_reason_and_log(context: Context, workspace: Workspace) -> None:
    ticket = admit(context)
    environments.start_failed(context, ticket.environment.id, 1, "No memory.", "x" * 10_000 + "last line")
    # what the Hub's own clean-up reports afterwards does not hide the reason
    environments.stopped(context, ticket.environment.id, 1, "Stopped.")
    seen = view(context).environment
    assert seen is not None
    assert (seen.state, seen.reason) == (State.PAUSED, "No memory.")
    assert seen.log.endswith("last line")
    assert len(seen.log) == environments.LOG_CHARACTERS
    again = running(context).environment
    assert (again.reason, again.log) == ("", "")


def test_late_news_of_an_earlier_start_is_void(context: Context, workspace: Workspace) -> None:
    first = running(context)
    pause(context, first)
    second = admit(context)
    environments.stopped(context, first.environment.id, 1, "late")
    environments.start_failed(context, first.environment.id, 1, "late", "")
    assert view(context).state is State.STARTING
    environments.started(context, second.environment.id, 2, "c1")
    environments.stopped(context, first.environment.id, 1, "late")
    assert view(context).state is State.RUNNING


def test_a_crash_is_paused_with_its_reason(context: Context, workspace: Workspace) -> None:
    running(context)
    seen = view(context).environment
    assert seen is not None
    environments.stopped(context, seen.id, 1, "It ran out of memory.", "log")
    after = view(context).environment
    assert after is not None
    assert (after.state, after.reason, after.log) == (State.PAUSED, "It ran out of memory.", "log")


@pytest.mark.parametrize("before", ["admitted", "running", "pausing"])
def test_a_start_that_the_hub_asks_for_counts_the_last_one_as_over(
    context: Context, workspace: Workspace, before: str
) -> None:
    ticket = admit(context)
    if before != "admitted":
        environments.started(context, ticket.environment.id, 1, "c1")
    if before == "pausing":
        environments.begin_pause(context, ticket.environment.id)
    assert admit(context).environment.start_number == 2
    assert view(context).state is State.STARTING


@pytest.mark.feature("C6", "D2")
def test_deleting_keeps_the_disk_and_the_next_environment_gets_it(context: Context, workspace: Workspace) -> None:
    first = running(context)
    deletions.mark_deleting(context, first.environment.id, deletes_disk=False)
    with pytest.raises(WrongState, match="deleting"):
        admit(context)
    deletions.finish_delete(context, first.environment.id)
    deletions.finish_delete(context, first.environment.id)
    seen = view(context)
    assert seen.state is State.NONE
    assert seen.disk is not None
    assert seen.disk.state is DiskState.KEPT
    second = admit(context)
    assert second.environment.id != first.environment.id
    assert second.environment.disk_id == first.environment.disk_id


@pytest.mark.feature("C6")
def test_deleting_with_the_disk_gives_a_new_disk_next_time(context: Context, workspace: Workspace) -> None:
    first = running(context)
    deletions.mark_deleting(context, first.environment.id, deletes_disk=True)
    deletions.finish_delete(context, first.environment.id)
    assert view(context).disk is None
    assert admit(context).environment.disk_id != first.environment.disk_id


def test_what_the_user_said_of_the_disk_outlives_the_hubs_own_delete(context: Context, workspace: Workspace) -> None:
    ticket = running(context)
    deletions.mark_deleting(context, ticket.environment.id, deletes_disk=True)
    assert deletions.mark_deleting(context, ticket.environment.id).deletes_disk


def test_a_disk_with_work_that_is_nowhere_else_is_not_deleted(context: Context, workspace: Workspace) -> None:
    ticket = running(context)
    identity = identities.identify(context, ticket.key)
    assert identity is not None
    identities.note_outbox(context, identity, ["a.ipynb", "b.ipynb"])
    with pytest.raises(OutboxNotEmpty, match="2 notebook"):
        deletions.mark_deleting(context, ticket.environment.id, deletes_disk=True)
    assert view(context).state is State.RUNNING
    deletions.mark_deleting(context, ticket.environment.id, deletes_disk=True, loses_unsent=True)
    assert view(context).state is State.DELETING


@pytest.mark.feature("C2")
def test_two_workspaces_have_two_of_everything(context: Context, workspace: Workspace) -> None:
    other = builders.workspace(context, name="beta")
    first, second = running(context), running(context, other.slug)
    assert first.environment.id != second.environment.id
    assert first.environment.disk_id != second.environment.disk_id
    pause(context, first)
    assert (view(context).state, view(context, "beta").state) == (State.PAUSED, State.RUNNING)
    assert identities.identify(context, second.key) is not None


def test_a_missing_membership_takes_the_key_away(context: Context, workspace: Workspace) -> None:
    ticket = running(context)
    with context.database.write() as connection:
        connection.execute(sa.delete(tables.workspace_member))
    assert identities.identify(context, ticket.key) is None


@pytest.mark.feature("C12")
def test_the_steps_of_a_start_stand_in_the_row_and_a_late_one_is_void(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    checked = ended(begun((), StepName.CHECK, clock()), clock())
    ticket = environments.admit(context, user="ana", slug=workspace.slug, steps=checked)
    here = ticket.environment
    assert here.steps == checked
    clock.move(seconds=2)
    creating = begun(checked, StepName.CONTAINER, clock())
    environments.note_steps(context, here.id, here.start_number, creating)
    assert view(context).environment.steps == creating  # type: ignore[union-attr]
    environments.note_steps(context, here.id, here.start_number - 1, ())
    assert view(context).environment.steps == creating  # type: ignore[union-attr]
    clock.move(seconds=1)
    environments.start_failed(context, here.id, here.start_number, "It broke.", "", None)
    # whoever ends a start without its steps (the worker, after a kill of the Hub) closes those that are written
    assert view(context).environment.steps == ended(creating, clock())  # type: ignore[union-attr]
    environments.note_steps(context, here.id, here.start_number, ())
    assert view(context).environment.steps == ended(creating, clock())  # type: ignore[union-attr]


def test_a_start_that_the_hub_lost_has_no_step_under_way(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    ticket = admit(context)
    here = ticket.environment
    environments.note_steps(context, here.id, here.start_number, begun((), StepName.ANSWER, clock()))
    environments.stopped(context, here.id, here.start_number, "The start was interrupted.")
    seen = view(context).environment
    assert seen is not None
    assert [step.ended_at for step in seen.steps] == [clock()]
