"""Images on the real Engine: another one makes the container anew, and the disk goes with it."""

from __future__ import annotations

import pytest

from deployment import Person, Workspace
from terraspawner.deploy import images

pytestmark = [pytest.mark.docker, pytest.mark.feature("C10")]


def change(workspace: Workspace, image: str) -> int:
    return workspace.owner.api.patch(f"{workspace.path}/environment", json={"image": image}).status_code


def test_another_image_keeps_the_disk_and_loses_what_was_in_the_layer(ana: Person, workspace: Workspace) -> None:
    before = workspace.start()
    first = workspace.container()
    assert first.attrs["Config"]["Image"] == images.PYTHON
    workspace.execute("touch", "/etc/in-the-layer", user="0")
    workspace.shell("touch ~/on-the-disk")
    assert change(workspace, "r") == 409, "it runs"
    workspace.pause()
    # a change of mind before the next start loses nothing
    assert (change(workspace, "r"), change(workspace, "python")) == (200, 200)
    workspace.start()
    assert workspace.container().id == first.id
    assert workspace.shell("ls /etc/in-the-layer")[0] == 0
    workspace.pause()
    assert change(workspace, "r") == 200
    assert workspace.container().id == first.id, "it is there until the next start"
    after = workspace.start()
    assert (after["id"], after["disk"]["id"]) == (before["id"], before["disk"]["id"])
    assert workspace.container().attrs["Config"]["Image"] == images.R
    assert workspace.shell("ls ~/on-the-disk")[0] == 0
    assert workspace.shell("ls /etc/in-the-layer")[0] != 0
    assert workspace.shell("R --version")[0] == 0
    assert len(workspace.owner.deployment.containers(environment=after["id"])) == 1
    # no deletion: the old container is gone, and nothing is in the trash
    assert after["id"] not in ana.api.get("/trash").text
