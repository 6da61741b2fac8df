"""Where the image of a disk is on the machine, for those who mount it and those who give it to a container.

A container gets the folder itself as a bind. Where the image is not mounted that folder is not there, and the Engine
refuses to start. A named volume of the kind *bind* refuses as well, but Engine 20.10 keeps such a one mounted at a
place of its own after it was killed, or started anew under running containers (``live-restore``): the image stayed in
use, and the volume could not be removed until the next restart.
"""

from __future__ import annotations

FOLDER, MOUNTED, HOME = "disks", "mnt", "home"
"""Below the mounter's folder: all disks; in that of one, where its image is mounted; and on that what people see."""


def home_of(mounts_host_path: str, disk_id: str) -> str:
    """What a container is given of a disk that is an image."""
    return f"{mounts_host_path}/{FOLDER}/{disk_id}/{MOUNTED}/{HOME}"
