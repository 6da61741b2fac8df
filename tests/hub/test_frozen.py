"""Frozen: processes stand still, memory stays, and a wake goes on where they were (FEATURES.md C8)."""

from __future__ import annotations

import pytest

from deployment import Deployment, Person, Workspace, until
from hub.kernels import Kernel, measured

pytestmark = pytest.mark.docker


@pytest.fixture
def kernel(workspace: Workspace) -> Kernel:
    """A kernel that holds something, in a running environment."""
    workspace.start()
    started = Kernel.started(workspace)
    assert started.run("held = 40; print(held)") == "40"
    return started


@pytest.mark.feature("C8")
def test_a_wake_goes_on_with_the_variables_and_the_same_token(
    deployment: Deployment, workspace: Workspace, kernel: Kernel
) -> None:
    token, began = workspace.server_token(), workspace.container().attrs["State"]["StartedAt"]
    frozen = workspace.freeze()
    assert workspace.container().status == "paused"
    assert frozen["frozen_memory"] > 0
    assert frozen["actions"] == ["delete", "pause", "start"]
    # the route is gone: asking says so at once and wakes nothing
    assert workspace.owner.browser_session.get(f"{workspace.server_url}api/status").status_code == 424
    assert workspace.environment()["state"] == "frozen"
    assert deployment.status_of_token(token) == 200

    seconds, printed = measured(workspace, kernel, "held += 2; print(held)")
    print(f"from the wish to wake to a cell's result: {seconds:.3f} s")
    assert printed == "42"
    assert workspace.server_token() == token
    assert deployment.status_of_token(token) == 200
    assert workspace.container().attrs["State"]["StartedAt"] == began
    assert workspace.environment()["frozen_memory"] is None
    # from here on it is a server as any other
    workspace.pause()
    until(lambda: deployment.status_of_token(token) == 403, "the token is dead", within=5)


def hub_knows(ana: Person, workspace: Workspace) -> dict[str, object]:
    return ana.hub.get(f"/users/{ana.name}?include_stopped_servers=1").json()["servers"][workspace.slug]
