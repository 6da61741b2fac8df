"""Deleted workspaces: gone for everybody, restored with everything, purged to the last row."""

from __future__ import annotations

import pytest

import builders
from terraspawner.domain.access import Action, Role
from terraspawner.domain.price import disk_per_month
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import (
    NameRefused,
    NameTaken,
    NotAllowed,
    OutboxNotEmpty,
    TrashMissing,
    WorkspaceInUse,
    WorkspaceMissing,
)
from terraspawner.operations import (
    deletions,
    disks,
    environments,
    identities,
    ledger,
    members,
    notebook_lists,
    notebooks,
    trash,
    trashed_disks,
    trashed_workspaces,
    views,
    workspaces,
)
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket


def share(context: Context, who: str = "ben", role: Role = Role.WRITER) -> None:
    members.put_member(context, actor="ana", namespace="ana", name="alpha", who=who, role=role, may_compute=True)


def discard(context: Context, *, user: str = "ana", force: bool = False) -> str:
    """Its id in the trash."""
    return trashed_workspaces.discard(context, actor=user, namespace="ana", name="alpha", force=force).id


def running(context: Context, user: str = "ana") -> Ticket:
    ticket = environments.admit(context, user=user, slug="ana-alpha")
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c1")
    return ticket


def is_seen(context: Context, user: str) -> bool:
    return any(each.workspace.name == "alpha" for each in workspaces.list_workspaces(context, user))


def first_notebook(context: Context) -> tuple[notebooks.Place, str]:
    place = notebooks.Place(user="ana", namespace="ana", name="alpha", path="first.ipynb")
    return place, notebooks.create_notebook(context, place, "python3").version


def work(context: Context) -> None:
    """What the worker does, with a host that obeys."""
    trash.begin_due(context)
    trash.purge_kept(context)
    for item in trashed_workspaces.purging(context):
        if trashed_workspaces.is_empty(context, item):
            trashed_workspaces.finish_purge(context, item)
    for disk in trashed_disks.to_delete(context):
        trashed_disks.finish_delete(context, disk.id)


@pytest.mark.feature("C17")
def test_it_is_gone_for_everybody_and_comes_back_with_members_notebooks_and_disks(
    context: Context, workspace: Workspace
) -> None:
    share(context)
    first_notebook(context)
    ticket = running(context)
    item = discard(context)
    for user in ("ana", "ben"):
        assert not is_seen(context, user)
        with pytest.raises(WorkspaceMissing):
            workspaces.enter(context, user=user, namespace="ana", name="alpha", action=Action.SEE)
        with pytest.raises(WorkspaceMissing):
            environments.admit(context, user=user, slug=workspace.slug)
    assert identities.identify(context, ticket.key) is None
    deletions.finish_delete(context, ticket.environment.id)
    (told,) = trash.list_trash(context, "ana")
    assert told.price_per_month == disk_per_month(ledger.prices(context), context.settings.disk_size)
    trash.restore(context, user="ana", item_id=item)
    assert is_seen(context, "ana")
    assert is_seen(context, "ben")
    listed = notebook_lists.list_notebooks(context, user="ben", namespace="ana", name="alpha")
    assert [each.path for each in listed] == ["first.ipynb"]
    assert running(context).environment.disk_id == ticket.environment.disk_id


def test_what_others_have_there_is_named_before_it_goes(context: Context, workspace: Workspace) -> None:
    share(context)
    theirs = running(context, "ben").environment
    with pytest.raises(WorkspaceInUse, match="ben has an environment or a disk in ana/alpha") as refused:
        discard(context)
    assert refused.value.details == {"people": ["ben"]}
    deletions.mark_deleting(context, theirs.id)
    deletions.finish_delete(context, theirs.id)
    with pytest.raises(WorkspaceInUse):  # the disk is still there
        discard(context)
    assert is_seen(context, "ben")
    discard(context, force=True)
    (held,) = disks.list_own(context, "ben")
    assert held.item is not None
    assert (held.disk.state, held.item.kind) == ("kept", "workspace")


def test_work_that_is_nowhere_else_is_named_too(context: Context, workspace: Workspace) -> None:
    ticket = running(context)
    identity = identities.identify(context, ticket.key)
    assert identity is not None
    identities.note_outbox(context, identity, ["a.ipynb", "b.ipynb", "c.ipynb"])
    with pytest.raises(OutboxNotEmpty, match="3 notebook"):
        discard(context)
    assert discard(context, force=True)


def test_only_owners_delete_restore_and_purge_it(context: Context, workspace: Workspace) -> None:
    for role in (Role.READER, Role.WRITER):
        share(context, role=role)
        with pytest.raises(NotAllowed):
            discard(context, user="ben")
    with pytest.raises(WorkspaceMissing):
        discard(context, user="operator")
    item = discard(context)
    for stranger in ("ben", "operator"):
        assert trash.list_trash(context, stranger) == []
        for act in (trash.restore, trash.purge):
            with pytest.raises(TrashMissing):
                act(context, user=stranger, item_id=item)
    trash.restore(context, user="ana", item_id=item)
    share(context, role=Role.OWNER)
    again = discard(context)
    assert [each.item.id for each in trash.list_trash(context, "ben")] == [again]
    trash.restore(context, user="ben", item_id=again)


@pytest.mark.feature("C17")
def test_its_name_is_free_and_where_it_is_taken_it_comes_back_under_another(
    context: Context, workspace: Workspace
) -> None:
    item = discard(context)
    other = builders.workspace(context, name="Alpha")
    assert other.slug != workspace.slug
    with pytest.raises(NameTaken, match="under another name"):
        trash.restore(context, user="ana", item_id=item)
    with pytest.raises(NameRefused):
        trash.restore(context, user="ana", item_id=item, name="../beta")
    trash.restore(context, user="ana", item_id=item, name="beta")
    back = workspaces.enter(context, user="ana", namespace="ana", name="beta", action=Action.SEE)
    assert (back.id, back.slug) == (workspace.id, workspace.slug)


def test_two_of_one_name_can_be_in_the_trash(context: Context, workspace: Workspace) -> None:
    first = discard(context)
    builders.workspace(context)
    second = discard(context)
    trash.restore(context, user="ana", item_id=first)
    with pytest.raises(NameTaken):
        trash.restore(context, user="ana", item_id=second)


@pytest.mark.feature("C17")
def test_a_purge_takes_everything_and_waits_for_what_still_runs(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    share(context)
    place, version = first_notebook(context)
    notebooks.delete_notebook(context, place, version)
    first_notebook(context)
    theirs, ours = running(context, "ben").environment, running(context).environment
    deletions.mark_deleting(context, ours.id, deletes_disk=True)
    deletions.finish_delete(context, ours.id)
    item = discard(context, force=True)
    trash.purge(context, user="ana", item_id=item)
    work(context)
    assert [each.disk.id for each in disks.list_own(context, "ben")] == [theirs.disk_id]  # its container is there yet
    deletions.finish_delete(context, theirs.id)
    work(context)  # the disks are told to go, and go
    assert trashed_workspaces.purging(context) != []
    work(context)  # then the bucket
    work(context)
    assert trashed_workspaces.purging(context) == []
    for user in ("ana", "ben"):
        assert (disks.list_own(context, user), trash.list_trash(context, user)) == ([], [])
    with pytest.raises(KeyError):
        context.bucket(workspace.id)
    with pytest.raises(TrashMissing):
        trash.restore(context, user="ana", item_id=item)
    assert builders.workspace(context).id != workspace.id


def test_its_time_is_told_by_the_clock(context: Context, clock: builders.Clock, workspace: Workspace) -> None:
    discard(context)
    clock.move(days=context.settings.trash_days, seconds=-1)
    work(context)
    assert len(trash.list_trash(context, "ana")) == 1
    clock.move(seconds=1)
    work(context)
    assert trash.list_trash(context, "ana") == []


def test_an_environment_that_is_left_shows_no_way_in(context: Context, workspace: Workspace) -> None:
    running(context)
    discard(context)
    (view,) = views.views_of(context, "ana")
    assert (view.membership, view.state) == (None, "deleting")
