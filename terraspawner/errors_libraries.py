"""What goes wrong with libraries of the drive: a branch of the tree in `terraspawner.errors`."""

from __future__ import annotations

from terraspawner.errors import NotFound, Refused


class LibraryMissing(NotFound):
    """There is no such library, or nobody has shared it with you. Check the address or ask its owner."""

    code = "library-not-found"


class OutsideDriveMissing(NotFound):
    """There is no such drive to connect, or this library lies on none. Look at `GET /drives`."""

    code = "outside-drive-not-found"


class LibraryFull(Refused):
    """This does not fit into the library. Delete something there, or ask its owner for a larger limit."""

    code = "library-full"
