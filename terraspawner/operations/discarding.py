"""The way into the trash, for each kind of thing; what becomes of it there is `operations.trash`'s."""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import records, trash_records
from terraspawner.domain import trash as rules
from terraspawner.domain.disk import Disk
from terraspawner.domain.environment import Environment
from terraspawner.domain.trash import Item, ItemState, Kind
from terraspawner.operations.context import Context, new_id


def put(
    context: Context,
    connection: sa.Connection,
    *,
    kind: Kind,
    subject: str,
    workspace_id: str,
    user: str,
    name: str,
    size: int | None,
    by: str,
    item_id: str = "",
    state: ItemState = ItemState.HELD,
) -> Item:
    """A new item, in the transaction that takes the thing away from where it was."""
    now = context.now()
    item = Item(
        id=item_id or new_id(),
        kind=kind,
        subject=subject,
        workspace_id=workspace_id,
        user=user,
        name=name,
        size=size,
        state=state,
        trashed_at=now,
        trashed_by=by,
        purge_at=rules.purge_time(now, context.settings.trash_days),
    )
    trash_records.insert_item(connection, item)
    return item


def put_held(
    context: Context,
    connection: sa.Connection,
    held: Environment | Disk,
    *,
    kind: Kind,
    called: str,
    size: int | None,
    by: str,
) -> Item:
    """What a person has in a workspace, under that workspace's name: ``disk of ana/alpha``."""
    workspace = records.workspace_by_id(connection, held.workspace_id)
    return put(
        context,
        connection,
        kind=kind,
        subject=held.id,
        workspace_id=held.workspace_id,
        user=held.user,
        name=f"{called} {workspace.namespace}/{workspace.name}",
        size=size,
        by=by,
    )


def by_subject(connection: sa.Connection) -> dict[str, Item]:
    """The items of disks and workspaces that are in the trash, by the id of the disk or workspace."""
    return {
        item.subject: item
        for kind in (Kind.DISK, Kind.WORKSPACE)
        for item in trash_records.items_there(connection, kind=kind)
    }
