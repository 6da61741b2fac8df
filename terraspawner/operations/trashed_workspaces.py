"""Workspaces on their way into the trash and back, with everything of everybody's in them.

In the trash a workspace is gone for all of its members and its name is free; its members, its bucket and the disks in
it stay, so that a restore brings all of that back. What runs in it ends when it goes there: nobody could reach it, and
each person finds the own environment in the trash afterwards. A purge ends these and the disks first, then the bucket;
each step is found again from the rows.
"""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import disk_records, member_records, notebook_records, outside_records, records, trash_records
from terraspawner.domain import names
from terraspawner.domain import trash as rules
from terraspawner.domain.access import Action
from terraspawner.domain.disk import DiskEvent, DiskState
from terraspawner.domain.environment import Environment, Event, State
from terraspawner.domain.trash import Item, ItemEvent, ItemState, Kind
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import NameTaken, OutboxNotEmpty, WorkspaceInUse
from terraspawner.operations import audit, discarding, ledger, trashed_environments, workspaces
from terraspawner.operations.context import Context


def ending(
    context: Context, *, actor: str, namespace: str, name: str, force: bool = False
) -> tuple[Workspace, list[Environment]]:
    """The workspace, and what would end with it. Raises as `discard`."""
    with context.database.read() as connection:
        return _ending(connection, actor, namespace, name, force=force)


def discard(context: Context, *, actor: str, namespace: str, name: str, force: bool = False) -> Item:
    """Put the workspace into the trash; environments in it end, also those of others where `force` says so.

    Raises `WorkspaceMissing`, `NotAllowed`; without `force` `WorkspaceInUse` where others have something there, and
    `OutboxNotEmpty` where work on a disk is not in the workspace yet.
    """
    with context.database.write() as connection:
        at, running = _ending(connection, actor, namespace, name, force=force)
        for environment in running:
            if environment.state is not State.DELETING:
                asked = ledger.asked_by(context, actor, "")
                ledger.move(context, connection, environment, Event.DELETE, key_hash=None, asked=asked)
        records.trash_workspace(connection, at.id, context.now())
        audit.note(
            context, connection, actor=actor, action="workspace-deleted", subject=f"workspace:{namespace}/{name}",
            environments=[each.id for each in running], force=force,
        )  # fmt: skip
        return discarding.put(
            context,
            connection,
            kind=Kind.WORKSPACE,
            subject=at.id,
            workspace_id=at.id,
            user=actor,
            name=f"{namespace}/{name}",
            size=None,
            by=actor,
        )


def put_back(connection: sa.Connection, item: Item, to: str | None) -> None:
    """There again, for all who were its members, under its own name or `to`. Raises `NameTaken`, `NameRefused`."""
    at = records.workspace_by_id(connection, item.subject)
    name = names.workspace_name(to) if to is not None else at.name
    comparable = names.comparable(name)
    if twin := records.workspace_like(connection, at.namespace, comparable):
        raise NameTaken(
            f"There is another workspace {twin.name!r} in {at.namespace!r} by now. Restore this one under another name;"
            " its members, notebooks, data and disks come along."
        )
    records.restore_workspace(connection, at.id, name, comparable)


def purging(context: Context) -> list[Item]:
    """Workspaces and libraries: of both nothing is left at the end but their rows."""
    with context.database.read() as connection:
        return [
            item for kind in (Kind.WORKSPACE, Kind.LIBRARY) for item in trash_records.items_purging(connection, kind)
        ]


def is_empty(context: Context, item: Item) -> bool:
    """Whether nothing is left in it but its bucket; what is left is told to go."""
    with context.database.write() as connection:
        if records.environments_at(connection, item.subject):
            return False
        deleted = records.environments_in_trash(connection, workspace_id=item.subject)
        for environment in deleted:
            trashed_environments.begin_purge(context, connection, environment)
        left = disk_records.disks_of_workspace(connection, item.subject)
        for disk in left:
            if disk.state is DiskState.KEPT:
                ledger.move_disk(context, connection, disk, DiskEvent.DISCARD)
            if disk.state in (DiskState.KEPT, DiskState.TRASHED):
                now = disk_records.disk_by_id(connection, disk.id)
                assert now is not None, "its row is kept for the ledger"  # noqa: S101 - for the type checker
                ledger.move_disk(context, connection, now, DiskEvent.PURGE)
                if own := trash_records.item_of(connection, Kind.DISK, disk.id):
                    trash_records.set_state(connection, own.id, rules.next_state(own.state, ItemEvent.PURGE))
        return not left and not deleted


def finish_purge(context: Context, item: Item) -> None:
    """Its bucket was emptied: nothing of it is left but rows of the ledger. Raises `BucketUnavailable`."""
    context.remove_bucket(item.subject)
    with context.database.write() as connection:
        kept = [
            each
            for kind in (Kind.NOTEBOOK, Kind.FILE, Kind.FOLDER)
            for each in trash_records.items_there(connection, kind=kind, within=[item.subject])
        ]
        for each in [item, *kept]:
            trash_records.set_state(connection, each.id, ItemState.PURGED, context.now())
        for notebook in notebook_records.notebooks_of(connection, item.subject):
            notebook_records.delete_notebook(connection, notebook.id)
        member_records.forget_members(connection, item.subject)
        outside_records.delete(connection, item.subject)


def _ending(
    connection: sa.Connection, actor: str, namespace: str, name: str, *, force: bool
) -> tuple[Workspace, list[Environment]]:
    at = workspaces.within(
        connection, user=actor, namespace=namespace, name=name, action=Action.DELETE_WORKSPACE
    ).workspace
    running = records.environments_at(connection, at.id)
    kept = [disk for disk in disk_records.disks_of_workspace(connection, at.id) if disk.state is DiskState.KEPT]
    if not force:
        there = [(each.user, each.outbox_pending) for each in running]
        there += [(each.user, each.outbox_pending) for each in kept]
        _refuse(at, sorted({user for user, _ in there} - {actor}), sum(pending for _, pending in there))
    return at, running


def _refuse(at: Workspace, others: list[str], pending: int) -> None:
    if others:
        who = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        raise WorkspaceInUse(
            f"{who} {'has an environment or a disk' if len(others) == 1 else 'have environments or disks'} in"
            f" {at.namespace}/{at.name}. Ask first, or delete it with force: what runs in it ends, and their disks go"
            " to the trash along with it.",
            people=others,
        )
    if pending:
        raise OutboxNotEmpty(
            f"On disks in {at.namespace}/{at.name} there are {pending} notebook(s) whose last changes are not in the"
            " workspace yet. Resume the environment so that they can be saved, or delete with force.",
            pending=pending,
        )
