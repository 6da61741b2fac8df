"""One table above all: whatever state, whatever falls, whatever is asked afterwards, each cell is tried for real.

A cell: an environment is brought into a state, something falls and comes back, a person does one thing. Afterwards
row, Hub, Engine and tokens say the same. The environment goes from cell to cell; a deleted one is made anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from chaos.places import Place
from chaos.test_kills import hub_answers, service_answers
from deployment import Person, unique, until

pytestmark = pytest.mark.docker

STATES = ("running", "frozen", "paused")
FAULTS = (
    "hub killed",
    "hub restarted",
    "service killed",
    "service restarted",
    "container killed",
    "everything restarted",
)
"""The last is what a restart of an Engine without `live-restore` does (tests/chaos/test_engine.py)."""
CORE = {
    ("frozen", "hub killed", "start"),
    ("frozen", "hub killed", "fresh login"),
    ("frozen", "hub killed", "pause"),
    ("frozen", "service killed", "delete"),
    ("running", "hub killed", "old token"),
}
"""Told to be true at each `make test`; the others by `make test-full`."""


@pytest.fixture(scope="module")
def place(ana: Person) -> Iterator[Place]:
    made = ana.workspace(unique("table"))
    yield Place(workspace=made)
    if made.environment()["state"] != "none":
        ana.api.delete(f"{made.path}/environment", params={"disk": "delete", "force": "true"})


SERVICES = {
    "hub": ["hub"],
    "service": ["workspaces"],
    "container": [],
    "everything": ["netguard", "host", "mounter", "proxy", "workspaces", "hub", "culler"],
}


def fall(place: Place, fault: str) -> None:
    """Something falls, and is back."""
    what, how = fault.split()
    container = place.workspace.container()
    fallen = [place.deployment.service(name) for name in SERVICES[what]]
    for service in fallen:
        service.kill(signal="SIGKILL" if how == "killed" else "SIGTERM")
    if what in ("container", "everything") and container.status in ("running", "paused"):
        # the Engine thaws what it sends a signal to
        container.kill(signal="SIGKILL" if how == "killed" else "SIGTERM")
    for service in fallen:
        service.wait(timeout=60)
        service.start()
    until(lambda: hub_answers(place.owner) and service_answers(place.owner), "both are back", within=120)


# --- what is asked afterwards ---


def start(place: Place, state: str) -> None:
    place.workspace.start()
    place.agrees("running")
    is_alive = state in ("running", "frozen")
    assert (place.workspace.server_token() == place.token) == is_alive
    if is_alive and place.kernel:
        assert place.kernel.run("print(held)") == "42"
    old_token(place, state)


def pause(place: Place, state: str) -> None:
    place.workspace.pause()
    place.agrees("paused")
    if state != "paused":
        # it heard that it shall end, and had its time: it was not killed
        assert place.workspace.container().attrs["State"]["ExitCode"] == 0
    old_token(place, "paused")


def delete(place: Place, _: str) -> None:
    disk = place.workspace.environment()["disk"]["id"]
    place.workspace.delete()
    place.agrees("none")
    assert f"{place.deployment.name}-disk-{disk}" in place.deployment.volumes()
    old_token(place, "none")


def fresh_login(place: Place, state: str) -> None:
    signed_in = place.deployment.person(place.owner.name)
    lab = f"{place.workspace.server_url}lab"
    answer = signed_in.browser_session.get(lab)
    assert answer.status_code == (200 if state == "running" else 424)
    # a page that is looked at wakes nothing
    place.agrees(state)
    place.workspace.start()
    assert signed_in.browser_session.get(lab).status_code == 200
    signed_in.close()
    place.agrees("running")


def old_token(place: Place, state: str) -> None:
    alive = 200 if state in ("running", "frozen") else 403
    until(lambda: place.deployment.status_of_token(place.token) == alive, f"the token answers {alive}")


ACTS = {"start": start, "pause": pause, "delete": delete, "fresh login": fresh_login, "old token": old_token}


def cells() -> Iterator[object]:
    for state, fault, act in product(STATES, FAULTS, ACTS):
        marks = [] if (state, fault, act) in CORE else [pytest.mark.full]
        yield pytest.param(state, fault, act, marks=marks, id=f"{state}-{fault}-{act}".replace(" ", "-"))


@pytest.mark.feature("C8", "C13")
@pytest.mark.parametrize(("state", "fault", "act"), list(cells()))
def test_whatever_falls_what_is_asked_afterwards_ends_in_a_true_state(
    place: Place, state: str, fault: str, act: str
) -> None:
    place.brought_into(state)
    fall(place, fault)
    now = "paused" if fault in ("container killed", "everything restarted") else state
    place.agrees(now)
    if now != state:
        assert place.workspace.environment()["reason"]
    ACTS[act](place, now)
