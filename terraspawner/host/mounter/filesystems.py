"""The file system of a disk's image: made, mounted, grown while it is in use, and asked how full it is.

XFS, which grows while it is mounted; ext4 where the kernel has no XFS, which does so only with a power that this
process has not (`SYS_RESOURCE`), and otherwise grows before it is mounted next. Never ``discard``: it would give back
what was set aside for the image, and others would take it.
"""

from __future__ import annotations

import ctypes
import enum
import errno
import fcntl
import os
import struct
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from terraspawner.errors import Unavailable

_NOSUID, _NODEV, _NOATIME = 2, 4, 1024
_FSOPEN = 430
_XFS_GEOMETRY, _XFS_GROW, _EXT4_RESIZE = 0x80705864, 0x4010586E, 0x40086610
_GEOMETRY = struct.Struct("=8IQ")
"""The first fields of ``struct xfs_fsop_geom_v1``: block size first, share of inodes eighth, then the blocks."""
_GEOMETRY_SIZE = 112
_EXT4_SUPERBLOCK, _EXT4_SLACK = 1024, 128 * 1024**2
"""Where it begins, and bytes that it may leave at the end: a group of blocks."""
TOOL_SECONDS = 120

_libc = ctypes.CDLL(None, use_errno=True)


class Filesystem(enum.StrEnum):
    XFS = "xfs"
    EXT4 = "ext4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Bytes of a mounted file system."""

    size: int
    free: int


def best() -> Filesystem:
    """XFS where the kernel has it, or can load it."""
    descriptor = _libc.syscall(_FSOPEN, b"xfs", 0)
    if descriptor < 0:
        return Filesystem.EXT4
    os.close(descriptor)
    return Filesystem.XFS


def make(image: Path, kind: Filesystem) -> None:
    """A new one, over the whole of a file. Raises `Unavailable` with what the tool said."""
    if kind is Filesystem.XFS:
        # without the newest counters of extents, which kernels before 5.19 do not mount
        command = ["mkfs.xfs", "-q", "-f", "-K", "-i", "nrext64=0", str(image)]
    else:
        command = ["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard", str(image)]
    _run(command)


def kind_of(image: Path) -> Filesystem:
    """Which one an image has."""
    with image.open("rb") as file:
        return Filesystem.XFS if file.read(4) == b"XFSB" else Filesystem.EXT4


def grow_unmounted(device: Path, kind: Filesystem) -> None:
    """Let ext4 have the whole of its device, before it is mounted. Raises `Unavailable`."""
    if kind is Filesystem.EXT4 and _ext4_size(device) + _EXT4_SLACK < device_size(device):
        _run(["e2fsck", "-f", "-p", str(device)], fine=(0, 1))  # 1: what was wrong is right
        _run(["resize2fs", str(device)])


def mount(device: Path, target: Path, kind: Filesystem) -> None:
    """Raises `OSError`."""
    flags = _NOSUID | _NODEV | _NOATIME
    _checked(_libc.mount(os.fsencode(device), os.fsencode(target), kind.encode(), flags, None), target)


def unmount(target: Path) -> None:
    """Here; who has it in a mount namespace of its own, as a container has, goes on. Raises `OSError`."""
    _checked(_libc.umount2(os.fsencode(target), 0), target)


def grow(target: Path, kind: Filesystem, size: int) -> None:
    """Let a mounted file system have `size` bytes, while others write to it. Done already is done. Raises `OSError`."""
    descriptor = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if kind is Filesystem.XFS:
            _grow_xfs(descriptor, size)
        else:
            fcntl.ioctl(descriptor, _EXT4_RESIZE, struct.pack("=Q", size // os.fstatvfs(descriptor).f_bsize))
    finally:
        os.close(descriptor)


def _grow_xfs(descriptor: int, size: int) -> None:
    geometry = _GEOMETRY.unpack_from(fcntl.ioctl(descriptor, _XFS_GEOMETRY, bytes(_GEOMETRY_SIZE)))
    block, share, blocks = geometry[0], geometry[7], geometry[8]
    if size // block > blocks:
        fcntl.ioctl(descriptor, _XFS_GROW, struct.pack("=QII", size // block, share, 0))


def space(target: Path) -> Space:
    """What ``df`` says."""
    said = os.statvfs(target)
    return Space(size=said.f_blocks * said.f_frsize, free=said.f_bavail * said.f_frsize)


def device_size(device: Path) -> int:
    """Bytes."""
    with device.open("rb") as file:
        return file.seek(0, os.SEEK_END)


def _ext4_size(device: Path) -> int:
    with device.open("rb") as file:
        file.seek(_EXT4_SUPERBLOCK)
        head = file.read(28)
    blocks, exponent = struct.unpack_from("<I", head, 4)[0], struct.unpack_from("<I", head, 24)[0]
    return int(blocks) * (1024 << int(exponent))


def _run(command: Sequence[str], fine: Collection[int] = (0,)) -> None:
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=TOOL_SECONDS)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"The file system of a disk could not be made or grown: {error}") from error
    if done.returncode not in fine:
        said = done.stderr.decode(errors="replace").strip()[-300:]
        raise Unavailable(f"The file system of a disk could not be made or grown ({command[0]}): {said}")


def _checked(result: int, path: Path) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))


def is_out_of_room(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
