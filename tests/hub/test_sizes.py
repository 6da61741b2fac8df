"""Sizes on the real Engine: what runs is given another one where it stands, and keeps its container, layer and disk."""

from __future__ import annotations

from typing import Any

import pytest

from deployment import Person, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.feature("C9")]

GIB = 1024**3
STANDARD, LARGE = (100_000, GIB), (200_000, 2 * GIB)
"""CPU quota and memory; the tests' deployments have 1 GiB as their standard."""
HOLD = "b = bytearray(1200 * 1024**2); b[::4096] = b'x' * len(b[::4096]); open('held', 'w').close(); input()"


def change(workspace: Workspace, size: str) -> Any:
    return workspace.owner.api.patch(f"{workspace.path}/environment", json={"size": size})


def limits(workspace: Workspace) -> tuple[int, int]:
    """As the Engine has them, and as the kernel does where something runs."""
    container = workspace.container()
    told = container.attrs["HostConfig"]
    assert told["Memory"] == told["MemorySwap"]
    return told["CpuQuota"], told["Memory"]


def memory_inside(workspace: Workspace) -> int:
    files = "/sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"
    return int(workspace.execute("sh", "-c", f"cat {files} 2>/dev/null | head -1")[1])


def test_a_size_is_changed_while_it_runs_and_while_it_is_paused_in_the_same_container(
    ana: Person, workspace: Workspace
) -> None:
    workspace.start()
    first = workspace.container().id
    workspace.execute("touch", "/etc/in-the-layer", user="0")
    workspace.shell("touch ~/on-the-disk; sleep 1000 & echo $! > ~/pid")
    assert limits(workspace) == STANDARD
    grown = change(workspace, "large")
    assert (grown.status_code, grown.json()["state"], grown.json()["size"]["name"]) == (200, "running", "large")
    assert limits(workspace) == LARGE
    assert memory_inside(workspace) == 2 * GIB
    assert workspace.shell("kill -0 $(cat ~/pid)")[0] == 0, "what ran goes on"
    assert change(workspace, "standard").status_code == 200
    assert (limits(workspace), memory_inside(workspace)) == (STANDARD, GIB)
    workspace.pause()
    assert change(workspace, "large").json()["size"]["name"] == "large"
    assert limits(workspace) == STANDARD, "what is paused takes it at its next start"
    # a start that says nothing has what was chosen last, whatever the Hub was told before
    workspace.start()
    assert (limits(workspace), memory_inside(workspace)) == (LARGE, 2 * GIB)
    assert workspace.container().id == first
    assert workspace.shell("ls /etc/in-the-layer ~/on-the-disk")[0] == 0


def test_a_size_that_is_too_small_for_what_runs_ends_nothing(ana: Person, workspace: Workspace) -> None:
    started = ana.api.post(f"{workspace.path}/environment/start", json={"size": "large"})
    assert started.status_code in (200, 202), started.text
    workspace.wait_for("running")
    workspace.shell(f'mkfifo ~/end; (exec 3<>~/end; python3 -c "{HOLD}" <&3) >/dev/null 2>&1 & echo $! > ~/pid')
    workspace.shell("while [ ! -e ~/held ]; do sleep 0.1; done")
    refused = change(workspace, "standard")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "memory-in-use")
    assert refused.json()["error"]["details"]["held"] > GIB
    assert (limits(workspace), workspace.environment()["size"]["name"]) == (LARGE, "large")
    assert workspace.shell("kill -0 $(cat ~/pid)")[0] == 0, "what ran goes on"
    workspace.pause()
    assert change(workspace, "standard").status_code == 200
    workspace.start()
    assert limits(workspace) == STANDARD


@pytest.mark.full
def test_what_is_frozen_wakes_with_the_size_that_was_chosen_meanwhile(ana: Person, workspace: Workspace) -> None:
    workspace.start()
    workspace.shell("sleep 1000 & echo $! > ~/pid")
    workspace.freeze()
    assert change(workspace, "large").json()["state"] == "frozen"
    server = f"/users/ana/servers/{workspace.slug}"
    refused = ana.hub.post(server, json={"user_options": {"size": "standard"}})
    assert (refused.status_code, "It is frozen" in refused.text) == (400, True)
    assert workspace.environment()["state"] == "frozen"
    workspace.start()
    assert (limits(workspace), memory_inside(workspace)) == (LARGE, 2 * GIB)
    assert workspace.shell("kill -0 $(cat ~/pid)")[0] == 0, "what ran goes on"


@pytest.mark.full
def test_the_hubs_own_rest_chooses_a_size_at_a_start_and_once(ana: Person, workspace: Workspace) -> None:
    server = f"/users/ana/servers/{workspace.slug}"
    assert ana.hub.post(server, json={"user_options": {"size": "large"}}).status_code in (201, 202)
    workspace.wait_for("running")
    assert limits(workspace) == LARGE
    workspace.pause()
    assert change(workspace, "standard").status_code == 200
    assert ana.hub.post(server).status_code in (201, 202)
    workspace.wait_for("running")
    assert limits(workspace) == STANDARD
