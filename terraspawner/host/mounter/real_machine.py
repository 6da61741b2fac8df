"""This machine as disks need it: room set aside, file systems made, mounted and grown."""

from __future__ import annotations

import os
from pathlib import Path

from terraspawner.host.mounter import filesystems, loops
from terraspawner.host.mounter.filesystems import Filesystem, Space


class RealMachine:
    """This machine's loop devices and file systems."""

    def __init__(self, kind: Filesystem | None = None) -> None:
        self._kind = kind

    def allocate(self, descriptor: int, size: int) -> None:
        loops.allocate(descriptor, size)

    def make(self, image: Path) -> None:
        filesystems.make(image, self._kind or filesystems.best())

    def rename(self, image: Path, name: Path) -> None:
        """Durably, with all that is in it."""
        for path in (image, image.parent):
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        image.rename(name)

    def mount(self, image: Path, target: Path) -> None:
        kind = filesystems.kind_of(image)
        with loops.attached(image) as device:
            filesystems.grow_unmounted(device, kind)
            filesystems.mount(device, target, kind)

    def has_image(self, number: int, image: Path) -> bool:
        """Whether the file system of this number (``st_dev``) is that of `image`."""
        return loops.has_image(number, image)

    def fit(self, image: Path, target: Path) -> None:
        """The device and the file system become as large as the image."""
        device = loops.device_of(image)
        if device is None:
            return
        if filesystems.device_size(device) < image.stat().st_size:
            loops.refit(device)
        filesystems.grow(target, filesystems.kind_of(image), image.stat().st_size)

    def unmount(self, target: Path) -> None:
        filesystems.unmount(target)

    def space(self, target: Path) -> Space:
        return filesystems.space(target)
