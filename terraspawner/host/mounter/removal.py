"""Takes away all that is mounted in the mounter's folder, and then what is ours in it.

Nothing is deleted while anything is still mounted below it: that would delete people's files through the mount. And
nothing that others keep there: whoever runs the deployment may have named a folder that has more in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from terraspawner.containers import disk_images
from terraspawner.domain import bucket_mount
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.mounter import syscalls
from terraspawner.host.mounter.syscalls import Mounted

OURS = ("views", disk_images.FOLDER, bucket_mount.FOLDER, bucket_mount.OUTSIDE)


def remove_all(folder: Path) -> None:
    """Raises `MountFailed` while something cannot be taken away; then nothing is deleted."""
    ours = [*(folder / name for name in OURS), *folder.glob(".probe-*")]
    for found in reversed(_mounted(folder, ours)):
        syscalls.detach(found.place)
    if left := _mounted(folder, ours):
        raise MountFailed(f"{left[0].place} is still mounted, so nothing in {folder} was deleted.")
    for each in ours:
        if each.is_dir():
            shutil.rmtree(each)


def _mounted(folder: Path, ours: Sequence[Path]) -> list[Mounted]:
    return [found for found in syscalls.mounted_below(folder) if any(found.place.is_relative_to(each) for each in ours)]
