"""What is in the way of restoring a deleted environment, and whose it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import builders
from terraspawner.domain.access import Role
from terraspawner.domain.disk import NEW
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import DiskAttached, EnvironmentMissing, NotAllowed, Refused, TrashMissing, WrongState
from terraspawner.operations import (
    deletions,
    disks,
    members,
    oversight,
    trash,
    trashed_disks,
    trashed_workspaces,
    views,
)
from terraspawner.operations.context import Context, Origin
from terraspawner.operations.environments import Ticket
from tests.operations.trashed import (
    delete,
    deleted,
    disk_states,
    item,
    purge,
    restore,
    running,
    share,
    state,
    work,
)

pytestmark = pytest.mark.feature("C17")


def attached_elsewhere(context: Context, ticket: Ticket) -> None:
    assert running(context).environment.disk_id == ticket.environment.disk_id


def newer_with_another_disk(context: Context, ticket: Ticket) -> None:
    assert running(context, disk=NEW).environment.disk_id != ticket.environment.disk_id


def workspace_deleted(context: Context, ticket: Ticket) -> None:
    trashed_workspaces.discard(context, actor="ana", namespace="ana", name="alpha", force=True)


@pytest.mark.parametrize(
    ("meanwhile", "error", "says"),
    [
        (
            attached_elsewhere,
            DiskAttached,
            r"Its disk [0-9a-f]{16} is attached to another .* Delete that one",
        ),
        (newer_with_another_disk, WrongState, r"another environment in ana/alpha .* Delete that one"),
        (workspace_deleted, WrongState, r"The workspace ana/alpha is in the trash\. Restore it first"),
    ],
)
def test_what_is_in_the_way_is_named_with_what_to_do(
    context: Context,
    workspace: Workspace,
    meanwhile: Callable[[Context, Ticket], None],
    error: type[Exception],
    says: str,
) -> None:
    ticket = deleted(context)
    meanwhile(context, ticket)
    with pytest.raises(error, match=says) as refused:
        restore(context, ticket)
    assert item(context, ticket.environment.id).obstacle == str(refused.value)
    assert item(context, ticket.environment.id).item.state == "held"
    purge(context, ticket.environment.id)  # that is always possible
    work(context)
    assert state(context, ticket) == "none"


@pytest.mark.slow
def test_a_disk_that_is_on_its_way_out_takes_the_environment_along(context: Context, workspace: Workspace) -> None:
    first, second = deleted(context), deleted(context, disk=True)
    disk = first.environment.disk_id
    assert set(item(context, disk).along) == {item(context, each.environment.id).item.id for each in (first, second)}
    purge(context, disk)
    for ticket in (first, second):
        assert item(context, ticket.environment.id).item.state == "purging"
        with pytest.raises(WrongState, match="being deleted for good"):
            restore(context, ticket)
    assert trashed_disks.to_delete(context) == []  # their containers refer to its volume
    work(context)
    assert (trash.list_trash(context, "ana"), disk_states(context)) == ([], {})
    assert {state(context, each) for each in (first, second)} == {"none"}


def test_a_disk_that_is_gone_for_good_is_named(context: Context, workspace: Workspace) -> None:
    """No road of ours leads there; a row that says so is read nevertheless."""
    ticket = deleted(context)
    with context.database.write() as connection:
        connection.exec_driver_sql("UPDATE disk SET state = 'deleted'")
    with pytest.raises(WrongState, match=f"Its disk {ticket.environment.disk_id} was deleted for good"):
        restore(context, ticket)


@pytest.mark.slow
def test_a_disk_that_was_restored_or_deleted_by_itself_is_found(context: Context, workspace: Workspace) -> None:
    ticket = deleted(context)
    disk = ticket.environment.disk_id
    disks.discard(context, actor="ana", disk_id=disk)
    assert disk_states(context) == {disk: "trashed"}
    restore(context, ticket)
    assert (disk_states(context), trash.list_trash(context, "ana")) == ({disk: "attached"}, [])
    delete(context, ticket, disk=True)
    trash.restore(context, user="ana", item_id=item(context, disk).item.id)
    assert disk_states(context) == {disk: "kept"}
    restore(context, ticket)
    assert disk_states(context) == {disk: "attached"}


def test_who_may_have_none_there_any_more_gets_it_back_when_that_is_changed(
    context: Context, workspace: Workspace
) -> None:
    share(context)
    ticket = deleted(context, "ben")
    for withdraw, says in (
        (lambda: share(context, Role.READER, may_compute=False), "Ask an owner of the workspace"),
        (
            lambda: members.remove_member(context, actor="ana", namespace="ana", name="alpha", who="ben"),
            "no longer a member of ana/alpha",
        ),
    ):
        withdraw()
        with pytest.raises(NotAllowed, match=says):
            restore(context, ticket, "ben")
        assert says in item(context, ticket.environment.id, "ben").obstacle
    share(context)
    restore(context, ticket, "ben")
    assert state(context, ticket) == "paused"


def test_it_is_its_persons_alone(context: Context, workspace: Workspace) -> None:
    share(context)
    ticket = running(context, "ben")
    oversight.delete(replace(context, origin=Origin(actor="ana")), actor="ana", environment_id=ticket.environment.id)
    deletions.finish_delete(context, ticket.environment.id, f"c-{ticket.environment.id}")
    held = item(context, ticket.environment.id, "ben").item
    assert (held.user, held.trashed_by) == ("ben", "ana")
    for stranger in ("ana", "operator"):
        assert trash.list_trash(context, stranger) == []
        for act in (trash.restore, trash.purge):
            with pytest.raises(TrashMissing):
                act(context, user=stranger, item_id=held.id)
        with pytest.raises(EnvironmentMissing):
            oversight.get_environment(context, actor=stranger, environment_id=ticket.environment.id)
        with pytest.raises(EnvironmentMissing):
            oversight.delete(context, actor=stranger, environment_id=ticket.environment.id)
    with pytest.raises(Refused, match="environment has no name"):
        trash.restore(context, user="ben", item_id=held.id, name="another")
    assert oversight.list_environments(context, actor="operator").items == ()
    with pytest.raises(WrongState):
        deletions.mark_deleting(context, ticket.environment.id)


@pytest.mark.slow
def test_two_restores_of_two_at_once_do_not_both_succeed(context: Context, workspace: Workspace) -> None:
    first, second = deleted(context), deleted(context)
    acts = builders.at_once(lambda: restore(context, first), lambda: restore(context, second))
    assert sum(isinstance(outcome, Exception) for outcome in acts) == 1
    assert sorted([state(context, first), state(context, second)]) == ["paused", "trashed"]


@pytest.mark.slow
def test_a_start_and_a_restore_at_once_give_one_environment(context: Context, workspace: Workspace) -> None:
    ticket = deleted(context)
    builders.at_once(lambda: restore(context, ticket), lambda: running(context, disk=NEW))
    assert len(views.views_of(context, "ana")) == 1
