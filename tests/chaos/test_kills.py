"""Real kills in the middle of things: every environment returns to a true state, no acknowledged save is lost."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import Any

import httpx
import pytest

from chaos.places import Place
from deployment import Deployment, Person, Workspace, until
from hub.test_journey_by_rest import contents

pytestmark = pytest.mark.docker


def hub_answers(ana: Person) -> bool:
    try:
        return ana.hub.get(f"/users/{ana.name}").status_code == 200
    except httpx.HTTPError:
        return False


def service_answers(ana: Person) -> bool:
    try:
        return ana.api.get("/whoami").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(autouse=True)
def mended(deployment: Deployment, ana: Person) -> Any:
    yield
    for name in ("hub", "host", "mounter", "workspaces", "netguard", "culler"):
        container = deployment.service(name)
        if container.status != "running":
            container.start()
    until(lambda: hub_answers(ana) and service_answers(ana), "the deployment is whole again", within=120)
    status = deployment.run("status")
    until(lambda: deployment.run("status").returncode == 0, f"all is well: {status.stdout}", within=120)


@pytest.mark.feature("C13")
def test_a_hub_killed_in_the_middle_of_a_start_leaves_a_true_state(
    deployment: Deployment, ana: Person, workspace: Workspace
) -> None:
    place = Place(workspace=workspace)

    def ask() -> None:
        with contextlib.suppress(httpx.HTTPError):
            ana.api.post(f"{workspace.path}/environment/start", json={})

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: place.tokens() == 1, "the start has its token")
    until(lambda: deployment.containers(workspace=workspace_id(workspace)), "the container is being made")
    deployment.service("hub").kill()
    asking.join()
    deployment.service("hub").start()
    until(lambda: hub_answers(ana), "the Hub is back", within=90)
    seen = until(
        lambda: (now := workspace.environment())["state"] in ("paused", "running") and now, "the state is true", 90
    )
    if seen["state"] == "paused":
        assert "interrupted" in seen["reason"]
    place.agrees(seen["state"])  # paused: the token that the interrupted start was given is dead
    workspace.start()
    place.agrees("running")  # with one token, its own


def workspace_id(workspace: Workspace) -> str:
    environments = workspace.owner.deployment.containers(user=workspace.owner.name)
    mine = workspace.environment().get("id")
    return next(
        (
            container.labels["terraspawner.workspace"]
            for container in environments
            if container.labels["terraspawner.environment"] == mine
        ),
        "none yet",
    )


@pytest.mark.parametrize("killed", ["host", "workspaces"])
def test_a_deletion_is_finished_after_a_kill(
    deployment: Deployment, ana: Person, workspace: Workspace, killed: str
) -> None:
    workspace.start()
    disk = workspace.environment()["disk"]["id"]
    container = workspace.container().id
    deployment.service("host").kill()
    asked = ana.api.delete(f"{workspace.path}/environment", params={"disk": "delete"})
    assert asked.status_code == 202, asked.text
    assert workspace.environment()["state"] == "deleting"
    come_back(deployment, ana, killed)
    workspace.wait_for("none", within=60)
    assert [each.status for each in deployment.containers() if each.id == container] == ["exited"], "it is in the trash"
    volume = f"{deployment.name}-disk-{disk}"
    assert volume in deployment.volumes()
    # the same for what goes for good: the disk, and along with it the environment whose container refers to it
    (item,) = [each for each in ana.api.get("/trash").json()["items"] if each["subject"] == disk]
    deployment.service("host").kill()
    assert ana.api.delete(f"/trash/{item['id']}").status_code == 202
    come_back(deployment, ana, killed)
    until(lambda: volume not in deployment.volumes(), "the volume is gone")
    until(lambda: disk not in ana.api.get("/trash").text, "nothing is left in the trash")
    assert container not in [each.id for each in deployment.containers()]


def come_back(deployment: Deployment, ana: Person, killed: str) -> None:
    """What was killed before is started, and the service too where it is to be killed in the middle."""
    if killed == "workspaces":
        deployment.service("workspaces").kill()
        deployment.service("workspaces").start()
    deployment.service("host").start()
    until(lambda: service_answers(ana), "the service is back")


def save(workspace: Workspace, path: str, text: str) -> int:
    owner, headers = workspace.owner, {"Authorization": f"token {workspace.owner.token}"}
    address = f"{contents(workspace)}/{path}"
    document = owner.browser_session.get(address, headers=headers).json()["content"]
    document["cells"][0]["source"] = text
    return owner.browser_session.put(
        address, headers=headers, json={"type": "notebook", "format": "json", "content": document}
    ).status_code


@pytest.mark.feature("F4", "F6", "F7")
def test_saves_queue_while_the_service_is_down_and_arrive_when_it_is_back(
    deployment: Deployment, ana: Person, workspace: Workspace
) -> None:
    workspace.create_notebook("queued")
    workspace.start()
    assert save(workspace, "queued.ipynb", "one") == 200
    until(lambda: "one" in json.dumps(workspace.notebook("queued.ipynb")[0]), "the first save is in the bucket")
    deployment.service("workspaces").kill()
    assert save(workspace, "queued.ipynb", "two") == 200
    states = ana.browser_session.get(
        f"{workspace.server_url}terraspawner/api/saves", headers={"Authorization": f"token {ana.token}"}
    )
    assert "workspace" not in [item["state"] for item in states.json()["saves"] if item["state"]]
    deployment.service("workspaces").start()
    until(lambda: service_answers(ana), "the service is back")
    until(lambda: "two" in json.dumps(workspace.notebook("queued.ipynb")[0]), "the save has arrived")


@pytest.mark.feature("F4", "F7")
def test_a_save_that_was_waiting_when_the_container_was_killed_arrives_after_the_resume(
    deployment: Deployment, ana: Person, workspace: Workspace
) -> None:
    workspace.create_notebook("killed")
    workspace.start()
    assert save(workspace, "killed.ipynb", "one") == 200
    deployment.service("workspaces").kill()
    assert save(workspace, "killed.ipynb", "two") == 200
    workspace_container = deployment.containers(user="ana")
    for container in workspace_container:
        if container.status == "running":
            container.kill()
    deployment.service("workspaces").start()
    until(lambda: service_answers(ana), "the service is back")
    workspace.wait_for("paused", within=60)
    workspace.start()
    until(lambda: "two" in json.dumps(workspace.notebook("killed.ipynb")[0]), "the waiting save has arrived")


HOLD = """
import sqlite3, sys, time, pathlib
connection = sqlite3.connect("/srv/terra/db/terraspawner.sqlite", isolation_level=None, timeout=30)
connection.execute("BEGIN EXCLUSIVE")
pathlib.Path("/tmp/held").touch()
while not pathlib.Path("/tmp/release").exists():
    time.sleep(0.05)
"""


def test_the_hub_answers_while_our_database_is_locked(
    deployment: Deployment, ana: Person, workspace: Workspace
) -> None:
    service = deployment.service("workspaces")
    service.exec_run(["rm", "-f", "/tmp/held", "/tmp/release"])
    service.exec_run(["python", "-c", HOLD], detach=True)
    until(lambda: service.exec_run(["test", "-e", "/tmp/held"]).exit_code == 0, "the lock is held")
    answers: list[int] = []
    start = threading.Thread(
        target=lambda: answers.append(ana.hub.post(f"/users/ana/servers/{workspace.slug}").status_code)
    )
    start.start()
    try:
        # the start waits for the database, and everyone else is served meanwhile, until it is told to come back
        while start.is_alive():
            assert deployment.get("/hub/health").status_code == 200
            assert deployment.get("/hub/api/").status_code == 200
        assert answers == [503]
    finally:
        service.exec_run(["touch", "/tmp/release"])
        start.join()
    until(lambda: workspace.environment()["state"] in ("running", "none", "paused"), "the state is true")
