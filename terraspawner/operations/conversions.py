"""A disk that was made as a plain volume is given a real limit: what our rows say while its files are copied.

Nobody starts with it meanwhile. Each step can be repeated, and until the last one the volume is what it was; an end in
the middle leaves the disk *converting*, from which the same command goes on or puts it back.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from terraspawner.db import disk_records, records
from terraspawner.domain.disk import Disk, DiskForm, DiskState
from terraspawner.domain.environment import Environment, State
from terraspawner.errors import DiskMissing, Refused, WrongState
from terraspawner.operations import audit
from terraspawner.operations.context import Context

_MADE_ANEW = (
    "Its disk was given a real limit. The next start makes it anew on it; its home folder stays, what was installed"
    " outside it is gone."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """`environment` is the paused one that has the disk."""

    disk: Disk
    environment: Environment | None


def all_disks(context: Context) -> list[Disk]:
    """All that are attached or kept, by their people."""
    with context.database.read() as connection:
        found = [each for state in _CONVERTIBLE for each in disk_records.disks_in(connection, state)]
    return sorted(found, key=lambda disk: (disk.user, disk.created_at))


def begin(context: Context, disk_id: str) -> Conversion:
    """From here on nothing starts with it. One that is an image already is told as it is.

    Raises `DiskMissing`, `WrongState` where it is used or in the trash, `Refused` where there is nothing to convert.
    """
    with context.database.write() as connection:
        disk, environment = _found(connection, disk_id)
        if disk.form in (DiskForm.IMAGE, DiskForm.CONVERTING):
            return Conversion(disk=disk, environment=environment)
        if disk.form is None:
            raise Refused("Nothing is on this disk yet: its first start makes it as TERRA_DISKS says.")
        if disk.used is not None and disk.used > disk.size:
            raise Refused("It holds more than its size, which could not be its limit. Its person can enlarge it first.")
        _note(context, connection, disk, DiskForm.CONVERTING)
        return Conversion(disk=disk, environment=environment)


def finish(context: Context, conversion: Conversion) -> None:
    """Everything is on the image. A container that was made with the volume is not started again."""
    with context.database.write() as connection:
        _note(context, connection, conversion.disk, DiskForm.IMAGE)
        if conversion.environment and conversion.environment.container_id:
            records.update_environment(connection, conversion.environment.id, container_id="", reason=_MADE_ANEW)


def check_put_back(context: Context, disk_id: str) -> None:
    """Raises `DiskMissing`, `WrongState` unless it is being converted."""
    with context.database.read() as connection:
        _converting(connection, disk_id)


def put_back(context: Context, disk_id: str) -> None:
    """It is the plain volume again that it still is. Raises as `check_put_back`."""
    with context.database.write() as connection:
        _note(context, connection, _converting(connection, disk_id), DiskForm.VOLUME)


_CONVERTIBLE = (DiskState.ATTACHED, DiskState.KEPT)


def _found(connection: sa.Connection, disk_id: str) -> tuple[Disk, Environment | None]:
    held = disk_records.held_disks(connection, disk_id=disk_id)
    if not held:
        raise DiskMissing(f"There is no disk {disk_id!r}. `list` tells all of them.")
    disk, _, environment = held[0]
    if disk.state not in _CONVERTIBLE:
        raise WrongState("The disk is in the trash. Its person can restore it first.", state=str(disk.state))
    if environment and environment.state is not State.PAUSED:
        raise WrongState(
            f"Its environment is {environment.state}. Pause it first; its person can, and so can operators.",
            state=str(environment.state),
        )
    if records.environments_in_trash(connection, disk_id=disk_id):
        raise WrongState(
            "An environment in the trash was made with this disk and could not be restored any more. Convert the disk"
            " once that is purged, or restored and paused."
        )
    return disk, environment


def _converting(connection: sa.Connection, disk_id: str) -> Disk:
    disk, _ = _found(connection, disk_id)
    if disk.form is not DiskForm.CONVERTING:
        raise WrongState(f"The disk {disk_id} is not being converted.", state=str(disk.form))
    return disk


def _note(context: Context, connection: sa.Connection, disk: Disk, form: DiskForm) -> None:
    if disk.form is not form:
        disk_records.update_disk(connection, disk.id, form=str(form))
        audit.note(
            context, connection, actor=context.origin.actor, action="disk-form-changed", subject=f"disk:{disk.id}",
            user=disk.user, before=str(disk.form), after=str(form),
        )  # fmt: skip
