"""The end of deleted environments: by the clock, with their disk, with their workspace, without their container."""

from __future__ import annotations

import pytest

import builders
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import deletions, trash, trashed_disks, trashed_environments, trashed_workspaces
from terraspawner.operations.context import Context
from tests.operations.trashed import (
    delete,
    deleted,
    disk_states,
    entries,
    item,
    purge,
    restore,
    running,
    share,
    state,
    work,
)

pytestmark = pytest.mark.feature("C17")


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
    assert trashed_disks.to_delete(context) == []
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
