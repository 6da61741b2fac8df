"""What would be lost, on the real Engine: what lies beside the disk is named, what lies on it is not."""

from __future__ import annotations

import pytest

from deployment import Workspace, until
from hub.kernels import Kernel

pytestmark = pytest.mark.docker

PACKAGES = "/usr/local/lib/python3.13/dist-packages"
AS_PIP_LEAVES_IT = f"""
set -e
mkdir -p {PACKAGES}/my_tool {PACKAGES}/my_tool-1.2.dist-info
echo 'x = 1' > {PACKAGES}/my_tool/__init__.py
printf 'Metadata-Version: 2.1\\nName: my_tool\\nVersion: 1.2\\n' > {PACKAGES}/my_tool-1.2.dist-info/METADATA
echo mine > /usr/local/share/mine.txt
mkdir -p /opt/data/deep && echo more > /opt/data/deep/a
"""


def losses(workspace: Workspace, act: str) -> dict[str, list[str]]:
    answer = workspace.owner.api.get(f"{workspace.path}/environment/losses", params={"action": act})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [sentence for sentence in told["unknown"] if "git" not in sentence] == []
    return {each["sort"]: each["names"] for each in told["lost"]}


@pytest.mark.feature("C7")
def test_the_engine_names_what_lies_beside_the_disk_running_and_paused(workspace: Workspace) -> None:
    workspace.start()
    until(lambda: workspace.environment()["memory"], "it has said what runs in it")
    assert losses(workspace, "delete") == {}, "a fresh one has nothing to lose"
    assert workspace.execute("sh", "-c", AS_PIP_LEAVES_IT, user="0") == (0, "")
    assert workspace.shell("echo kept > ~/kept.txt && pip list > ~/list.txt")[0] == 0
    kernel = Kernel.started(workspace)
    kernel.run("x = 1")
    until(lambda: workspace.environment()["kernels"], "the kernel is told of")
    installed = {"pip": ["my-tool 1.2"], "files": ["/opt/data/", "/usr/local/share/mine.txt"]}
    running = {"kernels": ["a kernel without a notebook"]}
    assert losses(workspace, "pause") == running
    assert losses(workspace, "delete") == losses(workspace, "update") == {**running, **installed}
    workspace.pause()
    assert losses(workspace, "pause") == {}
    assert losses(workspace, "delete") == installed
    assert losses(workspace, "delete-disk") == {**installed, "home": ["the home folder"]}
