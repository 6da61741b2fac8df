"""A role, compute or an account that is withdrawn ends what runs: at once for keys and starts, then by a pause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from terraspawner.domain.access import Role
from terraspawner.domain.environment import State
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import NotAllowed, WorkspaceMissing
from terraspawner.operations import accounts, environments, freezing, groups, identities, members, withdrawals
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket

HERE = {"namespace": "ana", "name": "alpha"}


def put(context: Context, role: Role, may_compute: bool | None = None, who: str = "ben") -> None:
    members.put_member(context, actor="ana", **HERE, who=who, role=role, may_compute=may_compute)


def remove(context: Context) -> None:
    members.remove_member(context, actor="ana", **HERE, who="ben")


def run(context: Context, workspace: Workspace, user: str = "ben") -> Ticket:
    ticket = environments.admit(context, user=user, slug=workspace.slug)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c" * 64)
    return ticket


def found(context: Context) -> list[tuple[str, str]]:
    return [(each.environment.user, each.why) for each in withdrawals.to_be_paused(context)]


WITHDRAWN: dict[str, tuple[Callable[[Context], None], str, type[Exception] | None]] = {
    "removed": (remove, "no longer a member", WorkspaceMissing),
    "demoted": (lambda context: put(context, Role.READER), "withdrawn compute", NotAllowed),
    "without compute": (lambda context: put(context, Role.WRITER, False), "withdrawn compute", NotAllowed),
    "reads only": (lambda context: put(context, Role.READER, True), "reader of this workspace now", None),
    "disabled": (
        lambda context: accounts.disable(context, name="ben", actor="operator"),
        "The account is disabled",
        NotAllowed,
    ),
}


@pytest.fixture
def ticket(context: Context, workspace: Workspace) -> Ticket:
    """Of ben, a writer, whose environment runs, as ana's does."""
    put(context, Role.WRITER)
    run(context, workspace, "ana")
    return run(context, workspace)


@pytest.mark.feature("B3")
@pytest.mark.parametrize("how", WITHDRAWN)
def test_what_runs_is_to_be_paused_and_nothing_else(
    context: Context, workspace: Workspace, ticket: Ticket, how: str
) -> None:
    withdraw, why, _ = WITHDRAWN[how]
    assert found(context) == []
    withdraw(context)
    ((user, said),) = found(context)
    assert user == "ben"
    assert why in said
    environments.begin_pause(context, ticket.environment.id)
    assert found(context) == []


@pytest.mark.feature("B3", "C13")
@pytest.mark.parametrize("how", WITHDRAWN)
def test_the_row_says_why_it_was_paused(context: Context, workspace: Workspace, ticket: Ticket, how: str) -> None:
    withdraw, why, _ = WITHDRAWN[how]
    withdraw(context)
    (which,) = withdrawals.to_be_paused(context)
    withdrawals.note_reason(context, which)
    environments.begin_pause(context, ticket.environment.id)
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)
    row = environments.by_slug(context, user="ben", slug=workspace.slug)
    assert row is not None
    assert row.state is State.PAUSED
    assert why in row.reason


@pytest.mark.feature("B3", "B5")
@pytest.mark.parametrize("how", [how for how, (_, _, refusal) in WITHDRAWN.items() if refusal])
def test_the_key_is_dead_and_no_start_is_admitted(
    context: Context, workspace: Workspace, ticket: Ticket, how: str
) -> None:
    withdraw, _, refusal = WITHDRAWN[how]
    assert refusal is not None
    withdraw(context)
    assert identities.identify(context, ticket.key) is None
    environments.begin_pause(context, ticket.environment.id)
    serves_the_pause = identities.identify(context, ticket.key) is not None
    assert serves_the_pause == (how != "removed")
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)
    with pytest.raises(refusal):
        environments.admit(context, user="ben", slug=workspace.slug)
    assert identities.identify(context, ticket.key) is None


@pytest.mark.feature("B3")
def test_who_reads_only_starts_again_with_less(context: Context, workspace: Workspace, ticket: Ticket) -> None:
    assert ticket.environment.writes_bucket
    put(context, Role.READER, True)
    again = run(context, workspace)
    assert (again.environment.writes_bucket, again.role) == (False, Role.READER)
    assert found(context) == []
    put(context, Role.WRITER)
    assert found(context) == []  # more is no reason to end what runs
    assert run(context, workspace).environment.writes_bucket


@pytest.mark.feature("B3")
def test_what_is_frozen_is_not_woken_with_more_than_is_allowed(
    context: Context, workspace: Workspace, ticket: Ticket
) -> None:
    here = ticket.environment
    freezing.begin(context, here.id)
    freezing.frozen(context, here.id, here.start_number, 1)
    put(context, Role.READER, True)
    assert [user for user, _ in found(context)] == ["ben"]
    assert not freezing.wake(context, here.id, here.start_number, user="ben", slug=workspace.slug)
    put(context, Role.WRITER)
    assert freezing.wake(context, here.id, here.start_number, user="ben", slug=workspace.slug)


@pytest.mark.feature("B3")
def test_a_group_that_loses_a_person_ends_what_ran_by_it(context: Context, workspace: Workspace) -> None:
    groups.set_managed(context, user="ben", names=["lab"])
    put(context, Role.WRITER, who="group:lab")
    ticket = run(context, workspace)
    assert found(context) == []
    groups.set_managed(context, user="ben", names=[])
    assert [user for user, _ in found(context)] == ["ben"]
    assert identities.identify(context, ticket.key) is None


@pytest.mark.feature("B3")
def test_what_belongs_to_an_earlier_start_is_not_noted(context: Context, workspace: Workspace, ticket: Ticket) -> None:
    put(context, Role.READER, True)
    (which,) = withdrawals.to_be_paused(context)
    run(context, workspace)
    withdrawals.note_reason(context, which)
    row = environments.by_slug(context, user="ben", slug=workspace.slug)
    assert row is not None
    assert row.reason == ""


@pytest.mark.feature("B3")
def test_the_row_of_a_removed_member_is_found_so_that_it_can_be_ended(
    context: Context, workspace: Workspace, ticket: Ticket
) -> None:
    remove(context)
    row = environments.by_slug(context, user="ben", slug=workspace.slug)
    assert row is not None
    assert row.id == ticket.environment.id


@pytest.mark.feature("B3")
def test_two_people_share_a_workspace_and_no_part_of_an_environment(
    context: Context, workspace: Workspace, ticket: Ticket
) -> None:
    ana = environments.by_slug(context, user="ana", slug=workspace.slug)
    ben = environments.by_slug(context, user="ben", slug=workspace.slug)
    assert ana is not None
    assert ben is not None
    assert ana.workspace_id == ben.workspace_id
    assert {ana.id, ana.disk_id}.isdisjoint({ben.id, ben.disk_id})
