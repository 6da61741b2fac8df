"""Where the files of libraries are: in a folder of this machine, or on a drive from outside while that is mounted.

A drive from outside is mounted by another process (`bucket_mounts`) in a folder beside the views. Where nothing is
mounted there lies an empty folder, which nobody may be shown. A drive that was mounted anew is another file system to
the kernel, and what views have of the one before is dead.

No file system is asked anything here: behind one may be a server that hangs. The kernel's list of mounts tells all.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from terraspawner.host.mounter import syscalls
from terraspawner.host.mounter.syscalls import Mounted
from terraspawner.storage.beneath import open_beneath

OUTSIDE_NAME: Final = "library-"
"""What the mount of a drive from outside is called by who made it, before the library's id."""
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Sources:
    """Of the libraries below `libraries`, and of those from outside below `outside`."""

    def __init__(self, libraries: Path, outside: Path) -> None:
        self._libraries = libraries
        self._outside = outside

    @contextlib.contextmanager
    def opened(self, library_id: str, *, is_outside: bool) -> Iterator[int]:
        """Its files, found without following a link. Raises `OSError`."""
        base = os.open(self._outside if is_outside else self._libraries, _DIRECTORY)
        try:
            found = open_beneath(base, f"{library_id}/data", os.O_PATH | os.O_DIRECTORY)
        finally:
            os.close(base)
        try:
            if is_outside:
                self._check(library_id, found)
            yield found
        finally:
            os.close(found)

    def dead(self, mounted: Iterable[Mounted]) -> list[Mounted]:
        """What shows a drive from outside that is not mounted any more, or anew since."""
        there = self._devices()
        return [each for each in mounted if is_outside(each) and there.get(library_of(each)) != each.device]

    def _check(self, library_id: str, found: int) -> None:
        """A folder that is opened may not be a mount, and one that was a mount a moment ago may not be one now."""
        number = syscalls.number_of(found)
        mounts = syscalls.mounted_below(self._outside)
        if not any(each.number == number and library_of(each) == library_id for each in mounts):
            raise FileNotFoundError(errno.ENOENT, "its drive is not mounted")

    def _devices(self) -> Mapping[str, str]:
        """Of the drives that are mounted now, by the library's id."""
        mounts = syscalls.mounted_below(self._outside)
        return {library_of(each): each.device for each in mounts if is_outside(each)}


def is_outside(mounted: Mounted) -> bool:
    return mounted.source.startswith(OUTSIDE_NAME)


def library_of(mounted: Mounted) -> str:
    """Its id. For one on this machine the folder before ``data`` on its file system; what has none there (it was
    deleted meanwhile) is none of anybody's, and the answer empty."""
    if is_outside(mounted):
        return mounted.source.removeprefix(OUTSIDE_NAME)
    return mounted.root.parent.name if mounted.root.name == "data" else ""
