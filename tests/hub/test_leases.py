"""Leases of real environments: what one holds is free when it stands still, stops, or is gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx
import pytest

from deployment import API, Deployment, Person, Workspace, until

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


@asynccontextmanager
async def tab(at: Workspace, name: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A tab of JupyterLab that shows a.ipynb and holds it."""
    url = f"{at.owner.deployment.url}{at.server_url}terraspawner/api/session?session={name}"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"token {at.owner.token}"}) as client,
        client.ws_connect(url) as socket,
    ):
        await socket.send_json({"type": "open", "path": f"{at.name}/edit/a.ipynb"})
        async with asyncio.timeout(20):
            assert json.loads((await socket.receive()).data)["state"] == "held"
        yield socket


@pytest.mark.feature("F2")
@pytest.mark.full
def test_a_tab_of_a_real_environment_holds_it_until_it_is_closed_killed_paused_or_gone(
    workspace: Workspace, ben: Person
) -> None:
    workspace.create_notebook("a")
    assert workspace.owner.api.put(f"{workspace.path}/members/ben", json={"role": "writer"}).status_code == 200
    lease = f"{workspace.path}/notebooks/a.ipynb/lease"

    def is_bens() -> bool:
        answer = ben.api.post(lease, json=ONE)
        return answer.status_code == 200 and ben.api.request(
            "DELETE", lease, json={**ONE, "fence": answer.json()["fence"]}
        ).status_code == 204  # fmt: skip

    async def shown(end: str) -> None:
        async with tab(workspace, f"tab-{end}") as socket:
            assert not await asyncio.to_thread(is_bens), end
            if end == "close":
                await socket.send_json({"type": "close", "path": f"{workspace.name}/edit/a.ipynb"})
            elif end == "kill":
                assert socket._response.connection is not None
                assert socket._response.connection.transport is not None
                socket._response.connection.transport.abort()
            elif end == "pause":
                await asyncio.to_thread(workspace.pause)
                assert await asyncio.to_thread(is_bens)
            else:
                await asyncio.to_thread(workspace.container().kill)
            await asyncio.to_thread(until, is_bens, f"{end}: it is free", 120)

    for end in ("close", "kill", "pause", "vanish"):
        workspace.start()
        asyncio.run(shown(end))
