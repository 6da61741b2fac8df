"""What can be wrong with disks that are images, beside what stands in `errors`. One tree, and the same promises."""

from __future__ import annotations

from terraspawner.errors import Unavailable


class MachineFull(Unavailable):
    """The machine has no room for a disk of this size. Ask the operator for room."""

    code = "machine-full"


class DiskLost(Unavailable):
    """The image of this disk is not on the machine. Nothing was made in its place: ask the operator."""

    code = "disk-lost"
