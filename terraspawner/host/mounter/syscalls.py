"""Four calls of the kernel by which mounts are made and taken away. Everything else here speaks through these.

A tree is cloned, given its flags while nobody sees it, and only then moved to its place: one atomic step.
``mount -o bind,ro`` is never used: its bind is writable for a moment, and that is what reaches a running container
(research of propagation: the flag set afterwards does not follow). For the same reason the flags of what is attached
are never changed: it is detached and attached anew.

Places are open descriptors, never names, so that nothing can be exchanged between the look and the deed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from terraspawner.errors_mounts import MountFailed

OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
"""The same on every architecture."""
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
_AT_EMPTY_PATH = 0x1000
_FROM_EMPTY_PATH, _TO_EMPTY_PATH = 0x04, 0x40
_RDONLY, _NOSUID, _NODEV, _NOSYMFOLLOW = 0x1, 0x2, 0x4, 0x200000
_PRIVATE = 1 << 18
_DETACH, _NO_FOLLOW = 2, 8
MOUNTINFO = Path("/proc/self/mountinfo")
_PLACE = 4
"""Which field of its lines says where something is mounted."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """One line of the kernel's list. `root` is the folder of its file system that is seen at `place`; `device` the
    number of the file system, and `source` what it was called by who mounted it."""

    number: int
    device: str
    source: str
    place: Path
    root: Path
    is_read_only: bool
    is_shared: bool


def attach(source: int, place: int, *, is_read_only: bool) -> None:
    """Show the folder open as `source` at the folder open as `place`. Raises `MountFailed`."""
    with cloned(source, is_read_only=is_read_only) as tree:
        move(tree, place)


@contextlib.contextmanager
def cloned(source: int, *, is_read_only: bool) -> Iterator[int]:
    """A mount of the folder open as `source` that nobody sees yet: without devices, without set-uid, without following
    links. Unless it is moved to a place it is gone at the end. Raises `MountFailed`."""
    tree = _call("open_tree", OPEN_TREE, source, b"", _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_EMPTY_PATH)
    try:
        flags = _NOSUID | _NODEV | _NOSYMFOLLOW | (_RDONLY if is_read_only else 0)
        wanted = _Attributes(attr_set=flags, propagation=_PRIVATE)
        size = ctypes.c_size_t(ctypes.sizeof(wanted))
        _call("mount_setattr", MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, ctypes.byref(wanted), size)
        yield tree
    finally:
        os.close(tree)


def move(tree: int, place: int) -> None:
    """Put what `cloned` made on the folder open as `place`. Raises `MountFailed`."""
    _call("move_mount", MOVE_MOUNT, tree, b"", place, b"", _FROM_EMPTY_PATH | _TO_EMPTY_PATH)


def detach(place: Path) -> None:
    """Take away what is mounted last at `place`, also while files there are open. Raises `MountFailed`."""
    if _libc.umount2(os.fsencode(place), _DETACH | _NO_FOLLOW) != 0:
        raise _failure("umount2")


def detach_unused(place: Path) -> None:
    """The same, unless a file or folder of it is in use anywhere, in containers that have a copy of the mount, too.

    Raises `MountFailed`, with EBUSY as `errno` where something is: the kernel looks at all copies before it takes one.
    """
    if _libc.umount2(os.fsencode(place), _NO_FOLLOW) != 0:
        raise _failure("umount2")


def mounted_below(folder: Path) -> list[Mounted]:
    """All mounts below `folder`, itself left out, in the order in which they were made."""
    within = _escaped(os.fsencode(folder)) + b"/"
    lines = (line.split(b" ") for line in MOUNTINFO.read_bytes().splitlines())
    return [_read(fields) for fields in lines if fields[_PLACE].startswith(within)]


def number_of(descriptor: int) -> int:
    """Of the mount on which the open file or folder lies, as the kernel's list has it. Nobody is asked for it: a file
    system that hangs holds nobody up here."""
    lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines()
    return next(int(line.removeprefix("mnt_id:")) for line in lines if line.startswith("mnt_id:"))


def mounted_at(place: Path) -> list[Mounted]:
    """What is mounted at this very place, one over the other, in the order in which it was."""
    return [found for found in mounted_below(place.parent) if found.place == place]


def _read(fields: list[bytes]) -> Mounted:
    end = fields.index(b"-", 6)
    flags = fields[6:end]
    return Mounted(
        number=int(fields[0]),
        device=fields[2].decode(),
        source=os.fsdecode(fields[end + 2]),
        place=_path(fields[_PLACE]),
        root=_path(fields[3]),
        is_read_only=b"ro" in fields[5].split(b","),
        is_shared=any(flag.startswith(b"shared:") for flag in flags),
    )


def _path(escaped: bytes) -> Path:
    r"""The kernel writes blanks, backslashes and the like as ``\040``."""
    first, *others = escaped.split(b"\\")
    return Path(os.fsdecode(first + b"".join(bytes([int(each[:3], 8)]) + each[3:] for each in others)))


def _escaped(path: bytes) -> bytes:
    for each in b"\\ \t\n#":
        path = path.replace(bytes([each]), b"\\%03o" % each)
    return path


def _call(name: str, number: int, *arguments: object) -> int:
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise _failure(name)
    return result


def _failure(name: str) -> MountFailed:
    code = ctypes.get_errno()
    return MountFailed(f"The kernel refused to mount or unmount ({name}: {os.strerror(code)}).", errno=code)
