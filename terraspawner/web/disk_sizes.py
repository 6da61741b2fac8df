"""Enlarging a disk: the machine first, then the row, so that nobody pays for room that the machine does not have."""

from __future__ import annotations

from terraspawner.operations import disks
from terraspawner.operations.disks import HeldDisk
from terraspawner.web.parts import Parts


async def enlarge(parts: Parts, *, user: str, disk_id: str, size: int) -> HeldDisk:
    """Of one with a real limit the limit is moved, also while it is used.

    Raises `DiskMissing`, `DiskSizeRefused`, `WrongState`, `MachineFull`, `MounterUnavailable`.
    """
    disk = await parts.deeds(disks.check_enlarge, user=user, disk_id=disk_id, size=size)
    if disk.has_limit and size > disk.size:
        await parts.host.enlarge_disk(disk_id, size)
    return await parts.deeds(disks.enlarge, user=user, disk_id=disk_id, size=size)
