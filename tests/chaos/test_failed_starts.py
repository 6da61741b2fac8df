"""A start that fails, or is cancelled, at any of its steps: a true state, a sentence, nothing left, and a way back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import docker
import pytest

from chaos.engines import EngineThatWaits, hub_behind
from deployment import Deployment, Person, Workspace, unique, until

pytestmark = [pytest.mark.docker, pytest.mark.full]

SQL = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30)
print(json.dumps(connection.execute(sys.argv[2], sys.argv[3:]).fetchall()))
connection.commit()
"""
OURS, HUBS = "/srv/terra/db/terraspawner.sqlite", "/srv/terra/hub/jupyterhub.sqlite"


def sql(deployment: Deployment, database: str, statement: str, *values: str) -> list[Any]:
    service = deployment.service("hub" if database == HUBS else "workspaces")
    done = service.exec_run(["python", "-c", SQL, database, statement, *values])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def engine(deployment: Deployment) -> Iterator[EngineThatWaits]:
    with TemporaryDirectory() as folder:
        made = EngineThatWaits(Path(folder) / "engine.sock")
        with hub_behind(deployment, made):
            yield made
        made.close()


def ask(workspace: Workspace, script: str | None = None) -> None:
    body = {} if script is None else {"startup_script": script}
    answer = workspace.owner.api.post(f"{workspace.path}/environment/start", json=body)
    assert answer.status_code in (200, 202, 503), answer.text


def step(workspace: Workspace) -> str:
    """The step under way."""
    steps = workspace.environment()["steps"]
    return steps[-1]["name"] if steps and steps[-1]["ended_at"] is None else ""


def assert_nothing_left(workspace: Workspace) -> None:
    """Nothing runs, no token and no key is alive, no secret lies in the layer."""
    deployment, name = workspace.owner.deployment, workspace.owner.name
    here = workspace.environment()["id"]
    note = f"Server at {workspace.server_url}"
    until(
        lambda: sql(deployment, HUBS, "select count(*) from api_tokens where note = ?", note) == [[0]],
        "no token of this server is alive",
    )
    if here is None:
        return
    assert sql(deployment, OURS, "select key_hash from environment where id = ?", here) == [[None]]
    for container in deployment.containers(environment=here):
        assert container.status in ("created", "exited"), (container.status, name)
        assert secret_in(container) in (b"", None)


def secret_in(container: Any) -> bytes | None:
    """What lies in the layer as the start file."""
    try:
        pieces, facts = container.get_archive("/run/terra/start.json")
    except docker.errors.NotFound:
        return None
    b"".join(pieces)
    return b"x" * facts["size"]


# --- cancelled ---

SLOW = """
cd /opt/terra/server/bin && mv python python.real
printf '#!/bin/sh\\nsleep 1000\\n' > python && chmod 755 python
"""
"""From here on the server of this container answers nobody."""


@contextmanager
def all_turns_taken(deployment: Deployment, engine: EngineThatWaits, people: tuple[Person, ...]) -> Iterator[None]:
    """Four starts that do not get on."""
    others = [person.workspace(unique("takes-a-turn")) for person in people]
    with engine.holding("POST .*/containers/create"):
        for other in others:
            ask(other)
            until(lambda at=other: step(at) == "container", "it has its turn")  # type: ignore[misc]
        yield
    for other in others:
        other.wait_for("running")
        other.owner.api.delete(f"{other.path}/environment", params={"disk": "delete", "force": "true"})


@contextmanager
def host_paused(deployment: Deployment) -> Iterator[None]:
    deployment.service("host").pause()
    try:
        yield
    finally:
        deployment.service("host").unpause()


HELD = {"disk": "POST .*/volumes/create", "container": "POST .*/containers/create", "start": "POST .*/start"}
SCRIPTS = {"script": "sleep 1000", "answer": SLOW}


@pytest.mark.feature("C12")
@pytest.mark.parametrize("at_step", ["check", "queue", "disk", "container", "start", "script", "answer"])
def test_a_start_is_cancelled_in_each_of_its_steps(
    deployment: Deployment, ana: Person, ben: Person, workspace: Workspace, engine: EngineThatWaits, at_step: str
) -> None:
    around: AbstractContextManager[Any] = nullcontext()
    if at_step == "check":
        around = host_paused(deployment)
    elif at_step == "queue":
        around = all_turns_taken(deployment, engine, (ana, ana, ana, ben))
    elif at_step in HELD:
        around = engine.holding(HELD[at_step])
    with around:
        ask(workspace, SCRIPTS.get(at_step))
        if at_step == "check":
            until(lambda: workspace.environment()["is_start_requested"], "the Hub is asked")
        else:
            until(lambda: step(workspace) == at_step, f"it is at the step {at_step}")
        cancelled = ana.api.post(f"{workspace.path}/environment/cancel")
        assert cancelled.status_code in (200, 202), cancelled.text
        # the truth at once, also while the Engine is still at it
        assert cancelled.json()["state"] in ("none", "pausing", "paused")
    if at_step == "check":
        until(lambda: not workspace.environment()["is_start_requested"], "nothing is asked for")
        assert workspace.environment()["state"] == "none"
    else:
        assert workspace.wait_for("paused")["reason"] == "The start was cancelled."
    assert_nothing_left(workspace)
    ask(workspace, "" if at_step in SCRIPTS else None)
    workspace.wait_for("running")


# --- failed ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """`breaks` makes the next start fail and mends it at its end; `says` stands in the sentence, `logs` in the log."""

    breaks: Callable[[Workspace, EngineThatWaits], AbstractContextManager[Any]]
    says: tuple[str, ...]
    logs: str = ""
    state: str = "paused"
    script: str | None = None
    is_new: bool = False


@contextmanager
def row_with(workspace: Workspace, column: str, value: str) -> Iterator[None]:
    """Another value in our row, and no container, so that the next start makes one."""
    deployment, here = workspace.owner.deployment, workspace.environment()["id"]
    (before,) = sql(deployment, OURS, f"select {column} from environment where id = ?", here)
    for container in deployment.containers(environment=here):
        container.remove(force=True)
    sql(deployment, OURS, f"update environment set {column} = ? where id = ?", value, here)
    yield
    sql(deployment, OURS, f"update environment set {column} = ? where id = ?", str(before[0]), here)


@contextmanager
def volume_that_cannot_be_mounted(workspace: Workspace, _: EngineThatWaits) -> Iterator[None]:
    deployment, seen = workspace.owner.deployment, workspace.environment()
    name = f"{deployment.name}-disk-{seen['disk']['id']}"
    for container in deployment.containers(environment=seen["id"]):
        container.remove(force=True)
    labels = deployment.docker.volumes.get(name).attrs["Labels"]
    deployment.docker.volumes.get(name).remove()
    busy = {"type": "ext4", "device": "/dev/null", "o": "ro"}
    deployment.docker.volumes.create(name, driver="local", driver_opts=busy, labels=labels)
    yield
    for container in deployment.containers(environment=seen["id"]):
        container.remove(force=True)
    deployment.docker.volumes.get(name).remove()


@contextmanager
def host_stopped(workspace: Workspace, _: EngineThatWaits) -> Iterator[None]:
    service = workspace.owner.deployment.service("host")
    service.kill()
    yield
    service.start()


@contextmanager
def engine_away_in_the_middle(_: Workspace, engine: EngineThatWaits) -> Iterator[None]:
    """Away as soon as the container shall start, for as long as the start takes to fail."""
    with engine.holding("POST .*/start") as held, ThreadPoolExecutor() as pool:
        is_over = threading.Event()

        def go() -> None:
            assert held.reached.wait(120)
            with engine.away():
                is_over.wait(8)

        going = pool.submit(go)
        yield
        is_over.set()
        going.result()


def nothing(*_: Any) -> AbstractContextManager[Any]:
    return nullcontext()


PORT_TAKEN = "nohup python3 -m http.server 8888 > /dev/null 2>&1 &\nsleep 1"

FAILURES = {
    "image gone": Failure(
        breaks=lambda at, _: row_with(at, "image", "terraspawner/gone:never"),
        says=("not on this machine", "terraspawner/gone:never", "Ask the operator"),
    ),
    "volume busy": Failure(breaks=volume_that_cannot_be_mounted, says=("Docker Engine refused", "disk", "operator")),
    "port taken": Failure(breaks=nothing, script=PORT_TAKEN, is_new=True, says=("ended by itself", "log"), logs="8888"),
    "out of memory": Failure(
        breaks=lambda at, _: row_with(at, "memory", str(24 * 1024**2)), says=("out of memory", "limit")
    ),
    "script fails": Failure(
        breaks=nothing,
        script="echo no such package; exit 9",
        is_new=True,
        says=("exit code 9", "without the script"),
        logs="no such package",
    ),
    "script hangs": Failure(
        breaks=nothing,
        script="echo waiting for godot; sleep 1000",
        is_new=True,
        says=("not done within", "without the script"),
        logs="godot",
    ),
    "server never answers": Failure(breaks=nothing, script=SLOW, is_new=True, says=("did not answer", "Try again")),
    "engine away": Failure(breaks=engine_away_in_the_middle, says=("Docker Engine", "Try again")),
    "network not closed": Failure(
        breaks=host_stopped, says=("network is closed", "operator"), state="none", is_new=True
    ),
}


@pytest.mark.feature("C13")
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_a_start_that_fails_says_why_and_leads_back(
    workspace: Workspace, engine: EngineThatWaits, failure: Failure
) -> None:
    if not failure.is_new:
        workspace.start()
        assert workspace.shell("echo precious > ~/precious.txt")[0] == 0
        workspace.pause()
    with failure.breaks(workspace, engine):
        ask(workspace, failure.script)
        failed = until(
            lambda: (
                (seen := workspace.environment())["state"] in ("paused", "none")
                and not seen["is_start_requested"]
                and seen["reason"]
                and seen
            ),
            "it failed",
            within=240,
        )
    assert failed["state"] == failure.state
    for words in failure.says:
        assert words in failed["reason"], failed["reason"]
    assert failure.logs in "\n".join(failed["log"])
    assert [item["name"] for item in failed["steps"] if item["ended_at"] is None] == []
    assert_nothing_left(workspace)
    # the way back; a disk that was there was not touched
    until(lambda: healthy(workspace), "all is well again")
    ask(workspace, "" if failure.script else None)
    workspace.wait_for("running")
    if not failure.is_new and failure.breaks is not volume_that_cannot_be_mounted:
        assert workspace.shell("cat ~/precious.txt")[1].strip() == "precious"


def healthy(workspace: Workspace) -> bool:
    return bool(workspace.owner.api.get("/health").json()["ready"])
