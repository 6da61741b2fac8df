"""A start through the real Hub on the real Engine: each step is seen, twenty at once come up in turn."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from deployment import Person, Workspace, unique, until

pytestmark = [pytest.mark.docker, pytest.mark.feature("C12")]


def names(environment: dict[str, Any]) -> list[str]:
    return [step["name"] for step in environment["steps"]]


def test_each_step_has_its_time_and_is_there_afterwards(ana: Person, workspace: Workspace) -> None:
    seen = workspace.start()
    assert names(seen) == ["check", "disk", "container", "start", "answer", "ready"]
    for step, following in zip(seen["steps"], seen["steps"][1:], strict=False):
        assert step["started_at"] <= step["ended_at"] <= following["started_at"]
    assert seen["steps"][-1]["ended_at"]
    workspace.pause()
    # a resume makes nothing
    assert names(workspace.start()) == ["check", "start", "answer", "ready"]


def events(client: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    with client.stream("GET", path, timeout=120) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def test_the_steps_are_told_live_by_us_and_by_the_hub(ana: Person, workspace: Workspace) -> None:
    def ours() -> list[str]:
        seen = []
        for told in events(ana.api, f"{workspace.path}/environment/events"):
            seen += [step["name"] for step in told["steps"] if step["ended_at"] is None]
            if told["state"] == "running":
                break
        return seen

    with ThreadPoolExecutor() as pool:
        watching = pool.submit(ours)
        ana.api.post(f"{workspace.path}/environment/start", json={})
        hubs = [
            told["message"]
            for told in events(ana.hub, f"/users/{ana.name}/servers/{workspace.slug}/progress")
            if not told.get("ready")
        ]
        assert "answer" in watching.result(timeout=120)
    assert "Waiting for JupyterLab to answer" in hubs or workspace.environment()["state"] == "running"


@pytest.fixture
def many(ana: Person, ben: Person) -> Iterator[list[Workspace]]:
    """Eighteen of ana's and, asked for last, two of ben's."""
    made = [ana.workspace(unique("many")) for _ in range(18)] + [ben.workspace(unique("many")) for _ in range(2)]
    yield made
    for one in made:
        with contextlib.suppress(httpx.HTTPError):
            one.owner.api.delete(f"{one.path}/environment", params={"disk": "delete", "force": "true"})


def ask_for_a_start(one: Workspace) -> int:
    return one.owner.api.post(f"{one.path}/environment/start", json={}).status_code


def waiting(many: list[Workspace]) -> list[str]:
    return [step["message"] for one in many for step in one.environment()["steps"] if step["ended_at"] is None]


@pytest.mark.full
def test_twenty_starts_at_once_come_up_in_turn_and_nobody_waits_for_anothers_many(many: list[Workspace]) -> None:
    with ThreadPoolExecutor(max_workers=len(many)) as beside:
        # a quick start is answered when it is done: none may wait for another's answer
        asked = [beside.submit(ask_for_a_start, one) for one in many[:18]]
        until(lambda: any("before it" in message for message in waiting(many)), "somebody waits for others")
        asked += [beside.submit(ask_for_a_start, one) for one in many[18:]]
        assert {answer.result() for answer in asked} <= {200, 202}
    ended = [one.wait_for("running", within=300) for one in many]
    assert [one["reason"] for one in ended] == [""] * 20
    assert [names(one)[-1] for one in ended] == ["ready"] * 20
    ready = [one["steps"][-1]["started_at"] for one in ended]
    # ben came last and was not the last to be served
    assert max(ready[18:]) < sorted(ready)[-4]
    queue = [step for one in ended for step in one["steps"] if step["name"] == "queue"]
    assert queue


def test_a_start_that_is_cancelled_while_it_comes_up_leaves_nothing(ana: Person, workspace: Workspace) -> None:
    with ThreadPoolExecutor() as beside:
        # a quick start is answered when it is done: it must not be waited for here
        starting = beside.submit(ana.api.post, f"{workspace.path}/environment/start", json={})
        until(lambda: workspace.environment()["state"] == "creating", "it is being created")
        cancelled = ana.api.post(f"{workspace.path}/environment/cancel")
        assert cancelled.status_code in (200, 202), cancelled.text
        assert cancelled.json()["state"] in ("pausing", "paused")
        assert starting.result().status_code in (202, 503)
    seen = workspace.wait_for("paused")
    assert seen["reason"] == "The start was cancelled."
    assert [item.status for item in ana.deployment.containers(environment=seen["id"]) if item.status == "running"] == []
    until(lambda: workspace.slug not in ana.hub.get(f"/users/{ana.name}").json()["servers"], "the Hub knows of nothing")
    workspace.start()
