"""Where things lie in the folder of a bucket, and who else may write there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from terraspawner.storage import private

NOTEBOOKS = "notebooks"
DATA = "data"
DATA_GROUP = 1000
"""Group of the user in environments; the service is a member of it."""


DATA_TRASH = "trash/data/"
"""Where deleted data files wait."""


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
    return bucket
