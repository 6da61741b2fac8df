"""What a disk is on the machine, in our rows; and a conversion, ended at each of its steps."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import builders
from terraspawner.converting import Converter
from terraspawner.db import tables as t
from terraspawner.domain.disk import DiskForm, notice
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import DiskMissing, HostUnavailable, Refused, TerraError, WrongState
from terraspawner.errors_disks import MachineFull
from terraspawner.mounter_client import DiskSpace
from terraspawner.operations import conversions, deletions, disks, environments, trash
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket

pytestmark = pytest.mark.feature("D4")

GIB = 1024**3


class Killed(BaseException):
    """The process ends here."""


class MachineThatEnds:
    """Host service and mounter in one. `at` the act of this name it raises `error`, before or after it is done."""

    def __init__(self, at: str = "", error: BaseException | None = None, *, after: bool = False) -> None:
        self.done: list[str] = []
        self._at, self._error, self._after = at, error, after

    async def copy_disk(self, disk_id: str) -> None:
        self._do("copy", disk_id)

    async def drop_volume(self, disk_id: str) -> None:
        self._do("drop", disk_id)

    async def delete_environment(self, environment_id: str) -> None:
        self._do("container", environment_id)

    async def mount_disk(self, disk_id: str, size: int, *, is_new: bool) -> DiskSpace:
        assert is_new
        self._do("mount", disk_id)
        return DiskSpace(size=size, free=size)

    async def unmount_disk(self, disk_id: str, turn: int | None = None) -> DiskSpace:
        assert turn is None
        self._do("unmount", disk_id)
        return DiskSpace(size=0, free=0)

    async def remove_disk(self, disk_id: str) -> None:
        self._do("remove", disk_id)

    def _do(self, act: str, _: str) -> None:
        if act == self._at and self._error and not self._after:
            raise self._error
        self.done.append(act)
        if act == self._at and self._error:
            raise self._error


def converter(context: Context, machine: MachineThatEnds) -> Converter:
    return Converter(context=context, host=machine, mounter=machine, say=lambda _: None)


def start(context: Context) -> Ticket:
    ticket = environments.admit(context, user="ana", slug="ana-alpha")
    disks.note_made(context, [disk.id for disk in ticket.disks], DiskForm(context.settings.disks))
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c1")
    return ticket


def pause(context: Context, ticket: Ticket) -> str:
    """Its disk's id."""
    environments.begin_pause(context, ticket.environment.id)
    environments.stopped(context, ticket.environment.id, ticket.environment.start_number)
    return ticket.environment.disk_id


def form_of(context: Context, disk_id: str) -> DiskForm | None:
    return disks.get_own(context, user="ana", disk_id=disk_id).disk.form


def test_a_disk_is_what_it_was_made_as_for_good(context: Context, workspace: Workspace) -> None:
    assert workspace.name == "alpha"
    ticket = environments.admit(context, user="ana", slug="ana-alpha")
    (disk,) = ticket.disks
    assert (disk.id, disk.form) == (ticket.environment.disk_id, None)
    assert disk.formed(DiskForm.IMAGE) is DiskForm.IMAGE
    disks.note_made(context, [disk.id], DiskForm.IMAGE)
    disks.note_made(context, [disk.id], DiskForm.VOLUME)
    made = disks.get_own(context, user="ana", disk_id=disk.id).disk
    assert (made.form, made.has_limit, made.formed(DiskForm.VOLUME)) == (DiskForm.IMAGE, True, DiskForm.IMAGE)
    assert [each.id for each in disks.images_of(context, ticket.environment.id)] == [disk.id]


def test_a_full_disk_with_a_limit_is_full_and_not_more_than_that(context: Context, workspace: Workspace) -> None:
    assert workspace.name == "alpha"
    disk_id = environments.admit(context, user="ana", slug="ana-alpha").environment.disk_id
    disks.note_made(context, [disk_id], DiskForm.IMAGE)
    disks.note_measure(context, disk_id, 50 * GIB + 1024**2 - 1, [])  # its image ends at a whole mebibyte
    full = disks.get_own(context, user="ana", disk_id=disk_id).disk
    said = notice(full.used, full.size)
    assert said is not None
    assert said.message.startswith("The disk is 100 % full.")


async def test_a_paused_environments_disk_is_converted_and_its_container_goes(
    context: Context, workspace: Workspace
) -> None:
    assert workspace.name == "alpha"
    ticket = start(context)
    with pytest.raises(WrongState, match="Pause it first"):
        await converter(context, MachineThatEnds()).convert(ticket.environment.disk_id)
    disk_id = pause(context, ticket)
    machine = MachineThatEnds()
    await converter(context, machine).convert(disk_id)
    assert machine.done == ["mount", "copy", "container", "drop", "unmount"]
    assert form_of(context, disk_id) is DiskForm.IMAGE
    here = environments.by_slug(context, user="ana", slug="ana-alpha")
    assert here is not None
    assert (here.container_id, "real limit" in here.reason) == ("", True)
    assert disk_id in [disk.id for disk in conversions.all_disks(context)]
    with context.database.read() as connection:
        noted = connection.execute(sa.select(t.audit.c.action)).scalars().all()
    assert noted.count("disk-form-changed") == 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["mount", "copy", "container", "drop", "unmount"])
async def test_ended_at_any_step_the_same_command_goes_on(
    context: Context, workspace: Workspace, step: str, *, after: bool
) -> None:
    assert workspace.name == "alpha"
    disk_id = pause(context, start(context))
    with pytest.raises(Killed):
        await converter(context, MachineThatEnds(step, Killed(), after=after)).convert(disk_id)
    if step in ("mount", "copy"):
        assert form_of(context, disk_id) is DiskForm.CONVERTING
        with pytest.raises(WrongState, match="its files are copied"):
            environments.admit(context, user="ana", slug="ana-alpha")
        with pytest.raises(WrongState, match="its files are copied"):
            disks.check_enlarge(context, user="ana", disk_id=disk_id, size=100 * GIB)
    machine = MachineThatEnds()
    await converter(context, machine).convert(disk_id)
    assert machine.done[-3:] == ["container", "drop", "unmount"]
    assert form_of(context, disk_id) is DiskForm.IMAGE
    assert environments.admit(context, user="ana", slug="ana-alpha").disks[0].has_limit


@pytest.mark.parametrize("error", [MachineFull("No room."), HostUnavailable("Away.")])
@pytest.mark.parametrize("step", ["mount", "copy"])
async def test_what_fails_is_put_back(context: Context, workspace: Workspace, step: str, error: TerraError) -> None:
    assert workspace.name == "alpha"
    disk_id = pause(context, start(context))
    machine = MachineThatEnds(step, error)
    with pytest.raises(type(error)):
        await converter(context, machine).convert(disk_id)
    assert (machine.done[-1], form_of(context, disk_id)) == ("remove", DiskForm.VOLUME)
    assert not environments.admit(context, user="ana", slug="ana-alpha").disks[0].has_limit


async def test_what_could_not_be_put_back_waits_for_the_operator(context: Context, workspace: Workspace) -> None:
    assert workspace.name == "alpha"
    disk_id = pause(context, start(context))
    said: list[str] = []
    full, away = MachineThatEnds("mount", MachineFull("No room.")), MachineThatEnds("remove", HostUnavailable("Away."))
    full.remove_disk = away.remove_disk  # type: ignore[method-assign]
    with pytest.raises(MachineFull):
        await Converter(context=context, host=full, mounter=full, say=said.append).convert(disk_id)
    assert "`keep` it" in said[-1]
    assert form_of(context, disk_id) is DiskForm.CONVERTING
    machine = MachineThatEnds()
    await converter(context, machine).put_back(disk_id)
    assert (machine.done, form_of(context, disk_id)) == (["remove"], DiskForm.VOLUME)


async def test_an_image_is_not_thrown_away_by_who_meant_to_keep_a_volume(
    context: Context, workspace: Workspace
) -> None:
    assert workspace.name == "alpha"
    disk_id = pause(context, start(context))
    await converter(context, MachineThatEnds()).convert(disk_id)
    machine = MachineThatEnds()
    with pytest.raises(WrongState, match="not being converted"):
        await converter(context, machine).put_back(disk_id)
    assert machine.done == []


async def test_what_has_nothing_to_convert_is_refused(
    context: Context, clock: builders.Clock, workspace: Workspace
) -> None:
    assert workspace.name == "alpha"
    with pytest.raises(DiskMissing):
        conversions.begin(context, "0" * 16)
    new = environments.admit(context, user="ana", slug="ana-alpha")
    environments.start_failed(context, new.environment.id, 1, "No.", "")
    with pytest.raises(Refused, match="Nothing is on this disk yet"):
        conversions.begin(context, new.environment.disk_id)
    disk_id = pause(context, start(context))
    disks.note_made(context, [disk_id], DiskForm.VOLUME)
    disks.note_measure(context, disk_id, 60 * GIB, [])
    with pytest.raises(Refused, match="more than its size"):
        conversions.begin(context, disk_id)
    disks.note_measure(context, disk_id, GIB, [])
    deletions.mark_deleting(context, new.environment.id)
    deletions.finish_delete(context, new.environment.id, "c1")
    with pytest.raises(WrongState, match="in the trash was made with this disk"):
        conversions.begin(context, disk_id)
    clock.move(days=1)
    (item,) = [each.item for each in trash.list_trash(context, "ana") if each.environment]
    trash.purge(context, user="ana", item_id=item.id)
