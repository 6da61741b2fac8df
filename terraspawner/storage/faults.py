"""What the operating system refuses, in our own words. The only place of the store that knows ``errno``."""

from __future__ import annotations

import errno

from terraspawner.errors import TerraError
from terraspawner.storage.errors import BucketFull, BucketUnavailable, KeyRefused
from terraspawner.storage.layout import is_shared

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLASH = (errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST)
_REFUSED = {
    errno.ELOOP: "leads through a symbolic link",
    errno.EXDEV: "leads out of the bucket",
    errno.ENXIO: "is no plain file",
    errno.ENODEV: "is no plain file",
    errno.ENAMETOOLONG: "is too long for this store",
} | dict.fromkeys(_CLASH, "is in the way of another object: one cannot be a folder and an object at once")


def translated(key: str, error: OSError) -> TerraError:
    """The error to raise when the system refused a step for ``key``."""
    number = error.errno or 0
    if is_full(error):
        return BucketFull(key=key)
    if number in _REFUSED:
        return KeyRefused(f"'{key}' {_REFUSED[number]}; nothing was done. Choose another name.", key=key)
    if number in (errno.EACCES, errno.EPERM) and is_shared(key):
        return KeyRefused(
            f"'{key}' is closed to the service by its permissions; nothing was done. "
            "Open it to the group in an environment (chmod g+rw, for folders g+rwx).",
            key=key,
        )
    return unavailable(error.strerror or str(error), key=key)


def is_full(error: OSError) -> bool:
    """Whether there is no space left, on the disk or in a quota."""
    return error.errno in _FULL


def unavailable(why: str, **details: object) -> BucketUnavailable:
    """The bucket's folder is not there or does not work. ``why`` holds no path: the sentence goes to users."""
    return BucketUnavailable(
        f"The workspace's bucket cannot be used ({why}). Nothing was changed. "
        "Try again in a minute, or ask the operator.",
        why=why,
        **details,
    )


def missing() -> BucketUnavailable:
    """The store answers, and has no such bucket: waiting mends nothing."""
    why = "the store knows no such bucket"
    return BucketUnavailable(
        f"The workspace's bucket cannot be used ({why}). Nothing was changed. It was deleted in the store, or the "
        "service's settings name another place: ask the operator to look at both.",
        why=f"{why}; it was deleted there, or TERRA_BUCKETS names another place",
    )


def not_plain(key: str) -> KeyRefused:
    """Something else than a file lies under the name."""
    return KeyRefused(f"'{key}' is no plain file; nothing was done. Choose another name.", key=key)


def restless(key: str) -> BucketUnavailable:
    """Another writer came between at every attempt."""
    return unavailable(f"'{key}' is being changed all the time", key=key)
