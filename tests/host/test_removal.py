"""What `make clean` deletes in the folder in which environments see what is mounted for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from terraspawner.host.mounter.removal import remove_all

pytestmark = pytest.mark.feature("H4")


def test_what_others_keep_in_the_folder_stays(tmp_path: Path) -> None:
    for name in ("views/a/My Libraries", "disks/b", "buckets/c/writer", ".probe-x", "of-others"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "note.txt").touch()
    remove_all(tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["note.txt", "of-others"]
