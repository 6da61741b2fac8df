"""What goes wrong with a bucket: a branch of the tree in `terraspawner.errors`."""

from __future__ import annotations

from terraspawner.errors import Conflict, NotFound, Refused, Unavailable


class BucketUnavailable(Unavailable):
    """The workspace's bucket cannot be reached. Nothing was changed. Try again in a minute."""

    code = "bucket-unavailable"


class BucketFull(BucketUnavailable):
    """The store of the workspace's bucket is full. Nothing was changed. Free space or ask the operator for more."""

    code = "bucket-full"


class StoreTaken(BucketUnavailable):
    """The store of the buckets takes no conditional writes, so one service alone may write to it, and another one on
    the same database does. Nothing was changed. Ask the operator to stop one of the two."""

    code = "store-taken"


class ObjectMissing(NotFound):
    """There is no such object in the bucket."""

    code = "object-not-found"


class KeyRefused(Refused):
    """This key cannot be used in a bucket."""

    code = "key-refused"


class VersionMismatch(Conflict):
    """The object in the bucket has another version than expected. Nothing was written."""

    code = "version-mismatch"
