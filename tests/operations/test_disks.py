"""Disks and the trash, in our rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

import builders
from terraspawner.db import disk_records, interval_records, records
from terraspawner.domain.access import ProjectRole
from terraspawner.domain.disk import NEW, DiskState
from terraspawner.domain.price import disk_per_hour
from terraspawner.domain.trash import ItemState
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import (
    DiskAttached,
    DiskMissing,
    DiskSizeRefused,
    NotAllowed,
    OtherDisk,
    OutboxNotEmpty,
    ProjectMissing,
    TrashMissing,
    WrongState,
)
from terraspawner.operations import (
    deletions,
    disks,
    environments,
    identities,
    ledger,
    projects,
    trash,
    trashed_disks,
    views,
)
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket

GIB = 1024**3


def start(context: Context, slug: str = "ana-alpha", disk: str | None = None) -> Ticket:
    ticket = environments.admit(context, user="ana", slug=slug, disk=disk)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c1")
    return ticket


def delete(context: Context, ticket: Ticket, *, disk: bool = False) -> str:
    """Its disk's id."""
    deletions.mark_deleting(context, ticket.environment.id, deletes_disk=disk, loses_unsent=True)
    deletions.finish_delete(context, ticket.environment.id)
    return ticket.environment.disk_id


def kept(context: Context, disk: str | None = None) -> str:
    return delete(context, start(context, disk=disk))


def states(context: Context, user: str = "ana") -> dict[str, str]:
    return {held.disk.id: str(held.disk.state) for held in disks.list_own(context, user)}


def item_of(context: Context, disk_id: str, user: str = "ana") -> trash.Trashed:
    (found,) = [each for each in trash.list_trash(context, user) if each.item.subject == disk_id]
    return found


# --- which disk ---


@pytest.mark.feature("D2")
def test_of_several_kept_disks_one_is_chosen(context: Context, clock: builders.Clock, workspace: Workspace) -> None:
    first = kept(context)
    clock.move(days=1)
    second = kept(context, NEW)
    assert first != second
    assert {disk.id for disk in views.describe(context, user="ana", namespace="ana", name="alpha").kept} == {
        first,
        second,
    }
    for wish, gets in ((None, second), (first, first), (None, first)):
        clock.move(days=1)
        assert kept(context, wish) == gets
    with pytest.raises(DiskMissing):
        start(context, disk="0" * 16)
    assert states(context) == {first: "kept", second: "kept"}


def test_a_disk_of_another_workspace_or_person_is_no_choice(context: Context, workspace: Workspace) -> None:
    beta, bens = builders.workspace(context, name="beta"), builders.workspace(context, "ben")
    theirs = environments.admit(context, user="ben", slug=bens.slug).environment
    deletions.mark_deleting(context, theirs.id)
    deletions.finish_delete(context, theirs.id)
    elsewhere = kept(context)
    for disk_id in (elsewhere, theirs.disk_id):
        with pytest.raises(DiskMissing):
            start(context, beta.slug, disk=disk_id)


def test_an_environment_keeps_its_disk(context: Context, workspace: Workspace) -> None:
    spare = kept(context)
    here = start(context, disk=NEW)
    assert start(context, disk=here.environment.disk_id).environment.id == here.environment.id
    for wish in (spare, NEW):
        with pytest.raises(OtherDisk, match="delete the environment, keep its disk"):
            environments.admit(context, user="ana", slug=workspace.slug, disk=wish)


@pytest.mark.feature("D5")
def test_the_database_gives_a_disk_to_one_environment_at_a_time(context: Context, workspace: Workspace) -> None:
    here = start(context).environment
    twin = replace(here, id="f" * 16, user="ben")
    with pytest.raises(sa.exc.IntegrityError), context.database.write() as connection:
        records.insert_environment(connection, twin)


@pytest.mark.feature("D5")
def test_two_who_want_the_same_kept_disk_do_not_both_get_it(context: Context, workspace: Workspace) -> None:
    disk_id = kept(context)
    acts = builders.at_once(
        lambda: start(context, disk=disk_id), lambda: disks.discard(context, actor="ana", disk_id=disk_id)
    )
    assert sum(isinstance(outcome, Exception) for outcome in acts) == 1
    assert states(context)[disk_id] in ("attached", "trashed")


# --- deletion ---


@pytest.mark.feature("D5", "C17")
def test_an_attached_disk_stays_a_kept_one_goes_to_the_trash_and_comes_back(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    ticket = start(context)
    disk_id = ticket.environment.disk_id
    with pytest.raises(DiskAttached, match="Delete the environment first"):
        disks.discard(context, actor="ana", disk_id=disk_id)
    delete(context, ticket)
    item = disks.discard(context, actor="ana", disk_id=disk_id)
    assert (item.purge_at - clock()).days == context.settings.trash_days
    with pytest.raises(WrongState, match="in the trash already"):
        disks.discard(context, actor="ana", disk_id=disk_id)
    with pytest.raises(DiskMissing):
        start(context, disk=disk_id)
    assert trashed_disks.to_delete(context) == []
    trash.restore(context, user="ana", item_id=item.id)
    with pytest.raises(WrongState, match="restored already"):
        trash.restore(context, user="ana", item_id=item.id)
    assert start(context).environment.disk_id == disk_id
    assert trash.list_trash(context, "ana") == []


@pytest.mark.feature("C17")
def test_a_disk_deleted_with_its_environment_is_purged_when_its_time_is_over(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    disk_id = delete(context, start(context), disk=True)
    assert states(context) == {disk_id: "trashed"}
    clock.move(days=context.settings.trash_days, seconds=-1)
    assert trash.begin_due(context) == 0
    clock.move(seconds=1)
    assert trash.begin_due(context) == 1
    assert trash.begin_due(context) == 0
    assert item_of(context, disk_id).item.state is ItemState.PURGING
    with pytest.raises(WrongState, match="being deleted for good"):
        trash.restore(context, user="ana", item_id=item_of(context, disk_id).item.id)
    # the worker was killed here, and looks again
    assert [disk.id for disk in trashed_disks.to_delete(context)] == [disk_id]
    trashed_disks.finish_delete(context, disk_id)
    trashed_disks.finish_delete(context, disk_id)
    assert (states(context), trash.list_trash(context, "ana"), trashed_disks.to_delete(context)) == ({}, [], [])
    with context.database.read() as connection:
        assert interval_records.intervals_of(connection, disk_id)[-1]["ended_at"] == clock()


@pytest.mark.feature("C17")
def test_a_purge_at_once_is_for_whose_it_is(context: Context, workspace: Workspace) -> None:
    disk_id = delete(context, start(context), disk=True)
    item = item_of(context, disk_id).item
    for stranger in ("ben", "operator"):
        for act in (trash.restore, trash.purge):
            with pytest.raises(TrashMissing):
                act(context, user=stranger, item_id=item.id)
    for made_up in ("0" * 16, "../../etc", "", "%"):
        with pytest.raises(TrashMissing):
            trash.purge(context, user="ana", item_id=made_up)
    assert item_of(context, disk_id).item.state is ItemState.HELD
    assert trash.purge(context, user="ana", item_id=item.id).item.state is ItemState.PURGING
    assert trash.purge(context, user="ana", item_id=item.id).item.state is ItemState.PURGING
    assert [disk.id for disk in trashed_disks.to_delete(context)] == [disk_id]


def test_a_disk_with_work_that_is_nowhere_else_stays(context: Context, workspace: Workspace) -> None:
    ticket = start(context)
    identity = identities.identify(context, ticket.key)
    assert identity is not None
    identities.note_outbox(context, identity, ["a.ipynb", "b.ipynb"])
    disk_id = delete(context, ticket)
    with pytest.raises(OutboxNotEmpty, match="2 notebook"):
        disks.discard(context, actor="ana", disk_id=disk_id)
    with pytest.raises(OutboxNotEmpty):  # that it may be lost is not for others to say
        disks.discard(context, actor="operator", disk_id=disk_id, loses_unsent=True)
    # the next environment begins with what the disk holds
    again = start(context)
    assert again.environment.outbox_pending == 2
    delete(context, again)
    assert disks.discard(context, actor="ana", disk_id=disk_id, loses_unsent=True).subject == disk_id


def test_a_finished_deletion_says_so_once(context: Context, workspace: Workspace) -> None:
    ticket = start(context)
    delete(context, ticket, disk=True)
    deletions.finish_delete(context, ticket.environment.id)
    assert len(trash.list_trash(context, "ana")) == 1


# --- who sees what ---


@pytest.mark.feature("D5")
def test_disks_are_seen_by_whose_they_are_and_who_pays(context: Context, workspace: Workspace) -> None:
    disk_id = kept(context)
    assert states(context, "ben") == {}
    with pytest.raises(DiskMissing):
        disks.get_own(context, user="ben", disk_id=disk_id)
    with pytest.raises(DiskMissing):
        disks.discard(context, actor="ben", disk_id=disk_id)
    with pytest.raises(ProjectMissing):
        disks.list_paid(context, actor="ben", namespace="ana")
    with pytest.raises(NotAllowed):
        disks.list_all(context, actor="ben")
    projects.put_member(context, actor="ana", namespace="ana", who="ben", role=ProjectRole.MEMBER)
    with pytest.raises(NotAllowed):
        disks.list_paid(context, actor="ben", namespace="ana")
    projects.put_member(context, actor="ana", namespace="ana", who="ben", role=ProjectRole.OWNER)
    assert [held.disk.id for held in disks.list_paid(context, actor="ben", namespace="ana")] == [disk_id]
    assert [held.disk.id for held in disks.list_all(context, actor="operator")] == [disk_id]
    # who pays ends the cost; the person has it back
    item = disks.discard(context, actor="ben", disk_id=disk_id)
    with pytest.raises(TrashMissing):
        trash.restore(context, user="ben", item_id=item.id)
    trash.restore(context, user="ana", item_id=item.id)
    assert states(context) == {disk_id: "kept"}


def test_the_last_use_is_when_it_last_ran(context: Context, clock: builders.Clock, workspace: Workspace) -> None:
    ticket = start(context)
    (held,) = disks.list_own(context, "ana")
    assert held.is_in_use
    clock.move(hours=5)
    stopped = clock()
    environments.begin_pause(context, ticket.environment.id)
    environments.stopped(context, ticket.environment.id, 1)
    clock.move(days=3)
    delete(context, ticket)
    (held,) = disks.list_own(context, "ana")
    assert (held.is_in_use, held.disk.last_used_at, held.disk.state) == (False, stopped, DiskState.KEPT)


# --- size ---


@pytest.mark.feature("J2")
def test_a_larger_disk_costs_more_from_then_on(context: Context, clock: builders.Clock, workspace: Workspace) -> None:
    disk_id = start(context).environment.disk_id
    clock.move(hours=1)
    assert disks.enlarge(context, user="ana", disk_id=disk_id, size=100 * GIB).disk.size == 100 * GIB
    disks.enlarge(context, user="ana", disk_id=disk_id, size=100 * GIB)
    with context.database.read() as connection:
        rows = interval_records.intervals_of(connection, disk_id)
    assert [(row["disk_size"] // GIB, row["ended_at"] is None) for row in rows] == [(50, False), (100, True)]
    now = ledger.prices(context)
    assert [row["price_per_hour"] for row in rows] == [disk_per_hour(now, size * GIB) for size in (50, 100)]
    for size in (99 * GIB, context.settings.disk_limit + 1):
        with pytest.raises(DiskSizeRefused):
            disks.enlarge(context, user="ana", disk_id=disk_id, size=size)
    with pytest.raises(DiskMissing):
        disks.enlarge(context, user="ben", disk_id=disk_id, size=200 * GIB)


def test_what_is_in_the_trash_is_not_enlarged(context: Context, workspace: Workspace) -> None:
    disk_id = delete(context, start(context), disk=True)
    with pytest.raises(WrongState, match="Restore it"):
        disks.enlarge(context, user="ana", disk_id=disk_id, size=100 * GIB)


def test_rows_of_an_older_version_are_read(context: Context, workspace: Workspace) -> None:
    disk_id = kept(context)
    with context.database.read() as connection:
        found = disk_records.disk_by_id(connection, disk_id)
    assert found is not None
    assert (found.used, found.folders, found.measured_at) == (None, (), None)
