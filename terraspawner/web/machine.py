"""The machine as the service asks it: the host service and the mounter, which each have a part of every disk.

The volume of a disk is the host's and its image the mounter's. Who lists, measures, enlarges or deletes disks asks
here and need not know which of the two a disk is.
"""

from __future__ import annotations

from dataclasses import replace

from terraspawner.errors import HostUnavailable
from terraspawner.errors_disks import DiskLost
from terraspawner.host_client import DiskUse, HostClient
from terraspawner.mounter_client import DiskSpace, MounterClient


class MachineClient(HostClient):
    """Raises as both of them do."""

    def __init__(self, socket: str, mounter: MounterClient) -> None:
        super().__init__(socket)
        self._mounter = mounter

    async def disks(self) -> frozenset[str]:
        """The ids of the disks that have a volume or an image."""
        return await super().disks() | await self._mounter.disks()

    async def delete_disk(self, disk_id: str) -> None:
        """The volume first: while a container has it nothing is deleted."""
        await super().delete_disk(disk_id)
        await self._mounter.remove_disk(disk_id)

    async def enlarge_disk(self, disk_id: str, size: int) -> None:
        """Give the image of a disk `size` bytes at least. Raises `DiskLost`, `MachineFull`."""
        await self._mounter.enlarge_disk(disk_id, size)

    async def measure_disk(self, disk_id: str) -> DiskUse | None:
        """Of one that is an image what its file system says. One that nothing runs with is mounted for the look: what
        lies on it may decide whether it is deleted, so an image is never told as one on which nothing is."""
        try:
            space = await self._mounter.disk_space(disk_id)
        except DiskLost:
            return await super().measure_disk(disk_id)
        if space.used is not None:
            return await self._seen(disk_id, space)
        mounted = await self._mounter.mount_disk(disk_id, space.size, is_new=False)
        try:
            return await self._seen(disk_id, mounted)
        finally:
            await self._mounter.unmount_disk(disk_id, mounted.turn)

    async def close(self) -> None:
        await super().close()
        await self._mounter.close()

    async def _seen(self, disk_id: str, space: DiskSpace) -> DiskUse:
        found = await super().measure_disk(disk_id)
        if found is None or space.used is None:
            raise HostUnavailable(f"The disk {disk_id} was unmounted while it was being looked at.")
        return replace(found, used=space.used)
