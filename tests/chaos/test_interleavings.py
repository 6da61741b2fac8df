"""Random acts on one environment, two at a time: it ends in a legal state on which row, Hub and Docker agree.

The oracle is the reconciler's dry run: where it finds nothing, the three say the same (K1). A run that fails names its
seed; `INTERLEAVINGS_SEED` repeats it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import httpx
import pytest

from deployment import Deployment, Person, Workspace, until

pytestmark = pytest.mark.docker

SETTLED = frozenset({"none", "running", "frozen", "paused"})
LEGAL = frozenset({200, 202, 204, 404, 409, 503})
"""What any of these acts may be answered in any state: done, on its way, nothing there, not now. 503 too: the Hub fails
a stop that comes in the moment in which a start becomes pending (its own `RuntimeError`); nothing was done then."""
MUTE = "The Hub is not answering"
ACTS: dict[str, Callable[[Workspace], httpx.Response]] = {
    "start": lambda at: post(at, "start"),
    "pause": lambda at: post(at, "pause"),
    "freeze": lambda at: post(at, "pause", freeze=True),
    "cancel": lambda at: post(at, "cancel"),
    "delete": lambda at: at.owner.api.delete(f"{at.path}/environment", params={"disk": "keep"}),
}
PAIRS = [("start", "start"), ("delete", "delete"), ("start", "delete"), ("pause", "delete"), ("freeze", "pause")]


def post(at: Workspace, what: str, **body: object) -> httpx.Response:
    return at.owner.api.post(f"{at.path}/environment/{what}", json=body)


def contradictions(operator: Person, ids: set[str]) -> list[dict[str, str]]:
    """What the reconciler finds about these environments and disks."""
    items = operator.api.post("/reconcile", json={}).json()["items"]
    return [item for item in items if item["object"].partition(":")[2] in ids]


def settled(operator: Person, at: Workspace, ids: set[str]) -> str:
    """The state that it comes to rest in, once nothing contradicts it."""

    def rests() -> str:
        seen = at.environment()
        if seen["id"]:
            ids.update({seen["id"], seen["disk"]["id"]})
        return seen["state"] if seen["state"] in SETTLED and not contradictions(operator, ids) else ""

    try:
        return until(rests, "it rests and the three agree", within=90)
    except AssertionError as error:
        raise AssertionError(f"{error}; {at.environment()}; {contradictions(operator, ids)}") from None


def agrees(deployment: Deployment, at: Workspace, state: str) -> None:
    """What Docker shows by itself, past the reconciler. What it is removing goes by itself."""
    here = at.environment()
    wanted = {"none": [[]], "running": [["running"]], "frozen": [["paused"]], "paused": [["exited"], []]}

    def found() -> list[str]:
        return [each.status for each in deployment.containers(environment=here["id"] or "-")]

    until(lambda: found() in wanted[state], f"Docker shows what is {state}", within=30)


@pytest.mark.feature("K1", "C1")
@pytest.mark.parametrize(("first", "second"), [
    pytest.param(*pair, marks=[] if pair == ("start", "delete") else [pytest.mark.full], id="-".join(pair))
    for pair in PAIRS
])  # fmt: skip
def test_two_acts_at_once_end_in_one_truth(
    deployment: Deployment, operator: Person, workspace: Workspace, first: str, second: str
) -> None:
    if first != "start" or second != "start":
        workspace.start()
    if first == "start" and second != "start":
        workspace.pause()
    with ThreadPoolExecutor(2) as pool:
        answers = [each.result() for each in [pool.submit(ACTS[act], workspace) for act in (first, second)]]
    assert {answer.status_code for answer in answers} <= LEGAL, [answer.text for answer in answers]
    agrees(deployment, workspace, settled(operator, workspace, set()))
    workspace.start()
    assert workspace.execute("true")[0] == 0


@pytest.mark.feature("K1")
@pytest.mark.parametrize("count", [
    pytest.param(5, id="few"), pytest.param(200, id="many", marks=pytest.mark.full),
])  # fmt: skip
def test_random_acts_leave_a_legal_state_on_which_all_agree(
    deployment: Deployment, operator: Person, workspace: Workspace, count: int
) -> None:
    seed = int(os.environ.get("INTERLEAVINGS_SEED", random.randrange(10**6)))
    chosen, done, ids = random.Random(seed), [], set()  # type: ignore[var-annotated]
    with ThreadPoolExecutor(2) as pool:
        for number in range(count):
            act = chosen.choice(sorted(ACTS))
            is_waited_for = chosen.random() < 0.5
            asked = pool.submit(ACTS[act], workspace)
            if is_waited_for:
                asked.result()
            done.append((act, asked))
            if number % 20 == 19:
                wait([each for _, each in done])
                agrees(deployment, workspace, settled(operator, workspace, ids))
    story = [(act, asked.result().status_code) for act, asked in done]
    assert [each for _, asked in done if MUTE in (each := asked.result().text)] == [], (seed, story)
    assert {status for _, status in story} <= LEGAL, (seed, story)
    try:
        agrees(deployment, workspace, settled(operator, workspace, ids))
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, {story}: {error}") from error
    workspace.start()
    assert workspace.execute("true")[0] == 0
