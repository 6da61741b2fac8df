"""What an object store answers other than what it was asked for, in our own words."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator

from obstore import exceptions

from terraspawner.storage import faults
from terraspawner.storage.errors import BucketFull, BucketUnavailable
from terraspawner.storage.silence import Silence

log = logging.getLogger(__name__)

_QUERY = re.compile(r"\?\S*")
_TIMED_OUT = "kind: Timeout"
"""As the client tells it of a request that had no answer in time."""
_FULL = ("QuotaExceeded", "InsufficientStorage", "StorageFull", "507 Insufficient", "InsufficientAccountPermissions")
_NO_BUCKET = ("<Code>NoSuchBucket<", "<Code>ContainerNotFound<", "The specified bucket does not exist")


class NoSuchPart(Exception):
    """The object ends before the part that was asked for begins."""


@contextlib.contextmanager
def translated(silence: Silence) -> Iterator[None]:
    """What the client raises becomes an error of ours; a missing object stays ``FileNotFoundError``.

    The client's own words go to the log alone, without what follows a ``?``: that can open the store.
    """
    silence.check()
    try:
        yield
    except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
        silence.end()
        raise
    except FileNotFoundError as error:
        silence.end()
        if _says_no_bucket(str(error)):
            raise faults.missing() from None
        raise
    except (exceptions.BaseError, ValueError) as error:
        said = str(error)
        if "416 Range Not Satisfiable" in said or "InvalidRange" in said:
            silence.end()
            raise NoSuchPart from None
        log.warning("store: %s", _QUERY.sub("", said.partition("\n")[0]))
        if _TIMED_OUT in said:
            silence.begin()
        raise _unavailable(error, said) from None
    silence.end()


def _says_no_bucket(said: str) -> bool:
    return any(word in said for word in _NO_BUCKET)


def _unavailable(error: BaseException, said: str) -> BucketUnavailable:
    if any(word in said for word in _FULL):
        return BucketFull()
    # of lists the client's errors are of no kind: what the store said tells
    if _says_no_bucket(said):
        return faults.missing()
    if isinstance(error, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)):
        return faults.unavailable("the store refuses the service's credentials")
    if _TIMED_OUT in said:
        return faults.unavailable("the store does not answer")
    return faults.unavailable("the store cannot be reached")
