"""Where things lie in the folder of a bucket, and who else may write there."""

from __future__ import annotations

import contextlib
import os
import struct
from pathlib import Path

from terraspawner.storage import private
from terraspawner.storage.base import RESERVED

NOTEBOOKS = "notebooks"
DATA = "data"
DATA_GROUP = 1000
"""Group of the user in environments; the service is a member of it."""
DATA_TRASH = "trash/data/"
"""Where deleted data files wait."""
MADE = f"{RESERVED}/bucket"
"""An object that marks a bucket in an object store: where it is not, the bucket never was made, or was lost."""

_ACL_VERSION, _NO_ID = 2, 0xFFFFFFFF
_OWNER, _GROUP, _OTHERS = 0x01, 0x04, 0x20
_GROUP_WRITES = ((_OWNER, 0o7), (_GROUP, 0o7), (_OTHERS, 0o5))
"""As ``linux/posix_acl_xattr.h`` has them: a version, then tag, rights and id of each entry."""


def is_shared(key: str) -> bool:
    """Whether environments write there, too: ``data/`` is mounted in them, the rest is ours alone. What was deleted
    from there may be open in one still, so it counts as theirs until it is gone."""
    return key.startswith((f"{DATA}/", DATA_TRASH))


def make_folders(root: Path, bucket_id: str, *, data_group: int = DATA_GROUP) -> Path:
    """Make the folders of a bucket below ``root`` and return its own; doing it again changes nothing.

    ``notebooks`` may be read by everybody and written by us; ``data`` belongs to ``data_group`` where this
    process may give it away (root, or a member of that group). Raises ``OSError``.
    """
    bucket = root / bucket_id
    bucket.mkdir(parents=True, exist_ok=True)
    for folder, mode in ((bucket, 0o755), (bucket / NOTEBOOKS, 0o755), (bucket / DATA, 0o775)):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    for name in private.FOLDERS:
        (bucket / name).mkdir(exist_ok=True, mode=0o700)
    with contextlib.suppress(PermissionError):
        os.chown(bucket / DATA, -1, data_group)
    (bucket / DATA).chmod(0o2775)  # after chown, which clears the bit
    _let_group_write(bucket / DATA)
    return bucket


def _let_group_write(folder: Path) -> None:
    """Have what is made below `folder` from now on written by its group as well, whatever the maker's umask is.

    Else this service could put nothing into a folder that somebody made in a terminal. By a default ACL, which new
    folders hand on; where the file system knows none, that folder's permissions are told to who is refused.
    """
    entries = b"".join(struct.pack("<HHI", tag, rights, _NO_ID) for tag, rights in _GROUP_WRITES)
    with contextlib.suppress(OSError):
        os.setxattr(folder, "system.posix_acl_default", struct.pack("<I", _ACL_VERSION) + entries)
