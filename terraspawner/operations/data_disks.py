"""The data disk of an environment: a second disk, mounted beside its home folder (FEATURES.md D9).

A container keeps its mounts. Another data disk is a wish in the row, and the next start makes the container anew with
it (`making`), as with another image. A disk is of one kind for good: no home folder becomes a data disk, and no data
disk a home folder.
"""

from __future__ import annotations

import sqlalchemy as sa

from terraspawner.db import disk_records, records
from terraspawner.domain.disk import DataWish, Disk, DiskEvent, DiskKind, DiskState, data_size
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import DiskMissing, OtherDisk, WrongState
from terraspawner.operations import audit, ledger
from terraspawner.operations.context import Context, new_id

_ADDED = "Its next start makes it anew, with its data disk at /data; its home folder stays."
_TAKEN = "Its next start makes it anew, without the data disk that it had; its home folder stays."


def change(context: Context, environment_id: str, wish: DataWish, *, user: str) -> None:
    """Write which data disk the environment has from its next start on; one that it had is kept. Costs of a new one
    begin now. Asking for the one that it has is no error.

    Raises `WrongState` unless it is paused, `OtherDisk` where it has one and another is wished for, `DiskMissing` for
    one that is not kept here, `DiskSizeRefused`, `Refused` where there are none.
    """
    with context.database.write() as connection:
        environment = ledger.load(connection, environment_id)
        present = environment.data_disk_id
        if environment.state is not State.PAUSED:
            raise WrongState(
                f"The environment is {environment.state}. Pause it first, then change its data disk: its container is"
                " made anew with it at the next start.",
                state=str(environment.state),
            )
        if present == wish.disk and wish.size is None:
            return
        if present and wish != DataWish():
            raise OtherDisk(
                "The environment has a data disk already. Detach that one first; it is kept, with everything on it."
            )
        workspace = records.workspace_by_id(connection, environment.workspace_id)
        after = _attached(context, connection, workspace, user, wish)
        records.update_environment(
            connection,
            environment.id,
            data_disk_id=after.id if after else None,
            reason=(_ADDED if after else _TAKEN) if environment.container_id else environment.reason,
        )
        if present:
            detach(context, connection, present)
        audit.note(
            context, connection, actor=user, action="environment-data-disk-changed",
            subject=f"environment:{environment.id}", before=present or "", after=after.id if after else "",
        )  # fmt: skip


def attach_kept(context: Context, connection: sa.Connection, workspace: Workspace, user: str, disk_id: str) -> Disk:
    """One that was kept, for an environment of `user` there. Raises `DiskMissing`."""
    for disk in disk_records.kept_by(connection, workspace.id, user, DiskKind.DATA):
        if disk.id == disk_id:
            return ledger.move_disk(context, connection, disk, DiskEvent.ATTACH)
    raise DiskMissing(
        "You have kept no such data disk in this workspace. `GET /disks` lists those that there are; one in the trash"
        " has to be restored first, and a home folder cannot be one."
    )


def refuse_other(environment: Environment, workspace: Workspace, wanted: str | None) -> None:
    """Raises `OtherDisk` where another data disk is wished for at the start of one that is there."""
    if wanted in (None, environment.data_disk_id):
        return
    raise OtherDisk(
        f"Your environment in {workspace.name} is there without this data disk. Pause it, change its data disk (PATCH"
        " …/environment), then start it."
    )


def detach(context: Context, connection: sa.Connection, disk_id: str) -> Disk | None:
    """It is kept from now on, for another environment of its person in that workspace."""
    disk = disk_records.disk_by_id(connection, disk_id)
    if disk is None or disk.state is not DiskState.ATTACHED:
        return None
    return ledger.move_disk(context, connection, disk, DiskEvent.DETACH)


def _attached(
    context: Context, connection: sa.Connection, workspace: Workspace, user: str, wish: DataWish
) -> Disk | None:
    if wish.disk is not None:
        return attach_kept(context, connection, workspace, user, wish.disk)
    if wish.size is None:
        return None
    made = Disk(
        id=new_id(),
        workspace_id=workspace.id,
        user=user,
        size=data_size(wish.size, context.settings.data_disk_limit),
        state=DiskState.ATTACHED,
        created_at=context.now(),
        kind=DiskKind.DATA,
    )
    disk_records.insert_disk(connection, made)
    return ledger.note_disk_interval(context, connection, made.id)
