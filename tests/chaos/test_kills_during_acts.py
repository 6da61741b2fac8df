"""A kill -9 in the middle of an act: {who is killed} x {what is under way}, each cell for real.

Afterwards, within a minute of the fallen part's return: the state is true, no acknowledged save is lost, no token and
no start file is left behind, no container and no volume that no row knows, and the next start works.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from itertools import product

import docker
import httpx
import pytest

from chaos.places import Place
from chaos.test_kills import hub_answers, save, service_answers
from deployment import Person, unique, until

pytestmark = pytest.mark.docker

VICTIMS = ("hub", "workspaces", "host", "proxy", "container")
SETTLED = frozenset({"none", "running", "frozen", "paused"})
SAVED = "kill-during.ipynb"


@pytest.fixture(scope="module")
def place(ana: Person) -> Iterator[Place]:
    made = ana.workspace(unique("during"))
    made.create_notebook(SAVED.removesuffix(".ipynb"))
    yield Place(workspace=made)
    ana.api.delete(f"{made.path}/environment", params={"disk": "delete", "force": "true"})


def post(place: Place, what: str, **body: object) -> str:
    place.owner.api.post(f"{place.workspace.path}/environment/{what}", json=body)
    return ""


def save_now(place: Place) -> str:
    """The text that was acknowledged: it must be in the bucket in the end."""
    text = unique("saved")
    return text if save(place.workspace, SAVED, text) == 200 else ""


def delete_now(place: Place) -> str:
    place.owner.api.delete(f"{place.workspace.path}/environment", params={"disk": "keep"})
    return ""


ACTS: dict[str, tuple[str, Callable[[Place], str]]] = {
    "start": ("paused", lambda place: post(place, "start")),
    "save": ("running", save_now),
    "pause": ("running", lambda place: post(place, "pause")),
    "freeze": ("running", lambda place: post(place, "pause", freeze=True)),
    "wake": ("frozen", lambda place: post(place, "start")),
    "delete": ("running", delete_now),
}
"""What is under way, and the state that it begins in."""
CORE = {("hub", "pause"), ("workspaces", "save"), ("proxy", "start")}


def cells() -> Iterator[object]:
    for victim, act in product(VICTIMS, ACTS):
        marks = [] if (victim, act) in CORE else [pytest.mark.full]
        yield pytest.param(victim, act, marks=marks, id=f"{victim}-{act}")


def began_in(place: Place, state: str) -> None:
    if place.workspace.environment()["state"] == "frozen" and state != "frozen":
        place.workspace.start()
    if place.workspace.environment()["state"] != state:
        place.workspace.start()
    if state == "paused":
        place.workspace.pause()
    if state == "frozen":
        place.workspace.freeze()


def kill_during(place: Place, victim: str, act: Callable[[Place], str]) -> str:
    """Ask, kill while the answer is awaited, and bring back what fell. Returns the text of an acknowledged save."""
    asked, saved = threading.Event(), [""]

    def ask() -> None:
        asked.set()
        with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
            saved.append(act(place))

    asking = threading.Thread(target=ask)
    fallen = place.workspace.container() if victim == "container" else place.deployment.service(victim)
    asking.start()
    asked.wait()
    with contextlib.suppress(docker.errors.APIError):  # it may have ended by itself just before
        fallen.kill()
    asking.join()
    if victim != "container":
        fallen.wait(timeout=60)
        fallen.start()
    until(lambda: hub_answers(place.owner) and service_answers(place.owner), "both answer", within=120)
    return saved[-1]


@pytest.mark.feature("C13")
@pytest.mark.parametrize(("victim", "act"), list(cells()))
def test_a_kill_during_an_act_leaves_a_true_state_and_nothing_behind(place: Place, victim: str, act: str) -> None:
    state, deed = ACTS[act]
    began_in(place, state)
    saved = kill_during(place, victim, deed)
    seen = until(lambda: (now := place.workspace.environment())["state"] in SETTLED and now["state"], "it is settled")
    place.agrees(settled(place, seen))
    assert_nothing_is_left(place)
    place.workspace.start()
    place.agrees("running")
    assert_nothing_is_left(place)
    if saved:
        until(lambda: saved in json.dumps(place.workspace.notebook(SAVED)[0]), "the acknowledged save is in the bucket")


def settled(place: Place, seen: str) -> str:
    """The state that row, Hub and Engine come to agree on: the row may believe for some seconds what is over."""

    def agreed() -> str:
        if place.is_pending():
            return ""
        now = place.workspace.environment()
        found = place.deployment.containers(user=place.owner.name, environment=now["id"] or "-")
        states = {"running": ["running"], "frozen": ["paused"], "paused": ["exited"], "none": []}
        is_ready = place.is_ready() == (now["state"] == "running")
        return now["state"] if is_ready and states.get(now["state"]) == [item.status for item in found] else ""

    return until(agreed, f"row, Hub and Engine agree; it was {seen}")


def assert_nothing_is_left(place: Place) -> None:
    """Found by label: each container and volume of ana's has its row, and no start file lies in this layer."""
    here = place.workspace.environment()["id"]
    environments = {item["id"] for item in place.owner.api.get("/environments").json()["items"]}
    environments |= {item["subject"] for item in place.owner.api.get("/trash").json()["items"]}
    for container in place.deployment.containers(user=place.owner.name):
        assert container.labels["terraspawner.environment"] in environments, container.name
        if container.labels["terraspawner.environment"] == here:
            assert "/run/terra/start.json" not in [item["Path"] for item in container.diff() or []]
    disks = {f"{place.deployment.name}-disk-{item['id']}" for item in place.owner.api.get("/disks").json()["items"]}
    labels = [f"terraspawner.deployment={place.deployment.name}", f"terraspawner.user={place.owner.name}"]
    volumes = place.deployment.docker.volumes
    # what is being deleted may go while this looks
    until(
        lambda: {volume.name for volume in volumes.list(filters={"label": labels})} <= disks, "each volume has its row"
    )
