"""What `make up` reads of the machine's mounts, and what it tells of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from terraspawner.deploy import deployment, mounts
from terraspawner.deploy.mounts import Prepared
from terraspawner.settings import Settings

ROOT = "27 1 254:0 / / rw,relatime {} - ext4 /dev/vda rw"
OURS = "90 27 254:0 /var/lib/docker/t/x /var/lib/docker/t/x rw,relatime {} - ext4 /dev/vda rw"
FOLDER = Path("/var/lib/docker/t/x")


@pytest.mark.parametrize(
    ("lines", "is_shared"),
    [
        ([ROOT.format("shared:1")], True),
        ([ROOT.format("")], False),
        ([ROOT.format("master:1")], False),
        ([ROOT.format(""), OURS.format("shared:7")], True),
        ([ROOT.format("shared:1"), OURS.format("")], False),
        ([ROOT.format(""), OURS.format("shared:7"), OURS.format("")], False),
        ([ROOT.format(""), OURS.format(""), OURS.format("shared:8 master:2")], True),
        ([ROOT.format(""), OURS.format("shared:7").replace("/t/x ", "/t/xy ")], False),
    ],
)
def test_a_folder_is_shared_where_the_last_mount_that_it_lies_on_is(lines: list[str], is_shared: bool) -> None:
    assert mounts.is_shared(FOLDER, "\n".join(lines)) == is_shared


def test_the_folder_is_beside_what_the_engine_keeps_unless_another_one_is_named() -> None:
    root = Path("/var/lib/docker")
    assert mounts.folder_of(Settings(deployment="lab"), root) == "/var/lib/docker/terraspawner/lab"
    assert mounts.folder_of(Settings(mounts_host_path="/srv/mounts"), root) == "/srv/mounts"


def test_who_wants_no_live_mounts_gets_none_and_nothing_is_touched(tmp_path: Path) -> None:
    prepared = mounts.prepare(Settings(live_mounts="no"), str(tmp_path / "never"))
    assert (prepared.setting, prepared.propagation, prepared.following) == ("no", "rw", "rw")
    assert (
        deployment.told(prepared) == "what is shared appears at an environment's next start (TERRA_LIVE_MOUNTS is no)"
    )
    assert not (tmp_path / "never").exists()


def test_where_it_works_the_mounter_has_the_folder_shared() -> None:
    prepared = Prepared(is_live=True)
    assert (prepared.setting, prepared.propagation, prepared.following) == ("yes", "rshared", "rslave")
    assert deployment.told(prepared) == "what is shared appears in running environments"
