"""An environment of a drive workspace keeps nothing: twelve hours after its last use it is gone, with its disk (G5)."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from deployment import Person, Workspace, unique, until
from hub.culling import comes_next, decided, is_looked_at, passes, reports, rests
from hub.kernels import Kernel

pytestmark = [pytest.mark.docker, pytest.mark.feature("G5")]

HOURS = 60
"""In minutes."""


@pytest.fixture
def desk(ben: Person) -> Iterator[Workspace]:
    """A drive workspace of ben's."""
    made = ben.workspace(unique("desk"), storage="drive")
    yield made
    made.clear()


def volume_of(desk: Workspace, disk: str) -> bool:
    """Whether the machine has it."""
    return any(disk in name for name in desk.owner.deployment.volumes())


def goes_by(desk: Workspace, hours: float) -> None:
    """For its state and what it was told of, then for the last input: the other way round it would look as if it had
    been stopped long after that."""
    rests(desk, hours / 24)
    passes(desk, hours * HOURS)


def test_after_twelve_hours_without_interaction_environment_and_disk_are_gone_and_the_drive_is_intact(
    desk: Workspace, ben: Person
) -> None:
    library = ben.api.post("/libraries", json={"name": unique("Survey")}).json()
    page = ben.browser_session.get(f"/services/workspaces{desk.path}").text
    assert "12 h after you last used it, it is stopped and deleted" in page  # from the first day
    here = desk.start()
    Kernel.started(desk).run("open('/home/jupyter/result', 'w').write('kept?')")
    reports(desk)
    assert desk.execute("touch", f"/home/jupyter/drive/My Libraries/{library['name']}/kept")[0] == 0
    passes(desk, 12 * HOURS - 5)
    is_looked_at(desk)
    assert (desk.environment()["state"], comes_next(desk)) == ("running", "idle")
    container = desk.container()
    passes(desk, 6)
    desk.wait_for("none", within=180)  # while its stop is on its way nothing else is decided, for a minute
    until(lambda: not volume_of(desk, here["disk"]["id"]), "its disk is gone")
    with pytest.raises(docker.errors.NotFound):
        container.reload()
    assert here["id"] not in str(ben.api.get("/trash").json())
    again = desk.start()
    assert again["disk"]["id"] != here["disk"]["id"]
    assert desk.execute("ls", "/home/jupyter/result")[0] != 0
    assert desk.execute("ls", f"/home/jupyter/drive/My Libraries/{library['name']}")[1].strip() == "kept"


def test_what_its_person_has_paused_goes_twelve_hours_later(desk: Workspace) -> None:
    here = desk.start()
    desk.pause()
    goes_by(desk, 11.9)
    is_looked_at(desk)
    assert (desk.environment()["state"], decided(desk)) == ("paused", [])
    goes_by(desk, 0.2)
    desk.wait_for("none")
    until(lambda: not volume_of(desk, here["disk"]["id"]), "its disk is gone")


OUTBOX = """
import json, sys
from pathlib import Path
folder = Path("/home/jupyter/.terra/outbox")
entry = {"number": 1, "notebook": "work.ipynb", "sha256": "0" * 64, "since": "2026-11-20T12:00:00+00:00"}
text = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
(folder / "000000000001.ipynb").write_text(json.dumps(text))
(folder / "000000000001.json").write_text(json.dumps(entry))
"""
"""A save that waits, as the extension leaves it on the disk."""


def has_work_that_waits(desk: Workspace) -> None:
    assert desk.execute("python3", "-c", OUTBOX) == (0, "")


@pytest.mark.full
@pytest.mark.feature("G5", "C17")
def test_an_environment_with_a_full_outbox_is_paused_and_keeps_its_disk(desk: Workspace) -> None:
    here = desk.start()
    has_work_that_waits(desk)
    desk.pause()
    desk.start()  # its server reads what an earlier one left
    until(lambda: desk.environment()["outbox_pending"] == 1, "it says that work waits")
    Kernel.started(desk).run("1")
    reports(desk)
    passes(desk, 12 * HOURS + 1)
    until(lambda: decided(desk) == [("alarm", "idle")], "somebody is told")
    goes_by(desk, 31 / HOURS)
    told = desk.wait_for("paused")
    assert "1 save has not reached the workspace, so it is paused, which keeps its disk" in told["reason"]
    goes_by(desk, 48)
    is_looked_at(desk)
    assert (desk.environment()["state"], decided(desk)) == (
        "paused",
        [("alarm", "idle"), ("pause", "idle"), ("alarm", "idle")],
    )
    assert volume_of(desk, here["disk"]["id"])


def test_work_that_nobody_told_of_is_found_on_the_disk_which_stays_for_the_next_environment(desk: Workspace) -> None:
    """The service was away as it was saved, and then the container ended."""
    here = desk.start()
    has_work_that_waits(desk)
    desk.container().kill()
    desk.wait_for("paused")
    assert desk.environment()["outbox_pending"] == 0
    goes_by(desk, 13)
    desk.wait_for("none")
    (kept,) = [each for each in desk.owner.api.get("/disks").json()["items"] if each["id"] == here["disk"]["id"]]
    assert (kept["state"], kept["outbox_pending"]) == ("kept", 1)
    assert desk.start()["disk"]["id"] == here["disk"]["id"]
    assert desk.execute("ls", "/home/jupyter/.terra/outbox")[1].split() == ["000000000001.ipynb", "000000000001.json"]
