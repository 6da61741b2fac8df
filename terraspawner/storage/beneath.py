"""Opening files below a folder, and never anywhere else.

Part of a bucket is writable from containers, where a user may plant links that point to another user's
files. So nothing in a bucket is ever opened by its full path: the kernel walks from the bucket's root with
``openat2`` (Linux 5.6), which refuses every symbolic link on the way. Where that call is missing (an older
kernel, or a seccomp profile that does not know it) the walk is done here, one folder at a time; it refuses
the same. Checking a path first and opening it afterwards would leave a gap between the two.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import stat

_OPENAT2 = 437
"""The same number on every architecture."""
_NO_REPLACE = 0x01
_NO_MAGIC_LINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08


class _OpenHow(ctypes.Structure):
    """``struct open_how`` of ``linux/openat2.h``."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_beneath(folder: int, path: str, flags: int) -> int:
    """Open the existing ``path`` below the open ``folder`` and return its descriptor.

    ``path`` holds no empty part and no ``..``. Raises ``OSError``: ``ELOOP`` at a symbolic link anywhere in
    it, ``ENOENT`` and ``ENOTDIR`` as ``open`` does.
    """
    if has_openat2():
        return _openat2(folder, path, flags)
    return open_by_steps(folder, path, flags)


@functools.cache
def has_openat2() -> bool:
    """Whether this kernel, and what filters calls to it, knows ``openat2``."""
    root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(_openat2(root, ".", os.O_PATH | os.O_DIRECTORY))
    except OSError:
        return False
    finally:
        os.close(root)
    return True


def open_by_steps(folder: int, path: str, flags: int) -> int:
    """The same as :func:`open_beneath` with ``openat`` alone."""
    *parents, last = path.split("/")
    here = os.dup(folder)
    try:
        for parent in parents:
            here, done = _open_step(here, parent, os.O_PATH | os.O_DIRECTORY), here
            os.close(done)
        return _open_step(here, last, flags)
    finally:
        os.close(here)


def _open_step(folder: int, name: str, flags: int) -> int:
    try:
        return os.open(name, flags | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
    except NotADirectoryError:
        # With O_DIRECTORY the kernel answers ENOTDIR for a link, too.
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name) from None
        raise


def rename_to_free(folder: int, name: str, target_folder: int, target: str) -> None:
    """Rename, but never over anything: ``FileExistsError``. Where the file system knows no such rename (some of the
    network), the target is looked at first."""
    sent = (ctypes.c_int(folder), os.fsencode(name), ctypes.c_int(target_folder), os.fsencode(target))
    if _libc().renameat2(*sent, ctypes.c_uint(_NO_REPLACE)) == 0:
        return
    number = ctypes.get_errno()
    if number not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(number, os.strerror(number), name)
    with contextlib.suppress(FileNotFoundError):
        os.stat(target, dir_fd=target_folder, follow_symlinks=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
    os.rename(name, target, src_dir_fd=folder, dst_dir_fd=target_folder)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _openat2(folder: int, path: str, flags: int) -> int:
    how = _OpenHow(flags | os.O_CLOEXEC, 0, _BENEATH | _NO_SYMLINKS | _NO_MAGIC_LINKS)
    size = ctypes.c_size_t(ctypes.sizeof(how))
    while True:
        descriptor = _libc().syscall(_OPENAT2, ctypes.c_int(folder), os.fsencode(path), ctypes.byref(how), size)
        if descriptor >= 0:
            return int(descriptor)
        number = ctypes.get_errno()
        if number not in (errno.EINTR, errno.EAGAIN):
            raise OSError(number, os.strerror(number), path)
