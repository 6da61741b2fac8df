"""What `make up` says where disks are to be images and cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from terraspawner.deploy import mounts
from terraspawner.deploy.commands import SetupStopped
from terraspawner.deploy.mounts import Prepared
from terraspawner.host.mounter.probe import probe_disks
from terraspawner.settings import Settings

pytestmark = pytest.mark.feature("D4")

NOT_SHARED = Prepared(is_live=False, why="It is no shared mount.")


def test_where_mounts_reach_no_container_disks_cannot_be_images() -> None:
    with pytest.raises(SetupStopped, match=r"no shared mount\. Set TERRA_DISKS=volume"):
        mounts.check_disks(Settings(disks="image"), NOT_SHARED, "/nowhere")


def test_plain_volumes_want_nothing_of_the_machine() -> None:
    mounts.check_disks(Settings(), NOT_SHARED, "/nowhere")


@pytest.mark.docker
def test_the_trial_makes_a_disk_and_leaves_nothing(tmp_path: Path) -> None:
    found = probe_disks(tmp_path)
    assert (found.is_live, found.why) == (True, "")
    assert list(tmp_path.iterdir()) == []


def test_the_trial_says_what_it_could_not_use(tmp_path: Path) -> None:
    found = probe_disks(tmp_path / "missing")
    assert (found.is_live, "No such file or directory" in found.why) == (False, True)
