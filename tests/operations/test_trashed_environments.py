"""Deleted environments: in the trash with their container, restored with their disk, purged; and what is in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

import builders
from terraspawner.db import interval_records, records
from terraspawner.domain.access import Role
from terraspawner.domain.disk import NEW
from terraspawner.domain.environment import State
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import DiskAttached, EnvironmentMissing, NotAllowed, Refused, TrashMissing, WrongState
from terraspawner.operations import (
    audit,
    deletions,
    disks,
    environments,
    identities,
    members,
    oversight,
    trash,
    trashed_environments,
    trashed_workspaces,
    usage,
    views,
)
from terraspawner.operations.context import HUB, SERVICE, Context, Origin
from terraspawner.operations.environments import Ticket
from terraspawner.operations.trash import Trashed

pytestmark = pytest.mark.feature("C17")


def running(context: Context, user: str = "ana", disk: str | None = None) -> Ticket:
    ticket = environments.admit(context, user=user, slug="ana-alpha", disk=disk)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, f"c-{ticket.environment.id}")
    return ticket


def delete(context: Context, ticket: Ticket, *, disk: bool = False) -> str:
    """Into the trash, as the worker does it with what the Engine tells; its id."""
    here = ticket.environment.id
    deletions.mark_deleting(context, here, deletes_disk=disk, loses_unsent=True)
    deletions.finish_delete(context, here, f"c-{here}")
    return here


def deleted(context: Context, user: str = "ana", *, disk: bool = False) -> Ticket:
    ticket = running(context, user)
    delete(context, ticket, disk=disk)
    return ticket


def item(context: Context, subject: str, user: str = "ana") -> Trashed:
    (found,) = [each for each in trash.list_trash(context, user) if each.item.subject == subject]
    return found


def restore(context: Context, ticket: Ticket, user: str = "ana") -> Trashed:
    return trash.restore(context, user=user, item_id=item(context, ticket.environment.id, user).item.id)


def purge(context: Context, subject: str, user: str = "ana") -> None:
    trash.purge(context, user=user, item_id=item(context, subject, user).item.id)


def work(context: Context) -> None:
    """What the worker does, with a host that obeys."""
    trash.begin_due(context)
    for environment in trashed_environments.purging(context):
        trashed_environments.finish_purge(context, environment.id)
    for disk in trash.disks_to_delete(context):
        trash.finish_disk_delete(context, disk.id)


def view(context: Context, user: str = "ana") -> views.View:
    return views.describe(context, user=user, namespace="ana", name="alpha")


def state(context: Context, ticket: Ticket) -> str:
    with context.database.read() as connection:
        found = records.environment_by_id(connection, ticket.environment.id)
    assert found is not None
    return str(found.state)


def disk_states(context: Context, user: str = "ana") -> dict[str, str]:
    return {held.disk.id: str(held.disk.state) for held in disks.list_own(context, user)}


def share(context: Context, role: Role = Role.WRITER, *, may_compute: bool = True) -> None:
    members.put_member(
        context, actor="ana", namespace="ana", name="alpha", who="ben", role=role, may_compute=may_compute
    )


# --- there and back ---


@pytest.mark.parametrize("with_disk", [False, True], ids=["disk kept", "disk deleted"])
def test_it_comes_back_paused_with_its_container_and_its_disk(
    context: Context, workspace: Workspace, with_disk: bool
) -> None:
    ticket = running(context)
    here, disk = ticket.environment.id, ticket.environment.disk_id
    delete(context, ticket, disk=with_disk)
    assert identities.identify(context, ticket.key) is None
    assert (view(context).environment, view(context).trashed, views.views_of(context, "ana")) == (None, 1, [])
    assert disk_states(context) == {disk: "trashed" if with_disk else "kept"}
    told = item(context, here)
    assert (told.obstacle, str(told.disk)) == ("", "trashed" if with_disk else "kept")
    assert restore(context, ticket).item.state == "restored"
    seen = view(context).environment
    assert seen is not None
    assert (seen.id, seen.state, seen.container_id, seen.disk_id) == (here, State.PAUSED, f"c-{here}", disk)
    assert (seen.deletes_disk, seen.asked, seen.kernels) == (False, {}, ())
    assert disk_states(context) == {disk: "attached"}
    assert trash.list_trash(context, "ana") == []
    assert identities.identify(context, ticket.key) is None
    again = running(context)
    assert again.environment.id == here
    assert again.key != ticket.key
    # the word about the disk was for that deletion alone
    assert not deletions.mark_deleting(context, here).deletes_disk


@pytest.mark.parametrize("container", ["", "another"])
def test_without_the_container_that_came_up_there_is_nothing_to_restore(
    context: Context, workspace: Workspace, container: str
) -> None:
    ticket = running(context)
    deletions.mark_deleting(context, ticket.environment.id)
    deletions.finish_delete(context, ticket.environment.id, container)
    assert (state(context, ticket), trash.list_trash(context, "ana")) == ("none", [])


def test_what_never_came_up_leaves_its_disk_and_no_item(context: Context, workspace: Workspace) -> None:
    ticket = environments.admit(context, user="ana", slug=workspace.slug)
    environments.start_failed(context, ticket.environment.id, 1, "No.", "")
    deletions.mark_deleting(context, ticket.environment.id)
    deletions.finish_delete(context, ticket.environment.id, "half-made")
    assert (state(context, ticket), trash.list_trash(context, "ana")) == ("none", [])
    assert disk_states(context) == {ticket.environment.disk_id: "kept"}


def test_saying_it_again_changes_nothing(context: Context, workspace: Workspace) -> None:
    ticket = deleted(context)
    deletions.finish_delete(context, ticket.environment.id, f"c-{ticket.environment.id}")
    deletions.finish_delete(context, ticket.environment.id)
    assert (state(context, ticket), len(trash.list_trash(context, "ana"))) == ("trashed", 1)
    restore(context, ticket)
    deletions.finish_delete(context, ticket.environment.id)
    trashed_environments.finish_purge(context, ticket.environment.id)
    trashed_environments.lost(context, ticket.environment.id, "It is not there.")
    assert state(context, ticket) == "paused"


@pytest.mark.slow
def test_several_of_one_workspace_wait_beside_each_other(context: Context, workspace: Workspace) -> None:
    first, second = deleted(context), deleted(context)
    assert first.environment.disk_id == second.environment.disk_id
    assert view(context).trashed == 2
    restore(context, first)
    assert view(context).environment is not None
    with pytest.raises(DiskAttached):
        restore(context, second)
    delete(context, replace(first, environment=running(context).environment))
    restore(context, second)
    assert state(context, first) == "trashed"


@pytest.mark.slow
def test_work_that_is_on_its_disk_alone_is_known_again(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    ticket = running(context)
    identity = identities.identify(context, ticket.key)
    assert identity is not None
    identities.note_outbox(context, identity, ["a.ipynb"])
    delete(context, ticket)
    restore(context, ticket)
    here = view(context).environment
    assert here is not None
    assert (here.outbox_pending, here.unsent) == (1, ("a.ipynb",))
    delete(context, ticket)
    clock.move(minutes=1)
    newer = running(context)
    later = identities.identify(context, newer.key)
    assert later is not None
    identities.note_outbox(context, later, ["b.ipynb", "c.ipynb"])
    clock.move(minutes=1)
    delete(context, newer)
    restore(context, ticket)
    here = view(context).environment
    assert here is not None
    # how many there are is known, and of which the old one knows nothing
    assert (here.outbox_pending, here.unsent, here.trees) == (2, (), None)


# --- what is in the way ---


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
    assert trash.disks_to_delete(context) == []  # their containers refer to its volume
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


# --- the end ---


def test_its_time_is_told_by_the_clock_and_its_disk_stays(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    ticket = deleted(context)
    clock.move(days=context.settings.trash_days, seconds=-1)
    work(context)
    assert state(context, ticket) == "trashed"
    clock.move(seconds=1)
    work(context)
    assert (state(context, ticket), trash.list_trash(context, "ana")) == ("none", [])
    assert disk_states(context) == {ticket.environment.disk_id: "kept"}


@pytest.mark.slow
def test_with_its_disk_it_goes_when_both_are_due(context: Context, clock: builders.Clock, workspace: Workspace) -> None:
    ticket = deleted(context, disk=True)
    clock.move(days=context.settings.trash_days)
    assert trash.begin_due(context) == 2
    work(context)
    assert (state(context, ticket), trash.list_trash(context, "ana"), disk_states(context)) == ("none", [], {})


@pytest.mark.slow
def test_a_newer_one_goes_on_while_the_old_one_is_purged(context: Context, workspace: Workspace) -> None:
    old = deleted(context)
    newer = running(context)
    purge(context, old.environment.id)
    work(context)
    assert (state(context, old), state(context, newer)) == ("none", "running")
    assert disk_states(context) == {newer.environment.disk_id: "attached"}


@pytest.mark.slow
def test_a_purged_workspace_takes_everybodys_along_and_waits_for_their_containers(
    context: Context, workspace: Workspace
) -> None:
    share(context)
    theirs, ours = deleted(context, "ben"), running(context)
    whole = trashed_workspaces.discard(context, actor="ana", namespace="ana", name="alpha", force=True)
    deletions.finish_delete(context, ours.environment.id, f"c-{ours.environment.id}")
    trash.restore(context, user="ana", item_id=whole.id)
    for ticket, user in ((theirs, "ben"), (ours, "ana")):
        restore(context, ticket, user)
        assert state(context, ticket) == "paused"
        delete(context, ticket)
    again = trashed_workspaces.discard(context, actor="ana", namespace="ana", name="alpha", force=True)
    trash.purge(context, user="ana", item_id=again.id)
    assert not trashed_workspaces.is_empty(context, again)
    assert trash.disks_to_delete(context) == []
    assert {state(context, each) for each in (theirs, ours)} == {"purging"}
    work(context)
    assert trashed_workspaces.is_empty(context, again)
    trashed_workspaces.finish_purge(context, again)
    for user in ("ana", "ben"):
        assert (trash.list_trash(context, user), disk_states(context, user)) == ([], {})


@pytest.mark.slow
def test_what_lost_its_container_leaves_the_trash(context: Context, workspace: Workspace) -> None:
    ticket = deleted(context)
    trashed_environments.lost(context, ticket.environment.id, "It was removed on the machine.")
    assert item(context, ticket.environment.id).item.state == "purging"
    work(context)
    assert trash.list_trash(context, "ana") == []
    (told,) = [each for each in entries(context) if each.action == "trash-purged"]
    assert told.reason == "It was removed on the machine."


# --- what is told of it ---


def entries(context: Context) -> list[audit.Entry]:
    """The oldest first."""
    return audit.entries(context, user="operator", is_operator=True)[::-1]


def test_each_step_stands_in_the_audit(context: Context, workspace: Workspace) -> None:
    ticket = running(context)
    ana, service = (replace(context, origin=Origin(actor=actor)) for actor in ("ana", SERVICE))
    here = ticket.environment.id
    for _ in range(2):
        deletions.mark_deleting(ana, here)
        deletions.finish_delete(service, here, f"c-{here}")
        restore(ana, ticket)
    deletions.mark_deleting(context, here)  # by the Hub's own delete
    deletions.finish_delete(service, here, f"c-{here}")
    assert item(context, here).item.trashed_by == HUB
    purge(ana, here)
    work(service)
    told = [(each.actor, each.action, each.new_state) for each in entries(context) if each.subject.endswith(here)][2:]
    round_trip = [
        ("ana", "environment-delete", "deleting"),
        (SERVICE, "environment-trashed", "trashed"),
        ("ana", "environment-restore", "paused"),
        ("ana", "trash-restored", ""),
    ]
    assert told == [
        *round_trip,
        *round_trip,
        (HUB, "environment-delete", "deleting"),
        (SERVICE, "environment-trashed", "trashed"),
        ("ana", "environment-purge", "purging"),
        ("ana", "trash-purged", ""),
        (SERVICE, "environment-deleted", "none"),
    ]


def test_in_the_trash_it_costs_what_it_cost_paused(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    ticket = running(context)
    with context.database.write() as connection:
        rates = {"price_running": Decimal("0.06"), "price_frozen": Decimal("0.02"), "price_paused": Decimal("0.01")}
        records.update_environment(connection, ticket.environment.id, **rates)
    begin = clock()
    delete(context, ticket)
    told = item(context, ticket.environment.id)
    assert (told.price_per_hour, told.price_per_month) == (Decimal("0.01"), Decimal("7.30"))
    clock.move(hours=10)
    purge(context, ticket.environment.id)
    clock.move(hours=1)
    work(context)
    clock.move(hours=1)
    with context.database.read() as connection:
        rows = interval_records.intervals_of(connection, ticket.environment.id)
    lasted = {row["state"]: (row["ended_at"] - row["started_at"], row["price_per_hour"]) for row in rows}
    assert lasted["trashed"] == (timedelta(hours=10), Decimal("0.01"))
    assert lasted["purging"] == (timedelta(hours=1), 0)
    found = usage.used(context, user="ana", is_operator=False, begin=begin).lines
    dollars = {account.state: amount.dollars for account, amount in found.items() if account.kind == "environment"}
    assert dollars["trashed"] == Decimal("0.1000")
