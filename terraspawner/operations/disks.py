"""Disks: which one an environment gets, what they cost and hold, enlarging, and their way into the trash.

One environment at a time has a disk: the states say so (`domain.disk`), and an index of the database does. Nothing is
destroyed here: a disk goes through the trash (`operations.trash`), and not even there while it alone holds somebody's
last changes, unless that person says that they may be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from terraspawner.db import disk_records, records, tag_records
from terraspawner.domain import disk as rules
from terraspawner.domain import price
from terraspawner.domain.access import Action, permits
from terraspawner.domain.disk import Disk, DiskEvent, DiskForm, DiskState, Folder
from terraspawner.domain.environment import Environment
from terraspawner.domain.tags import Tagged, Tags, Wanted
from terraspawner.domain.trash import Item, Kind
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import DiskAttached, DiskMissing, NotAllowed, OtherDisk, OutboxNotEmpty, WrongState
from terraspawner.operations import audit, discarding, ledger, oversight
from terraspawner.operations.context import Context, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDisk:
    """A disk with where it belongs; `environment` is the one that it is attached to, `item` its place in the trash, or
    its workspace's, with which it goes."""

    disk: Disk
    workspace: Workspace
    environment: Environment | None
    item: Item | None
    prices: price.Prices
    tags: Tags

    @property
    def is_in_use(self) -> bool:
        """Whether something may write to it now."""
        return self.environment is not None and self.environment.state in ledger.USES_DISK

    @property
    def outbox_pending(self) -> int:
        has_outbox = self.environment is not None and not self.disk.is_data
        return self.environment.outbox_pending if self.environment and has_outbox else self.disk.outbox_pending


# --- for a start ---


def attach(context: Context, connection: sa.Connection, *, workspace: Workspace, user: str, wanted: str | None) -> Disk:
    """The disk of a new environment, attached: one that was kept, or one made for it. Raises `DiskMissing`."""
    found = rules.chosen(disk_records.kept_by(connection, workspace.id, user), wanted)
    if found is not None:
        return ledger.move_disk(context, connection, found, DiskEvent.ATTACH)
    made = Disk(
        id=new_id(),
        workspace_id=workspace.id,
        user=user,
        size=context.settings.disk_size,
        state=DiskState.ATTACHED,
        created_at=context.now(),
    )
    disk_records.insert_disk(connection, made)
    return ledger.note_disk_interval(context, connection, made.id)


def refuse_other_disk(environment: Environment, workspace: Workspace, wanted: str | None) -> None:
    """Raises `OtherDisk` where the environment has another disk than the `wanted` one."""
    if wanted in (None, environment.disk_id):
        return
    raise OtherDisk(
        f"Your environment in {workspace.name} has its disk already. To use another one, delete the environment, keep"
        " its disk, and start a new one with the disk that you want."
    )


def of_environment(connection: sa.Connection, environment: Environment) -> tuple[Disk, ...]:
    """Its home folder's, and its data disk if it has one."""
    ids = [each for each in (environment.disk_id, environment.data_disk_id) if each]
    found = disk_records.disks_by_id(connection, ids)
    return tuple(found[each] for each in ids)


def note_made(context: Context, disk_ids: Iterable[str], form: DiskForm) -> None:
    """What they are on the machine from now on. One that was written down already stays that."""
    with context.database.write() as connection:
        for disk_id in disk_ids:
            found = disk_records.disk_by_id(connection, disk_id)
            if found and found.form is None:
                disk_records.update_disk(connection, disk_id, form=str(form))


def images_of(context: Context, environment_id: str) -> list[Disk]:
    """Those of an environment's disks that are images."""
    with context.database.read() as connection:
        return [each for each in of_environment(connection, ledger.load(connection, environment_id)) if each.has_limit]


# --- looking ---


def list_own(context: Context, user: str, wanted: Iterable[Wanted] = ()) -> list[HeldDisk]:
    """All of `user` that have a volume and the tags that are wanted, in the trash too: they cost."""
    with context.database.read() as connection:
        return _held(context, connection, disk_records.held_disks(connection, user=user, wanted=wanted))


def list_paid(context: Context, *, actor: str, namespace: str, wanted: Iterable[Wanted] = ()) -> list[HeldDisk]:
    """All that a billing project pays for. Raises `ProjectMissing`, `NotAllowed` to members who do not own it."""
    with context.database.read() as connection:
        oversight.check_payer(connection, actor, namespace)
        return _held(context, connection, disk_records.held_disks(connection, namespace=namespace, wanted=wanted))


def list_all(context: Context, *, actor: str, wanted: Iterable[Wanted] = ()) -> list[HeldDisk]:
    """Everybody's. Raises `NotAllowed` to all but operators."""
    with context.database.read() as connection:
        if not oversight.standing_in(connection, actor, "").is_operator:
            raise NotAllowed("Everybody's disks are for operators to see.", needed=("operator",))
        return _held(context, connection, disk_records.held_disks(connection, wanted=wanted))


def get_own(context: Context, *, user: str, disk_id: str) -> HeldDisk:
    """One of `user`'s. Raises `DiskMissing` for everything else, whether it exists or not."""
    with context.database.read() as connection:
        return _own(context, connection, user, disk_id)


def get_seen(context: Context, *, actor: str, disk_id: str) -> HeldDisk:
    """One of `actor`'s, or one that `actor` pays for. Raises `DiskMissing` for everything else."""
    with context.database.read() as connection:
        for held in _held(context, connection, disk_records.held_disks(connection, disk_id=disk_id)):
            if _may(connection, actor, held.disk, Action.SEE_ENVIRONMENTS):
                return held
    raise _missing()


# --- changing ---


def check_enlarge(context: Context, *, user: str, disk_id: str, size: int) -> Disk:
    """As it is before it is enlarged. Raises `DiskMissing`, `DiskSizeRefused`, `WrongState`."""
    with context.database.read() as connection:
        return _enlargeable(context, connection, user, disk_id, size)


def enlarge(context: Context, *, user: str, disk_id: str, size: int) -> HeldDisk:
    """Give it more room, and its higher price from now on. Raises as `check_enlarge`."""
    with context.database.write() as connection:
        disk = _enlargeable(context, connection, user, disk_id, size)
        if size != disk.size:
            disk_records.update_disk(connection, disk_id, size=size)
            ledger.note_disk_interval(context, connection, disk_id)
            audit.note(
                context, connection, actor=user, action="disk-enlarged",
                subject=f"disk:{disk_id}", before=disk.size, after=size,
            )  # fmt: skip
        return _own(context, connection, user, disk_id)


def discard(context: Context, *, actor: str, disk_id: str, loses_unsent: bool = False) -> Item:
    """Put a kept disk into the trash: one's own, or, who pays for it, another's.

    Raises `DiskMissing`, `DiskAttached`, `WrongState` where it is in the trash already, and `OutboxNotEmpty`; that work
    may be lost is said by the person whose it is and by nobody else.
    """
    with context.database.write() as connection:
        disk = disk_records.disk_by_id(connection, disk_id)
        if (
            disk is None
            or disk.state is DiskState.DELETED
            or not _may(connection, actor, disk, Action.END_ENVIRONMENTS)
        ):
            raise _missing()
        if disk.state is DiskState.ATTACHED:
            first = "Detach it while the environment is paused" if disk.is_data else "Delete the environment first"
            raise DiskAttached(f"The disk {disk_id} is attached to an environment. {first}.")
        if disk.state is not DiskState.KEPT:
            raise WrongState("The disk is in the trash already; `DELETE /trash/{id}` purges it.", state=str(disk.state))
        if disk.outbox_pending and not (loses_unsent and disk.user == actor):
            raise unsent(disk.outbox_pending, disk=disk_id)
        workspace = records.workspace_by_id(connection, disk.workspace_id)
        audit.note(
            context, connection, actor=actor, action="disk-discarded", subject=f"disk:{disk_id}",
            user=disk.user, workspace=f"{workspace.namespace}/{workspace.name}",
        )  # fmt: skip
        return put_into_trash(context, connection, disk, by=actor)


def put_into_trash(context: Context, connection: sa.Connection, disk: Disk, *, by: str) -> Item:
    """Nothing uses it any more, and it shall go."""
    ledger.move_disk(context, connection, disk, DiskEvent.DISCARD)
    called = "data disk of" if disk.is_data else "disk of"
    return discarding.put_held(context, connection, disk, kind=Kind.DISK, called=called, size=disk.size, by=by)


def detach(context: Context, connection: sa.Connection, environment: Environment, unsent: int = 0) -> Disk | None:
    """The environment is gone; its disk is kept, and remembers what of its work is not in the workspace: what that said
    itself, or what was found on the disk, `unsent`."""
    disk = disk_records.disk_by_id(connection, environment.disk_id)
    if disk is None or disk.state is not DiskState.ATTACHED:
        return None
    pending = max(environment.outbox_pending, unsent)
    return ledger.move_disk(context, connection, disk, DiskEvent.DETACH, outbox_pending=pending)


def unsent(pending: int, **details: object) -> OutboxNotEmpty:
    return OutboxNotEmpty(
        f"The disk holds {pending} notebook(s) whose last changes are not in the workspace yet. Resume the environment"
        " (or start one with this disk) so that they can be saved, or delete with force to lose them.",
        pending=pending,
        **details,
    )


# --- how full they are ---


def due_for_measure(context: Context) -> list[str]:
    """Ids of disks that it is time to measure, those first that were measured longest ago."""
    every, now = timedelta(seconds=context.settings.disk_look), context.now()
    with context.database.read() as connection:
        found = _held(context, connection, disk_records.held_disks(connection))
    due = [
        held.disk for held in found if rules.is_measured_anew(held.disk, is_in_use=held.is_in_use, every=every, now=now)
    ]
    return [disk.id for disk in sorted(due, key=lambda disk: disk.measured_at or disk.created_at)]


def may_be_measured(held: HeldDisk) -> bool:
    """Whether there is something to look at that is not on its way out."""
    return held.disk.state in (DiskState.ATTACHED, DiskState.KEPT)


def note_measure(context: Context, disk_id: str, used: int, folders: Sequence[Folder]) -> None:
    """What was found on it now. An image ends at a whole mebibyte: full, it holds a little more than is paid for."""
    with context.database.write() as connection:
        disk = disk_records.disk_by_id(connection, disk_id)
        if disk is not None and disk.has_limit:
            used = min(used, disk.size)
        disk_records.note_measure(connection, disk_id, folders, used=used, measured_at=context.now())


# --- steps ---


def _enlargeable(context: Context, connection: sa.Connection, user: str, disk_id: str, size: int) -> Disk:
    disk = _own(context, connection, user, disk_id).disk
    if disk.state not in (DiskState.ATTACHED, DiskState.KEPT):
        raise WrongState("The disk is in the trash. Restore it, then enlarge it.", state=str(disk.state))
    disk.formed(DiskForm.VOLUME)
    rules.enlarged(disk.size, size, context.settings.data_disk_limit if disk.is_data else context.settings.disk_limit)
    return disk


def _own(context: Context, connection: sa.Connection, user: str, disk_id: str) -> HeldDisk:
    for held in _held(context, connection, disk_records.held_disks(connection, user=user, disk_id=disk_id)):
        return held
    raise _missing()


def _held(context: Context, connection: sa.Connection, rows: list[disk_records.Held]) -> list[HeldDisk]:
    prices = ledger.prices(context)
    items = discarding.by_subject(connection)
    tags = tag_records.tags_of(connection, Tagged.DISK, [disk.id for disk, _, _ in rows])
    return [
        HeldDisk(
            disk=disk,
            workspace=workspace,
            environment=environment,
            item=items.get(disk.id) or items.get(workspace.id),
            prices=prices,
            tags=tags.get(disk.id, {}),
        )
        for disk, workspace, environment in rows
    ]


def _may(connection: sa.Connection, actor: str, disk: Disk, action: Action) -> bool:
    """With one's own, and as one who pays for it."""
    if disk.user == actor:
        return True
    workspace = records.workspace_by_id(connection, disk.workspace_id)
    return bool(permits(oversight.standing_in(connection, actor, workspace.namespace), action))


def _missing() -> DiskMissing:
    return DiskMissing("There is no disk with this id that is yours. It may have been deleted.")
