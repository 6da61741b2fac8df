"""Loop devices, by the kernel's own calls: an image of a disk becomes a block device.

The kernel is asked by inode, not by name: what an earlier process of ours attached has another name in its mount
namespace, so that ``losetup -j`` may not find it. Each device lets go of its image by itself once nothing has it open
or mounted (``LO_FLAGS_AUTOCLEAR``): whatever this process dies of between two steps, no device is left behind.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CONTROL, _CONTROL_NUMBER = "/dev/loop-control", (10, 237)
_MAJOR = 7
_CONFIGURE, _GET_STATUS, _SET_CAPACITY, _GET_FREE = 0x4C0A, 0x4C05, 0x4C07, 0x4C82
_AUTOCLEAR, _DIRECT_IO = 4, 16
_INFO = struct.Struct("=5Q4I64s64s32s2Q")
"""``struct loop_info64``: device, inode, rdevice, offset, size limit; number, two of ciphers, flags; names."""
_CONFIG = struct.Struct(f"=2I{_INFO.size}s64s")
_SYS = Path("/sys/block")
_TRIES = 16

_libc = ctypes.CDLL(None, use_errno=True)


def allocate(descriptor: int, size: int) -> None:
    """Make sure that the file has `size` bytes, every one of them on the machine's disk. Raises `OSError`: ENOSPC where
    there is no such room, EOPNOTSUPP where the file system cannot promise it, instead of writing zeros for an hour as
    ``posix_fallocate`` does."""
    if _libc.fallocate(descriptor, 0, ctypes.c_longlong(0), ctypes.c_longlong(size)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def device_of(image: Path) -> Path | None:
    """The device that has this image, whoever attached it; None where none has."""
    wanted = image.stat()
    return next((device for device in _attached() if _backing(device) == (wanted.st_dev, wanted.st_ino)), None)


def has_image(number: int, image: Path) -> bool:
    """Whether the block device of this number (``st_dev`` of what is mounted) is a loop device with this image."""
    wanted = image.stat()
    return os.major(number) == _MAJOR and _backing(_node(os.minor(number))) == (wanted.st_dev, wanted.st_ino)


@contextmanager
def attached(image: Path) -> Iterator[Path]:
    """A device with this image, there for as long as the block lasts or what was mounted from it there stays mounted.
    One that has it already is taken: a second one would be a second life of one file system. Under the caller's lock.
    """
    found = device_of(image)
    held = os.open(found, os.O_RDWR) if found else None
    # it may have let go between the look and the opening; it cannot any more
    if found and held is not None and device_of(image) != found:
        os.close(held)
        found = held = None
    if found is None or held is None:
        found, held = _attach(image)
    try:
        yield found
    finally:
        os.close(held)


def refit(device: Path) -> None:
    """The image has grown; let the device have its size."""
    descriptor = os.open(device, os.O_RDWR)
    try:
        fcntl.ioctl(descriptor, _SET_CAPACITY)
    finally:
        os.close(descriptor)


def _attach(image: Path) -> tuple[Path, int]:
    """A free device with `image`, opened. Others take free devices too, so it may need more than one try."""
    info = _INFO.pack(0, 0, 0, 0, 0, 0, 0, 0, _AUTOCLEAR | _DIRECT_IO, os.fsencode(image)[:63], b"", b"", 0, 0)
    backing = os.open(image, os.O_RDWR)
    try:
        for _ in range(_TRIES):
            device = _free()
            descriptor = os.open(device, os.O_RDWR)
            try:
                fcntl.ioctl(descriptor, _CONFIGURE, _CONFIG.pack(backing, 0, info, b""))
            except OSError as error:
                os.close(descriptor)
                if error.errno != errno.EBUSY:
                    raise
            else:
                return device, descriptor
    finally:
        os.close(backing)
    raise OSError(errno.EBUSY, "no loop device was free")


def _free() -> Path:
    control = os.open(_ensured(Path(_CONTROL), stat.S_IFCHR, *_CONTROL_NUMBER), os.O_RDWR)
    try:
        return _node(fcntl.ioctl(control, _GET_FREE))
    finally:
        os.close(control)


def _attached() -> Iterator[Path]:
    for entry in _SYS.iterdir():
        found = re.fullmatch(r"loop(\d+)", entry.name)
        if found and (entry / "loop").exists():
            yield _node(int(found[1]))


def _backing(device: Path) -> tuple[int, int] | None:
    """Device and inode of the image that it has; None where it has none by now."""
    with suppress(OSError):
        descriptor = os.open(device, os.O_RDONLY)
        try:
            info = _INFO.unpack(fcntl.ioctl(descriptor, _GET_STATUS, bytes(_INFO.size)))
        finally:
            os.close(descriptor)
        return info[0], info[1]
    return None


def _node(number: int) -> Path:
    return _ensured(Path(f"/dev/loop{number}"), stat.S_IFBLK, _MAJOR, number)


def _ensured(path: Path, kind: int, major: int, minor: int) -> Path:
    """A container has a ``/dev`` of its own, in which the nodes are ours to make: the machine's own is not needed."""
    if not path.exists():
        with suppress(FileExistsError):
            os.mknod(path, kind | 0o600, os.makedev(major, minor))
    return path
