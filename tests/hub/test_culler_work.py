"""Work that the culler lets be, and its end, on a real Hub and Engine, with every browser closed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest

from deployment import Workspace, until
from hub.culling import comes_next, decided, is_looked_at, passes, reports
from hub.kernels import Kernel

pytestmark = [pytest.mark.docker, pytest.mark.full]

HOURS = 60
FOR_EVER = "import time\nwhile True: time.sleep(1)"
UNTIL_DONE = "import os, time\nheld = 42\nwhile not os.path.exists('/tmp/done'): time.sleep(0.1)"


def asked(workspace: Workspace, method: str, path: str, **options: Any) -> Any:
    owner = workspace.owner
    headers = {"Authorization": f"token {owner.token}"}
    answer = owner.browser_session.request(method, f"{workspace.server_url}api/{path}", headers=headers, **options)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def saved(workspace: Workspace, name: str, source: str) -> None:
    """As Lab saves; it is on the disk, and on its way."""
    path = f"contents/{workspace.name}/edit/{name}"
    model = asked(workspace, "GET", path)
    model["content"]["cells"] = [
        {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    ]
    asked(workspace, "PUT", path, json={"type": "notebook", "format": "json", "content": model["content"]})


def typed_in_a_terminal(workspace: Workspace, line: str) -> None:
    name = asked(workspace, "POST", "terminals", json={})["name"]

    async def type_it() -> None:
        owner = workspace.owner
        url = f"{owner.deployment.url}{workspace.server_url}terminals/websocket/{name}"
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"token {owner.token}"}) as session,
            session.ws_connect(url) as channel,
            asyncio.timeout(60),
        ):
            await channel.send_str(json.dumps(["stdin", f"{line}\r"]))
            async for message in channel:
                if json.loads(message.data)[0] == "stdout":
                    break

    asyncio.run(type_it())


@contextmanager
def cut_off(workspace: Workspace) -> Iterator[None]:
    """Nothing of it is heard, and nothing reaches it."""
    container, deployment = workspace.container(), workspace.owner.deployment
    (name,) = container.attrs["NetworkSettings"]["Networks"]
    network = deployment.docker.networks.get(name)
    address = container.attrs["NetworkSettings"]["Networks"][name]["IPAddress"]
    network.disconnect(container)
    try:
        yield
    finally:
        network.connect(container, ipv4_address=address)


@pytest.mark.feature("G2", "G4", "G9")
def test_a_silent_cell_outlives_every_idle_time_and_is_paused_after_24_hours_with_its_saves_in_the_workspace(
    workspace: Workspace,
) -> None:
    workspace.create_notebook("long")
    workspace.start()
    Kernel.started(workspace).begin(FOR_EVER)
    reports(workspace, "busy")
    saved(workspace, "long.ipynb", "print('of the first hour')")
    passes(workspace, 23 * HOURS)
    is_looked_at(workspace)
    assert (workspace.environment()["state"], decided(workspace)) == ("running", [])
    assert comes_next(workspace) == "busy-too-long"
    passes(workspace, 61)
    here = workspace.wait_for("paused")
    assert decided(workspace) == [("pause", "busy-too-long")]
    assert "24 h" in here["reason"]
    assert "of the first hour" in str(workspace.notebook("long.ipynb"))


@pytest.mark.feature("G2", "G4")
def test_a_job_in_a_terminal_counts_as_a_cell_does(workspace: Workspace) -> None:
    workspace.start()
    typed_in_a_terminal(workspace, "sleep 100000")
    until(lambda: comes_next(workspace) == "busy-too-long", "the job is heard of")
    passes(workspace, 23 * HOURS)
    is_looked_at(workspace)
    assert (workspace.environment()["state"], decided(workspace)) == ("running", [])
    passes(workspace, 61)
    workspace.wait_for("paused")
    assert decided(workspace) == [("pause", "busy-too-long")]


@pytest.mark.feature("G6")
def test_what_a_job_of_the_night_leaves_is_there_for_the_grace_and_frozen_with_its_variables(
    workspace: Workspace,
) -> None:
    workspace.start()
    kernel = Kernel.started(workspace)
    kernel.begin(UNTIL_DONE)
    reports(workspace, "busy")
    passes(workspace, 9 * HOURS)
    assert workspace.shell("touch /tmp/done")[0] == 0
    reports(workspace)
    passes(workspace, 29)
    is_looked_at(workspace)
    assert (workspace.environment()["state"], comes_next(workspace)) == ("running", "idle")
    passes(workspace, 2)
    workspace.wait_for("frozen")
    workspace.start()
    assert kernel.run("print(held)") == "42"


@pytest.mark.feature("G8")
def test_what_is_kept_alive_stays_as_long_as_was_asked(workspace: Workspace) -> None:
    workspace.start()
    assert Kernel.started(workspace).run("print(1)") == "1"
    reports(workspace)
    kept = workspace.owner.api.post(f"{workspace.path}/environment/keep-alive", json={"seconds": 3600})
    assert kept.status_code == 200, kept.text
    passes(workspace, 55)
    is_looked_at(workspace)
    assert (workspace.environment()["state"], decided(workspace)) == ("running", [])
    ended = workspace.owner.api.delete(f"{workspace.path}/environment/keep-alive")
    assert ended.status_code in (200, 204), ended.text
    workspace.wait_for("frozen")
    assert decided(workspace) == [("freeze", "idle")]


@pytest.mark.feature("G7", "G2")
def test_what_is_not_heard_of_is_an_alarm_and_no_pause_until_the_24_hours_are_over(workspace: Workspace) -> None:
    workspace.start()
    assert Kernel.started(workspace).run("print(1)") == "1"
    reports(workspace)
    with cut_off(workspace):
        passes(workspace, 10 * HOURS, is_heard=False)
        until(lambda: decided(workspace) == [("alarm", "unreachable")], "an alarm is raised")
        is_looked_at(workspace)
        assert workspace.environment()["state"] == "running"
        assert comes_next(workspace) == "busy-too-long"
        passes(workspace, 15 * HOURS, is_heard=False)
        workspace.wait_for("paused")
    assert decided(workspace) == [("alarm", "unreachable"), ("pause", "busy-too-long")]
    workspace.start()


def test_who_deletes_it_while_the_culler_stops_it_has_it_deleted(workspace: Workspace) -> None:
    workspace.start()
    assert Kernel.started(workspace).run("print(1)") == "1"
    reports(workspace)
    passes(workspace, 31)
    workspace.delete(disk="delete")
    left = workspace.owner.deployment.containers(user=workspace.owner.name, workspace=workspace.name)
    assert {each.status for each in left} <= {"exited"}, "it is in the trash"
