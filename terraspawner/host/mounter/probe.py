"""Whether what is mounted here reaches running environments: tried, not asked.

Kernel, Engine, seccomp profile and the folder's propagation all have a say, and each has its own way to tell of it.
So two folders are made, one is attached to the other and it is looked whether that is there, for reading only, and
shared with whoever else has the folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from terraspawner.errors import TerraError
from terraspawner.errors_disks import MachineFull
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.mounter import syscalls
from terraspawner.host.mounter.disks import LEAST, Disks


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """`why` says what is lost, and how to have it; empty where nothing is."""

    is_live: bool
    why: str = ""


def probe(folder: Path) -> Ability:
    """Attach, look, detach in `folder`. Leaves nothing behind."""
    try:
        with TemporaryDirectory(prefix=".probe-", dir=folder) as place, TemporaryDirectory() as source:
            return _tried(Path(source), Path(place))
    except OSError as error:
        return Ability(is_live=False, why=f"{folder} cannot be used: {error.strerror}.")
    except MountFailed as error:
        return Ability(is_live=False, why=f"{error.message} It takes Linux 5.14 or newer.")


def probe_disks(folder: Path) -> Ability:
    """Make the smallest disk there is in `folder`, mount it and remove it. Leaves nothing behind."""
    disk_id = "0" * 16
    try:
        with TemporaryDirectory(prefix=".probe-", dir=folder) as place:
            disks = Disks(Path(place))
            try:
                disks.mount(disk_id, LEAST, is_new=True)
            finally:
                disks.remove(disk_id)
    except OSError as error:
        return Ability(is_live=False, why=f"{folder} or the loop devices cannot be used: {error.strerror}.")
    except MachineFull:  # what a full machine can do is not its disks' matter
        return Ability(is_live=True)
    except TerraError as error:
        return Ability(is_live=False, why=error.message)
    return Ability(is_live=True)


def _tried(source: Path, place: Path) -> Ability:
    here, there = (os.open(each, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for each in (source, place))
    try:
        syscalls.attach(here, there, is_read_only=True)
        (found,) = (each for each in syscalls.mounted_below(place.parent) if each.place == place)
        syscalls.detach(place)
    finally:
        os.close(here)
        os.close(there)
    if found.is_read_only and found.is_shared:
        return Ability(is_live=True)
    return Ability(
        is_live=False,
        why=f"{place.parent} is no shared mount: run `make up` as root, or `mount --make-rshared` where it lies.",
    )
