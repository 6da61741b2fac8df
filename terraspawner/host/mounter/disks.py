"""Disks with a real limit: each is an image of its size, mounted through a loop device (FEATURES.md D4).

In the folder of a disk, `<disks>/<id>/`, lies `disk.img`, and `mnt` is where it is mounted. Environments are given
`mnt/home` as a volume. That folder is on the image alone: while the image is not mounted a container does not start,
and never fills the machine's own disk instead. The image is fallocated: what was promised to a disk is there, and the
machine never runs out of room under one that is mounted.

Every act may be ended at any point and repeated: an image gets its name when it is whole, and a disk that is mounted
is looked at anew each time. One act at a time for each disk, over all processes, by a lock that the kernel lets go of.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from terraspawner.containers.disk_images import HOME, MOUNTED
from terraspawner.errors import DiskAttached, Unavailable
from terraspawner.errors_disks import DiskLost, MachineFull
from terraspawner.host.mounter import filesystems, loops
from terraspawner.host.mounter.filesystems import Space
from terraspawner.host.mounter.real_machine import RealMachine

IMAGE, NEW, LOCK = "disk.img", "disk.img.new", "lock"
LEAST = 300 * 1024**2
"""Bytes; XFS is made no smaller."""
_STEP = 1024**2
KEPT_FREE = 2 * 1024**3
"""Bytes of the machine's disk that are left to everything else."""
_ID = re.compile(r"[0-9a-f]{16}")

log = logging.getLogger(__name__)


class Machine(Protocol):
    """What is done to the machine; :class:`~terraspawner.host.mounter.real_machine.RealMachine` does it."""

    def allocate(self, descriptor: int, size: int) -> None: ...
    def make(self, image: Path) -> None: ...
    def rename(self, image: Path, name: Path) -> None: ...
    def mount(self, image: Path, target: Path) -> None: ...
    def has_image(self, number: int, image: Path) -> bool: ...
    def fit(self, image: Path, target: Path) -> None: ...
    def unmount(self, target: Path) -> None: ...
    def space(self, target: Path) -> Space: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageState:
    """`size` of the image and what is `free` in it for its person, in bytes; None while it is not mounted. `turn` is
    how often this process was told to mount it."""

    size: int
    free: int | None
    turn: int = 0


class Disks:
    """All disks below one folder. Blocking: call it in a thread."""

    def __init__(self, folder: Path, machine: Machine | None = None, *, kept_free: int = KEPT_FREE) -> None:
        self._folder = folder
        self._machine = machine or RealMachine()
        self._kept_free = kept_free
        self._turns: Counter[str] = Counter()

    def ids(self) -> list[str]:
        """Of all that have an image."""
        if not self._folder.exists():
            return []
        return sorted(
            each.name for each in self._folder.iterdir() if _ID.fullmatch(each.name) and (each / IMAGE).exists()
        )

    def mount(self, disk_id: str, size: int, *, is_new: bool) -> ImageState:
        """Have it mounted, with `size` bytes at least. One that `is_new` is made where there is none.

        Raises `DiskLost` where there is no image of one that was there before, `MachineFull`, `Unavailable`.
        """
        with self._alone(disk_id, makes=is_new) as here:
            if is_new and not (here / IMAGE).exists():
                self._make(here, size)
            self._check_there(disk_id, here)
            self._enlarge(here, size)
            self._mount(disk_id, here)
            self._turns[disk_id] += 1
            return self._state(here)

    def enlarge(self, disk_id: str, size: int) -> ImageState:
        """Give it `size` bytes at least, also while it is written to. Raises `DiskLost`, `MachineFull`."""
        with self._alone(disk_id) as here:
            self._check_there(disk_id, here)
            self._enlarge(here, size)
            if self._is_mounted(here):
                self._fit(disk_id, here)
            return self._state(here)

    def unmount(self, disk_id: str, turn: int | None = None) -> ImageState:
        """How it was before. Done already is done. A container that has it goes on: its mount is its own. With `turn`
        it stays mounted where somebody else wanted it so since.

        Raises `DiskLost`, `DiskAttached` where a process of this machine stands in it.
        """
        with self._alone(disk_id) as here:
            self._check_there(disk_id, here)
            before = self._state(here)
            if turn in (None, self._turns[disk_id]):
                self._unmount(disk_id, here)
            return before

    def remove(self, disk_id: str) -> None:
        """The image, and all that is on it, for good. Done already is done. Raises `DiskAttached`."""
        with suppress(DiskLost), self._alone(disk_id) as here:
            self._unmount(disk_id, here)
            if (here / IMAGE).exists() and loops.device_of(here / IMAGE):
                raise DiskAttached(f"The disk {disk_id} is mounted in a container still, so it was not deleted yet.")
            for name in (IMAGE, NEW):
                (here / name).unlink(missing_ok=True)
            # no tree is deleted: a folder on which something is mounted after all refuses
            (here / MOUNTED).rmdir()
            (here / LOCK).unlink()
            with suppress(OSError):  # from here on others may make it anew
                here.rmdir()

    def state(self, disk_id: str) -> ImageState:
        """How large, and how full. Raises `DiskLost`."""
        with self._alone(disk_id) as here:
            self._check_there(disk_id, here)
            return self._state(here)

    # --- steps ---

    @contextmanager
    def _alone(self, disk_id: str, *, makes: bool = False) -> Iterator[Path]:
        """The folder of a disk, with nobody else at it. Raises `DiskLost` where there is none."""
        here = self._folder / disk_id
        try:
            descriptor = _locked(here, makes=makes)
        except FileNotFoundError as error:
            raise _lost(disk_id) from error
        try:
            yield here
        finally:
            os.close(descriptor)

    def _check_there(self, disk_id: str, here: Path) -> None:
        if not (here / IMAGE).exists():
            raise _lost(disk_id)

    def _make(self, here: Path, size: int) -> None:
        image = here / NEW
        image.unlink(missing_ok=True)  # left by one that was ended
        try:
            self._grow_file(image, max(size, LEAST))
            self._machine.make(image)
            self._machine.rename(image, here / IMAGE)
        except BaseException:
            image.unlink(missing_ok=True)
            raise

    def _enlarge(self, here: Path, size: int) -> None:
        image = here / IMAGE
        if image.stat().st_size < size:
            self._grow_file(image, size)

    def _grow_file(self, image: Path, wanted: int) -> None:
        """All of it or nothing. Raises `MachineFull`."""
        size = -(-wanted // _STEP) * _STEP
        descriptor = os.open(image, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        before = os.fstat(descriptor).st_size
        try:
            machine = os.fstatvfs(descriptor)
            free = machine.f_bavail * machine.f_frsize
            if size - before > free - self._kept_free:
                raise _machine_full(size - before, free)
            try:
                self._machine.allocate(descriptor, size)
            except OSError as error:
                os.ftruncate(descriptor, before)
                if filesystems.is_out_of_room(error):
                    raise _machine_full(size - before, free) from error
                raise Unavailable(
                    f"The machine's file system cannot set room aside for a disk: {error.strerror}. The operator can"
                    " put TERRA_MOUNTS_HOST_PATH on ext4 or XFS, or set TERRA_DISKS=volume."
                ) from error
        finally:
            os.close(descriptor)

    def _mount(self, disk_id: str, here: Path) -> None:
        try:
            if not self._is_mounted(here):
                self._machine.mount(here / IMAGE, here / MOUNTED)
        except OSError as error:
            raise Unavailable(f"The disk {disk_id} could not be mounted: {error.strerror}.") from error
        self._fit(disk_id, here)
        self._ensure_home(here)

    def _fit(self, disk_id: str, here: Path) -> None:
        """One that cannot grow now has its old size, and grows when it is mounted next."""
        try:
            self._machine.fit(here / IMAGE, here / MOUNTED)
        except OSError as error:
            log.warning("disk %s keeps its size for now: %s", disk_id, error)

    def _ensure_home(self, here: Path) -> None:
        """In what is mounted, by its descriptor, and never beside it."""
        descriptor = os.open(here / MOUNTED, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if self._machine.has_image(os.fstat(descriptor).st_dev, here / IMAGE):
                with suppress(FileExistsError):
                    os.mkdir(HOME, 0o755, dir_fd=descriptor)
        finally:
            os.close(descriptor)

    def _unmount(self, disk_id: str, here: Path) -> None:
        try:
            while self._is_mounted(here):
                self._machine.unmount(here / MOUNTED)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            raise DiskAttached(f"The disk {disk_id} is in use on the machine, so it stays mounted.") from error

    def _is_mounted(self, here: Path) -> bool:
        return (here / IMAGE).exists() and self._machine.has_image((here / MOUNTED).stat().st_dev, here / IMAGE)

    def _state(self, here: Path) -> ImageState:
        free = self._machine.space(here / MOUNTED).free if self._is_mounted(here) else None
        return ImageState(size=(here / IMAGE).stat().st_size, free=free, turn=self._turns[here.name])


def _locked(here: Path, *, makes: bool) -> int:
    """The lock of a disk's folder; with `makes` of one that is not there yet too. Who waited for one that removed the
    folder has the lock of a folder that is gone, and begins anew. Raises `FileNotFoundError`."""
    while True:
        if makes:
            here.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(here / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            if makes:
                continue
            raise
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            (here / MOUNTED).mkdir(mode=0o700, exist_ok=True)
            return descriptor
        os.close(descriptor)


def _lost(disk_id: str) -> DiskLost:
    return DiskLost(
        f"The image of the disk {disk_id} is not on the machine, and nothing was made in its place. Ask the operator to"
        " bring it back from a backup, or to mount the file system that it lies on."
    )


def _machine_full(wanted: int, free: int) -> MachineFull:
    return MachineFull(
        f"The machine has {free / 1024**3:.4g} GB free, too little to set {wanted / 1024**3:.4g} GB more aside for a"
        " disk. Nothing was changed: ask the operator for room.",
        wanted=wanted,
        free=free,
    )
