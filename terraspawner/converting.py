"""Gives a disk that was made as a plain volume a real limit, for the operator's command.

Our row says first that nothing may start with it; then the image is made, the files are copied and compared, the row
says that it is an image, and the volume goes. An end at any point is gone on from by the same command. What fails is
put back: the volume is what it was until everything is on the image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from terraspawner.domain.disk import DiskForm
from terraspawner.errors import TerraError
from terraspawner.mounter_client import DiskSpace
from terraspawner.operations import conversions
from terraspawner.operations.context import Context
from terraspawner.operations.conversions import Conversion

GIB = 1024**3


class Host(Protocol):
    """What this needs of the host service."""

    async def copy_disk(self, disk_id: str) -> None: ...
    async def drop_volume(self, disk_id: str) -> None: ...
    async def delete_environment(self, environment_id: str) -> None: ...


class Mounter(Protocol):
    """What this needs of the mounter."""

    async def mount_disk(self, disk_id: str, size: int, *, is_new: bool) -> DiskSpace: ...
    async def unmount_disk(self, disk_id: str, turn: int | None = None) -> DiskSpace: ...
    async def remove_disk(self, disk_id: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Converter:
    """`say` is told each step in a sentence."""

    context: Context
    host: Host
    mounter: Mounter
    say: Callable[[str], None]

    async def convert(self, disk_id: str) -> None:
        """Raises as `conversions.begin` does, `MachineFull`, and what the host service or the mounter refuse."""
        found = conversions.begin(self.context, disk_id)
        if found.disk.form is not DiskForm.IMAGE:
            try:
                await self._copy(found)
            except TerraError:
                await self._try_to_put_back(disk_id)
                raise
            conversions.finish(self.context, found)
        await self._take_away(found)
        self.say(f"The disk {disk_id} has a real limit of {found.disk.size / GIB:.4g} GB now.")

    async def put_back(self, disk_id: str) -> None:
        """The volume is what it was; the image goes. Raises as `conversions.check_put_back`."""
        conversions.check_put_back(self.context, disk_id)
        await self.mounter.remove_disk(disk_id)
        conversions.put_back(self.context, disk_id)
        self.say(f"The disk {disk_id} is a plain volume, as it was.")

    async def _try_to_put_back(self, disk_id: str) -> None:
        try:
            await self.put_back(disk_id)
        except TerraError as error:
            self.say(
                f"It could not be put back ({error.message}); nothing starts with it. Convert it again, or `keep` it."
            )

    async def _copy(self, found: Conversion) -> None:
        disk = found.disk
        self.say(f"An image of {disk.size / GIB:.4g} GB is set aside.")
        await self.mounter.mount_disk(disk.id, disk.size, is_new=True)
        self.say("Its files are copied, and every byte is compared. This takes minutes where there are many.")
        await self.host.copy_disk(disk.id)

    async def _take_away(self, found: Conversion) -> None:
        """The container first, which holds the volume, where it was not made anew meanwhile."""
        here = found.environment
        if here is not None and (found.disk.form is not DiskForm.IMAGE or not here.container_id):
            await self.host.delete_environment(here.id)
        await self.host.drop_volume(found.disk.id)
        await self.mounter.unmount_disk(found.disk.id)
