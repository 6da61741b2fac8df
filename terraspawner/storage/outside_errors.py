"""What people are told where a drive from outside does not do what it is asked. Nothing of its address is in it."""

from __future__ import annotations

import errno

from terraspawner.errors import TerraError
from terraspawner.storage import faults
from terraspawner.storage.errors import BucketUnavailable, KeyRefused

NOT_MOUNTED = "it is not mounted now"
SILENT = "it does not answer"
UNREACHED = "its server cannot be reached now, or refuses"
BUSY = "it is slow, and others wait for it already"
_UNREACHED = (errno.EIO, errno.ENOTCONN, errno.ECONNABORTED, errno.ETIMEDOUT, errno.ESTALE)
"""What a mount says whose server is away, and one that has just ended."""
_PASSED_ON = (errno.ENOSPC, errno.EDQUOT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST,
              errno.ENAMETOOLONG)  # fmt: skip


def away(why: str, **details: object) -> BucketUnavailable:
    return BucketUnavailable(
        f"The files of this library lie on a drive from outside, and {why}. Try again in a minute; the library's page"
        " says how the drive stands.",
        **details,
    )


def restless(key: str) -> BucketUnavailable:
    return away(f"'{key}' is being changed all the time there", key=key)


def too_much(folders: int) -> BucketUnavailable:
    return BucketUnavailable(
        "The drive from outside that this library lies on is too large or too slow to be looked through: it was given"
        f" up after {folders} folders. Try again in a minute; if it stays so, connect a folder of the drive instead of"
        " all of it."
    )


def translated(key: str, error: OSError) -> TerraError:
    """The error to raise when the system refused a step for ``key``."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return KeyRefused(
            f"'{key}' is closed to the account that the drive from outside is connected with; nothing was done. Give it"
            " the right there.",
            key=key,
        )
    if error.errno in _PASSED_ON:
        return faults.translated(key, error)
    why = UNREACHED if error.errno in _UNREACHED else f"it could not do this ({error.strerror or error})"
    return away(why, key=key)
