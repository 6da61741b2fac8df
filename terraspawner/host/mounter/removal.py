"""Takes away all that is mounted in the mounter's folder, and then the folder's content.

Nothing is deleted while anything is still mounted below it: that would delete people's files through the mount.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from terraspawner.errors_mounts import MountFailed
from terraspawner.host.mounter import syscalls


def remove_all(folder: Path) -> None:
    """Raises `MountFailed` while something cannot be taken away; then nothing is deleted."""
    for found in reversed(syscalls.mounted_below(folder)):
        syscalls.detach(found.place)
    left = syscalls.mounted_below(folder)
    if left:
        raise MountFailed(f"{left[0].place} is still mounted, so nothing in {folder} was deleted.")
    for child in folder.iterdir():
        shutil.rmtree(child)
