"""Where a bucket or a drive from outside is mounted, and where environments see it.

rclone mounts in a place of ours that nobody else sees (`data_point`, `notebooks_point`). From there each is attached
in the folder that is shared with the machine, twice over: below `writer` the data can be written, below `reader` they
cannot; notebooks can nowhere. An environment has one of the two as its folder of the workspace, itself read-only, with
the mounts in it as they come and go: its own part is never mounted over, or it would keep a mount that is dead. While
nothing is mounted it finds empty folders there that nobody can write, so that nothing lands on this machine's disk.

A drive from outside is attached once, for the service and the mounter, which shows it in environments with the right
that each has (`OutsidePlace`).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from terraspawner.domain.bucket_mount import DATA, FOLDER, NOTEBOOKS, OUTSIDE, READER, WRITER, outside_folder
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.mounter import syscalls


class Places:
    """The folders of one bucket. Blocking, though nothing here waits for a store."""

    def __init__(self, shared: Path, ours: Path, workspace_id: str) -> None:
        self._shown = shared / FOLDER / workspace_id
        self._ours = ours / workspace_id
        self.data_point = self._ours / DATA
        self.notebooks_point = self._ours / NOTEBOOKS

    def prepare(self) -> None:
        """The folders, with nothing mounted in them: what an earlier life of ours left is dead."""
        self.hide()
        for folder in (self.data_point, self.notebooks_point):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.make_shown()

    def make_shown(self) -> None:
        """What environments have as folder of the workspace. Done already is done. Mounts in it are neither touched nor
        looked at: behind one may be an rclone that hangs."""
        self._shown.parent.mkdir(parents=True, exist_ok=True)
        for who in (self._shown / WRITER, self._shown / READER):
            for folder in (self._shown, who, who / DATA, who / NOTEBOOKS):
                with contextlib.suppress(FileExistsError):
                    folder.mkdir()
                    folder.chmod(0o755)  # whatever the umask: the person of an environment walks through

    def show(self) -> None:
        """Attach what rclone has mounted. Raises `MountFailed`."""
        for who, is_read_only in ((WRITER, False), (READER, True)):
            _attach(self.data_point, self._shown / who / DATA, is_read_only=is_read_only)
            _attach(self.notebooks_point, self._shown / who / NOTEBOOKS, is_read_only=True)

    def hide(self) -> None:
        """Take everything away, also while files there are open. Raises `MountFailed`."""
        for folder in (self._shown, self._ours):
            for found in reversed(syscalls.mounted_below(folder)):
                syscalls.detach(found.place)

    def pulse(self) -> None:
        """Ask rclone by the way that environments do; it answers without the store. Stands while rclone does. Raises
        `OSError` where it is gone."""
        os.statvfs(self.data_point)
        os.statvfs(self.notebooks_point)

    def remove(self) -> None:
        """The folders, after all environments that had them."""
        self.hide()
        for who in (self._shown / WRITER, self._shown / READER):
            for folder in (who / DATA, who / NOTEBOOKS, who):
                _remove(folder)
        for folder in (self.data_point, self.notebooks_point, self._ours, self._shown):
            _remove(folder)


class OutsidePlace:
    """The folders of one drive from outside, like `Places`."""

    def __init__(self, shared: Path, ours: Path, library_id: str) -> None:
        self._shown = shared / outside_folder(library_id)
        self.point = ours / library_id

    def prepare(self) -> None:
        self.hide()
        self.point.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self._shown.parent.parent, self._shown.parent, self._shown):
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                folder.chmod(0o755)  # whatever the umask: the service walks through

    def show(self) -> None:
        """Raises `MountFailed`."""
        _attach(self.point, self._shown, is_read_only=False)

    def hide(self) -> None:
        """Take it away, also while files there are open. Raises `MountFailed`."""
        for found in reversed([*syscalls.mounted_below(self._shown.parent), *syscalls.mounted_at(self.point)]):
            syscalls.detach(found.place)

    def pulse(self) -> None:
        """Stands while rclone does. Raises `OSError` where it is gone."""
        os.statvfs(self.point)

    def remove(self) -> None:
        self.hide()
        for folder in (self._shown, self._shown.parent, self.point):
            _remove(folder)


def detach_outside(shared: Path) -> None:
    """What an earlier life of this process left of all drives from outside, which is dead. Raises `MountFailed`."""
    for found in reversed(syscalls.mounted_below(shared / OUTSIDE)):
        syscalls.detach(found.place)


def left_mounted(shared: Path) -> frozenset[str]:
    """The workspaces whose buckets are mounted, dead or alive."""
    folder = shared / FOLDER
    return frozenset(found.place.relative_to(folder).parts[0] for found in syscalls.mounted_below(folder))


def _attach(source: Path, place: Path, *, is_read_only: bool) -> None:
    try:
        descriptors = [os.open(each, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for each in (source, place)]
    except OSError as error:
        raise MountFailed(f"The place of a mount cannot be opened ({error.strerror}).") from error
    try:
        syscalls.attach(*descriptors, is_read_only=is_read_only)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        folder.rmdir()
