"""Leases of real environments: what one holds is free when it stands still, stops, or is gone."""

from __future__ import annotations

import httpx
import pytest

from deployment import API, Deployment, Person, Workspace

pytestmark = pytest.mark.docker
ONE = {"session": "one"}


def inside(deployment: Deployment, workspace: Workspace) -> httpx.Client:
    """Asks with the environment's key, as a program in it can."""
    _, said = workspace.execute("sh", "-c", "tr '\\0' '\\n' < /proc/1/environ | sed -n 's/^TERRA_ENVIRONMENT_KEY=//p'")
    headers = {"Authorization": f"environment {said.strip()}"}
    return httpx.Client(base_url=f"{deployment.url}{API}", headers=headers, timeout=60)


@pytest.mark.feature("F2")
@pytest.mark.full
def test_a_lease_ends_when_its_environment_is_frozen_paused_or_deleted(
    deployment: Deployment, workspace: Workspace, ben: Person
) -> None:
    workspace.create_notebook("a")
    assert workspace.owner.api.put(f"{workspace.path}/members/ben", json={"role": "writer"}).status_code == 200
    lease, fences = f"{workspace.path}/notebooks/a.ipynb/lease", []
    for end in (workspace.freeze, workspace.pause, workspace.delete):
        workspace.start()
        with inside(deployment, workspace) as client:
            fences.append(client.post(lease, json=ONE).json()["fence"])
            assert ben.api.post(lease, json=ONE).json()["error"]["code"] == "lease-held"
            end()
            seen = ben.api.post(lease, json=ONE)
            assert seen.status_code == 200, seen.text
            fences.append(seen.json()["fence"])
            assert ben.api.request("DELETE", lease, json={**ONE, "fence": fences[-1]}).status_code == 204
    assert fences == [1, 2, 3, 4, 5, 6]
