"""Errors of what is mounted into environments, of the same tree as ``terraspawner.errors``."""

from __future__ import annotations

from terraspawner.errors import TerraError, Unavailable


class MounterUnavailable(Unavailable):
    """The mounter is not answering, so it is not sure what an environment would see. Try again in a minute."""

    code = "mounter-unavailable"


class MountFailed(TerraError):
    """The kernel refused to mount or unmount. The log of the mounter names the cause."""

    code = "mount-failed"


class MountsUnavailable(Unavailable):
    """The service that mounts buckets is not answering, so files of the bucket are not there. Try again in a minute."""

    code = "mounts-unavailable"
