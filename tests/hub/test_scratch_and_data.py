"""Scratch, which is gone at a pause, and the data disk, which stays, on the real Engine."""

from __future__ import annotations

from typing import Any

import pytest

from deployment import Workspace, until
from hub.kernels import Kernel

pytestmark = pytest.mark.docker

GIB = 1024**3

FILL = "mkdir -p /scratch/deep && echo x > /scratch/deep/a && ln -s /home/jupyter /scratch/out && chmod 0 /scratch/deep"
"""What its own person could not delete without a thought, and a way out."""


def in_scratch(workspace: Workspace) -> list[str]:
    code, said = workspace.shell("ls -A /scratch")
    assert code == 0, said
    return said.split()


@pytest.mark.full
@pytest.mark.feature("D9", "C7")
def test_scratch_is_kept_while_frozen_and_emptied_at_a_pause(workspace: Workspace) -> None:
    workspace.start()
    kernel = Kernel.started(workspace)
    ask = "import os; print(os.environ['SCRATCH'], os.listdir('/scratch'), os.access('/scratch', os.W_OK))"
    assert kernel.run(ask) == "/scratch [] True"
    assert workspace.shell(FILL + " && echo kept > ~/kept")[0] == 0
    losses = workspace.owner.api.get(f"{workspace.path}/environment/losses", params={"action": "pause"}).json()
    assert "scratch" in [each["sort"] for each in losses["lost"]]
    workspace.freeze()
    workspace.start()
    assert in_scratch(workspace) == ["deep", "out"]
    container = workspace.container()
    workspace.pause()
    pieces, _ = container.get_archive("/scratch")
    assert len(b"".join(pieces)) < 2048, "nothing but the folder itself"
    assert not any(each["Path"].startswith("/scratch/") for each in container.diff() or ())
    workspace.start()
    assert in_scratch(workspace) == []
    assert workspace.shell("cat ~/kept") == (0, "kept\n")
    assert workspace.shell(FILL)[0] == 0
    workspace.container().kill()
    until(lambda: workspace.environment()["state"] == "paused", "its end is seen")
    workspace.start()
    assert in_scratch(workspace) == []


def changed(workspace: Workspace, data_disk: dict[str, object] | None) -> dict[str, Any]:
    answer = workspace.owner.api.patch(f"{workspace.path}/environment", json={"data_disk": data_disk})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def held(workspace: Workspace, disk: str) -> dict[str, Any]:
    (found,) = [each for each in workspace.owner.api.get("/disks").json()["items"] if each["id"] == disk]
    return dict(found)


@pytest.mark.feature("D9")
def test_a_data_disk_survives_its_environment_and_is_found_by_the_next(workspace: Workspace) -> None:
    workspace.start()
    busy = workspace.owner.api.patch(f"{workspace.path}/environment", json={"data_disk": {"size": 100 * GIB}})
    assert (busy.status_code, "Pause it first" in busy.text) == (409, True)
    assert workspace.execute("sh", "-c", "ls -d /data")[0] != 0
    workspace.pause()
    disk = changed(workspace, {"size": 100 * GIB})["data_disk"]["id"]
    assert (held(workspace, disk)["kind"], held(workspace, disk)["price_per_month"]) == ("data", 4.0)
    workspace.start()
    kernel = Kernel.started(workspace)
    ask = "import os; print(open(os.environ['WORKSPACE_DATA_DISK'] + '/large', 'w').write('mine'))"
    assert kernel.run(ask) == "4"
    volumes = workspace.owner.deployment.docker.volumes.list(filters={"label": f"terraspawner.disk={disk}"})
    assert [each.attrs["Labels"]["terraspawner.disk-kind"] for each in volumes] == ["data"]
    assert workspace.owner.api.post(f"/disks/{disk}/measure").json()["used"] > 0
    assert workspace.owner.api.delete(f"/disks/{disk}").status_code == 409
    workspace.delete()
    assert (held(workspace, disk)["state"], held(workspace, disk)["environment"]) == ("kept", None)

    started = workspace.owner.api.post(f"{workspace.path}/environment/start", json={"data_disk": disk})
    assert started.status_code in (200, 202), started.text
    workspace.wait_for("running")
    assert workspace.shell("cat /data/large && echo more >> /data/large") == (0, "mine")
    workspace.pause()
    changed(workspace, None)
    assert workspace.owner.api.delete(f"/disks/{disk}").status_code == 200
    (item,) = [each for each in workspace.owner.api.get("/trash").json()["items"] if each["subject"] == disk]
    # the container that was made with it still mounts it, and must not keep it from going for good
    assert workspace.owner.api.delete(f"/trash/{item['id']}").status_code == 202
    until(lambda: f"-disk-{disk}" not in "".join(workspace.owner.deployment.volumes()), "its volume is gone")
    workspace.start()
    assert workspace.execute("sh", "-c", "ls -d /data")[0] != 0
