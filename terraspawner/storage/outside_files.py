"""Files on a drive from outside: found, put in place, removed; always below an open root, whose ``data`` the drive is.

Owner and mode of what lies there are rclone's to say: nothing is set. Functions raise ``OSError`` as the system gave
it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from terraspawner.storage import file_facts, tree
from terraspawner.storage.beneath import open_beneath, rename_to_free
from terraspawner.storage.layout import DATA
from terraspawner.storage.outside_errors import NOT_MOUNTED, away, translated

_PART = ".terra-part-"
"""What the files begin with that are written beside their place; one left by a kill is written over the next time."""
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_OPEN_ROOT = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def opened(mount: Path, key: str, is_mounted: Callable[[int, Path], bool]) -> Iterator[int]:
    """The folder above ``mount``, open, while that is mounted; what the system refuses inside becomes an error of
    ours. Raises ``BucketUnavailable``."""
    try:
        root = os.open(mount.parent, _OPEN_ROOT)
    except OSError:
        raise away(NOT_MOUNTED) from None
    try:
        if not is_mounted(root, mount):
            raise away(NOT_MOUNTED)
        yield root
    except OSError as error:
        raise translated(key.removeprefix(f"{DATA}/"), error) from error
    finally:
        os.close(root)


def is_mounted(root: int, mount: Path) -> bool:
    """Whether something is mounted at ``mount`` in the open ``root``. An empty folder under a mount that is gone would
    be taken for a drive on which all was deleted, and be written to."""
    try:
        here = os.open(mount.name, _OPEN_ROOT, dir_fd=root)
    except FileNotFoundError:
        return False
    try:
        return _mount_of(here) != _mount_of(root)
    finally:
        os.close(here)


def size_of(descriptor: int) -> int:
    return os.fstat(descriptor).st_size


def names_in(root: int, folder: str, after: str = "") -> list[str]:
    """As ``tree.names_in``, without what is not in its place yet."""
    return [name for name in tree.names_in(root, folder, after) if not _name(name).startswith(_PART)]


def read(root: int, key: str, start: int, size: int) -> bytes:
    """Empty where there is no such file."""
    with tree.opened_object(root, key) as descriptor:
        found: list[bytes] = []
        while descriptor is not None and size > 0 and (piece := os.pread(descriptor, size, start)):
            found.append(piece)
            start, size = start + len(piece), size - len(piece)
    return b"".join(found)


def put(root: int, key: str, staged: int) -> str:
    """Copy the open file ``staged`` to the drive and give it the name ``key``; folders are made as needed. Its hash."""
    with _parent(root, key, make=True) as folder:
        part = _PART + hashlib.sha256(key.encode()).hexdigest()[:16]
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o664, dir_fd=folder)
        try:
            digest = _copy(staged, descriptor)
            os.rename(part, _name(key), src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=folder)
            raise
    return digest


def remove(root: int, key: str) -> None:
    with _parent(root, key) as folder:
        os.unlink(_name(key), dir_fd=folder)


def rename(root: int, key: str, target: str) -> None:
    """Where nothing is: ``FileExistsError``."""
    with _parent(root, key) as source:
        os.stat(_name(key), dir_fd=source, follow_symlinks=False)
        with _parent(root, target, make=True) as folder:
            rename_to_free(source, _name(key), folder, _name(target))


def _copy(source: int, target: int) -> str:
    digest = hashlib.sha256()
    try:
        for chunk in file_facts.chunks(source, size_of(source)):
            digest.update(chunk)
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(target, rest) :]
        os.fsync(target)
    finally:
        os.close(target)  # what rclone could not take is told here
    return digest.hexdigest()


@contextlib.contextmanager
def _parent(root: int, key: str, *, make: bool = False) -> Iterator[int]:
    parent = key.rpartition("/")[0]
    try:
        folder = open_beneath(root, parent, _OPEN_FOLDER)
    except FileNotFoundError:
        if not make:
            raise
        folder = _made(root, parent)
    try:
        yield folder
    finally:
        os.close(folder)


def _made(root: int, path: str) -> int:
    """The folders of ``path``, made where they are missing; the last one, open. The first is the drive itself."""
    here, *below = path.split("/")
    for name in below:
        folder = open_beneath(root, here, _OPEN_FOLDER)
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o775, dir_fd=folder)
        finally:
            os.close(folder)
        here = f"{here}/{name}"
    return open_beneath(root, path, _OPEN_FOLDER)


def _mount_of(descriptor: int) -> str:
    """The kernel's number of the mount that an open file is on; asked of the kernel alone, which never waits."""
    lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines()
    return next(line for line in lines if line.startswith("mnt_id:"))


def _name(key: str) -> str:
    return key.rstrip("/").rpartition("/")[2]
