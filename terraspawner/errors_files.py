"""What goes wrong with data files: a branch of the tree in `terraspawner.errors`."""

from __future__ import annotations

from terraspawner.errors import Conflict, NotFound, Refused, TerraError


class FileMissing(NotFound):
    """There is no such file in the workspace's bucket."""

    code = "file-not-found"


class FileMovedOn(Conflict):
    """The file in the bucket is another version than the one you named. Nothing was overwritten."""

    code = "file-moved-on"


class FileTooLarge(TerraError):
    """The file is larger than this deployment takes."""

    code = "file-too-large"


class IsANotebook(Refused):
    """Notebooks are not put into the bucket's data. They travel by edit mode, which keeps locks and versions."""

    code = "is-a-notebook"


class RangeUnsatisfiable(TerraError):
    """The file ends before the range that was asked for."""

    code = "range-unsatisfiable"


class UploadMissing(NotFound):
    """There is no such upload of yours. It may be done, or have waited too long: begin a new one."""

    code = "upload-not-found"


class UploadMovedOn(Conflict):
    """The upload goes on at another byte than the one you named. Ask where, and send from there."""

    code = "upload-moved-on"


class UploadRefused(Refused):
    """This upload cannot be taken."""

    code = "upload-refused"


class TusVersionUnknown(TerraError):
    """Resumable uploads speak tus 1.0.0 here. Send Tus-Resumable: 1.0.0."""

    code = "tus-version-unknown"
