"""What people are told of a mount that is not well: of a workspace's bucket, and of a drive from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A sentence or two for each trouble: what it is, what it means for files, what is to be done."""

    being_made: str
    silent: str
    refusing: str
    missing: str
    slow: str
    not_taken: str
    room_is_full: str
    ended: str
    stuck: str


GIVE_ANEW: Final = "Its owner can give the password anew on the page of the library."
"""How each sentence ends on a trouble that another password may end."""
OF_BUCKET: Final = Words(
    being_made="The bucket is being mounted.",
    silent="The store does not answer. Reading and writing files of the bucket ends with an error until it does; "
    "what was written before is sent then.",
    refusing="The store refuses what it is asked, so files of the bucket cannot be read or written. The "
    "operator has to look at its credentials.",
    missing="The store says that there is no such bucket. The operator has to look at its settings.",
    slow="The store takes more than two seconds to answer. Reading and writing go on, slowly.",
    not_taken="The store does not take some files that were written here: it may be full. They are kept on this "
    "machine and sent again and again.",
    room_is_full="This machine has no room left for files on their way to the store. Large files cannot be written "
    "until some have arrived there.",
    ended="The program that mounts the bucket has ended; it is started again by itself.",
    stuck="The program that mounts the bucket did not answer any more; it is started again by itself.",
)
OF_DRIVE: Final = Words(
    being_made="The drive is being connected.",
    silent="The drive's server does not answer. Reading and writing files there ends with an error until it does; "
    "what was written before is sent then.",
    refusing=f"The drive's server refuses the user name or the password. {GIVE_ANEW}",
    missing="The drive's server says that there is no such folder. It may have been renamed or deleted there; once it "
    "is back, its files are here again.",
    slow="The drive's server takes more than two seconds to answer. Reading and writing go on, slowly.",
    not_taken="The drive's server does not take some files that were written here: it may be full, or you may not "
    "write there. They are kept on this machine and sent again and again.",
    room_is_full="This machine has no room left for files on their way to the drive. Large files cannot be written "
    "until some have arrived there.",
    ended="The program that mounts the drive has ended; it is started again by itself.",
    stuck="The program that mounts the drive did not answer any more; it is started again by itself.",
)
