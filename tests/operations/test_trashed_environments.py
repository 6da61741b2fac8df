"""Deleted environments: into the trash with their container and back with their disk, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

import builders
from terraspawner.db import interval_records, records
from terraspawner.domain.environment import State
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import DiskAttached
from terraspawner.operations import (
    deletions,
    environments,
    identities,
    trash,
    trashed_environments,
    usage,
    views,
)
from terraspawner.operations.context import HUB, SERVICE, Context, Origin
from tests.operations.trashed import (
    delete,
    deleted,
    disk_states,
    entries,
    item,
    purge,
    restore,
    running,
    state,
    view,
    work,
)

pytestmark = pytest.mark.feature("C17")


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


# --- what is told of it ---


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
