"""Files and folders of the directory store: found, put in place, removed; always below an open root.

Functions raise ``OSError`` as the system gave it, and ``KeyRefused`` for what is no plain file.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator

from terraspawner.storage import faults
from terraspawner.storage.base import is_key
from terraspawner.storage.beneath import open_beneath, rename_to_free
from terraspawner.storage.layout import is_shared

ATTEMPTS = 50
"""How often a step is done again when another writer came between; each time somebody else made progress."""

_OPEN_OBJECT = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
"""Without ``O_NONBLOCK`` the open of a FIFO would wait for a writer for ever."""
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY


@contextlib.contextmanager
def opened_object(root: int, key: str) -> Iterator[int | None]:
    """The object's file, open for reading; None when there is none."""
    try:
        descriptor = open_beneath(root, key, _OPEN_OBJECT)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise faults.not_plain(key)
        yield descriptor if stat.S_ISREG(mode) else None
    finally:
        os.close(descriptor)


def put_in_place(root: int, path: str, key: str, descriptor: int, *, may_replace: bool = True) -> None:
    """Give the finished temporary file at ``path`` the name ``key``, durably; folders are made as needed. Without
    ``may_replace`` it is ``FileExistsError`` where anything is there by now, whoever put it there."""
    for _ in range(ATTEMPTS):
        # A folder may vanish between its making and the rename, with the last other object in it.
        with contextlib.suppress(FileNotFoundError), _opened_parent(root, key, make=True) as folder:
            _open_to_others(descriptor, folder, key)
            os.fsync(descriptor)
            if may_replace:
                _rename(root, path, folder, key)
            else:
                rename_to_free(root, path, folder, _name(key))
            os.fsync(folder)
            return
    raise faults.restless(key)


def remove(root: int, key: str) -> None:
    """Remove the object's name, durably, and the guarded folders that are empty without it.

    Folders in the shared zone are the users': they stay.
    """
    with _opened_parent(root, key) as folder:
        os.unlink(_name(key), dir_fd=folder)
        os.fsync(folder)
    parent = key.rpartition("/")[0]
    with contextlib.suppress(OSError):
        while "/" in parent and not is_shared(key):
            with _opened_parent(root, parent) as folder:
                os.rmdir(_name(parent), dir_fd=folder)
            parent = parent.rpartition("/")[0]


def remove_folders(root: int, folder: str) -> None:
    """Remove ``folder``, which ends with ``/``, and the folders in it, the deepest first; what has anything in it, or
    is closed to us, stays."""
    found, waiting = [], [folder]
    while waiting:
        found.append(waiting.pop())
        with contextlib.suppress(OSError):
            waiting.extend(key for key in names_in(root, found[-1]) if key.endswith("/"))
    for each in reversed(found):
        with contextlib.suppress(OSError), _opened_parent(root, each[:-1]) as parent:
            os.rmdir(_name(each[:-1]), dir_fd=parent)


def rename(root: int, key: str, target: str) -> None:
    """Give the file another name where nothing is, durably; folders are made as needed. ``FileExistsError``."""
    for _ in range(ATTEMPTS):
        with _opened_parent(root, key) as source:
            os.stat(_name(key), dir_fd=source, follow_symlinks=False)
            with contextlib.suppress(FileNotFoundError), _opened_parent(root, target, make=True) as folder:
                rename_to_free(source, _name(key), folder, _name(target))
                os.fsync(folder)
                os.fsync(source)
                return
    raise faults.restless(key)


def keys_in(root: int, folder: str) -> list[str]:
    """Keys of the plain files and the folders (these with ``/`` at the end) in a folder, in UTF-8 order.

    ``folder`` is empty or ends with ``/``. What is no legal key or neither file nor folder is left out.
    """
    return [key for key in names_in(root, folder) if is_key(key.removesuffix("/"))]


def names_in(root: int, folder: str, after: str = "") -> list[str]:
    """As `keys_in`, but only what comes after ``after``, and not yet looked at whether it is a legal key: of a large
    folder a page needs a few."""
    try:
        descriptor = open_beneath(root, folder.rstrip("/") or ".", _OPEN_FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return []
    try:
        with os.scandir(descriptor) as entries:
            return sorted(key for entry in entries if (key := _key_of(folder, entry)) > after)
    finally:
        os.close(descriptor)


def _key_of(folder: str, entry: os.DirEntry[str]) -> str:
    """Empty for what is neither file nor folder."""
    if entry.is_dir(follow_symlinks=False):
        return f"{folder}{entry.name}/"
    return folder + entry.name if entry.is_file(follow_symlinks=False) else ""


@contextlib.contextmanager
def _opened_parent(root: int, key: str, *, make: bool = False) -> Iterator[int]:
    parent = key.rpartition("/")[0]
    try:
        folder = open_beneath(root, parent or ".", _OPEN_FOLDER)
    except FileNotFoundError:
        if not make:
            raise
        folder = _make_folders(root, parent)
    try:
        yield folder
    finally:
        os.close(folder)


def _make_folders(root: int, path: str) -> int:
    """Make the folders of ``path`` that are missing and return the last one, open."""
    here = open_beneath(root, ".", _OPEN_FOLDER)
    try:
        for name in path.split("/"):
            is_new = _make_folder(here, name)
            below = open_beneath(here, name, _OPEN_FOLDER)
            if is_new:
                os.fchmod(below, 0o2775 if is_shared(f"{path}/") else 0o755)
                os.fsync(here)
            os.close(here)
            here = below
    except BaseException:  # whatever went wrong, the descriptor is closed
        os.close(here)
        raise
    return here


def _make_folder(parent: int, name: str) -> bool:
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
    except FileExistsError:
        return False
    return True


def _open_to_others(descriptor: int, folder: int, key: str) -> None:
    """Everybody may read; users of the environments may change what lies in the shared zone."""
    if is_shared(key):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, -1, os.fstat(folder).st_gid)
    os.fchmod(descriptor, 0o664 if is_shared(key) else 0o644)


def _rename(root: int, path: str, folder: int, key: str) -> None:
    try:
        os.rename(path, _name(key), src_dir_fd=root, dst_dir_fd=folder)
    except IsADirectoryError:
        # An empty guarded folder, left by a crash, is no object's folder; those at the top are part of the layout.
        if is_shared(key) or "/" not in key:
            raise
        os.rmdir(_name(key), dir_fd=folder)
        os.rename(path, _name(key), src_dir_fd=root, dst_dir_fd=folder)


def _name(key: str) -> str:
    return key.rpartition("/")[2]
