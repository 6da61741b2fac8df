"""A kill while a decision of the culler is carried out: {who is killed} x {what was decided} x {how far it got}.

Settling is held up by a tab of JupyterLab that does not answer; what the Engine is asked for then, by an Engine that
waits. Afterwards, within a minute of the fallen part's return, row, Hub and Engine say the same; what was decided is
done in the end; what its person saved is in the workspace, and the clocks that limit stand where they stood.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import docker
import pytest

from chaos.engines import EngineThatWaits, hub_behind
from chaos.places import Place
from chaos.test_kills import hub_answers, service_answers
from chaos.test_kills_during_acts import settled
from deployment import Deployment, Workspace, until
from hub.culling import clocks, decided, passes, reports
from hub.kernels import Kernel
from hub.test_culler_work import FOR_EVER, saved

pytestmark = [pytest.mark.docker, pytest.mark.full]

VICTIMS = ("culler", "workspaces", "hub", "host", "proxy", "container")
HOURS = 60


@pytest.fixture(scope="module")
def engine(deployment: Deployment) -> Iterator[EngineThatWaits]:
    with TemporaryDirectory() as folder:
        made = EngineThatWaits(Path(folder) / "engine.sock")
        with hub_behind(deployment, made):
            yield made
        made.close()


# --- what is decided ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision, the state that it leads to, and what has it come."""

    act: str
    name: str
    state: str
    comes: Callable[[Workspace, Kernel], None]


def is_idle(workspace: Workspace, _: Kernel) -> None:
    reports(workspace)
    passes(workspace, 31)


def is_busy_too_long(workspace: Workspace, kernel: Kernel) -> None:
    kernel.begin(FOR_EVER)
    reports(workspace, "busy")
    passes(workspace, 24 * HOURS + 1)


FREEZE = Decided(act="freeze", name="idle", state="frozen", comes=is_idle)
PAUSE = Decided(act="pause", name="busy-too-long", state="paused", comes=is_busy_too_long)


# --- how far it got ---

Midway = Callable[[Workspace, EngineThatWaits], AbstractContextManager[threading.Event]]


def settling(workspace: Workspace, _: EngineThatWaits) -> AbstractContextManager[threading.Event]:
    """It is asked to save; one of its tabs says nothing."""
    return silent_tab(workspace)


@contextmanager
def silent_tab(workspace: Workspace) -> Iterator[threading.Event]:
    """A tab of JupyterLab that is asked to save, and does not answer."""
    is_there, reached, over = threading.Event(), threading.Event(), threading.Event()
    tab = threading.Thread(target=lambda: asyncio.run(_open_tab(workspace, is_there, reached, over)))
    tab.start()
    assert is_there.wait(30)
    try:
        yield reached
    finally:
        over.set()
        tab.join()


async def _open_tab(
    workspace: Workspace, is_there: threading.Event, reached: threading.Event, over: threading.Event
) -> None:
    owner = workspace.owner
    url = f"{owner.deployment.url}{workspace.server_url}terraspawner/api/session?session=tab-silent"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"token {owner.token}"}) as session,
        session.ws_connect(url) as channel,
    ):
        is_there.set()
        while not over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    said = await channel.receive()
                    if said.type is not aiohttp.WSMsgType.TEXT:  # it was cut off
                        return
                    if said.json()["type"] == "settle":
                        reached.set()


@contextmanager
def before_the_engine_did_it(_: Workspace, engine: EngineThatWaits) -> Iterator[threading.Event]:
    """The Hub has asked the Engine, which does it once whoever is killed is dead."""
    with engine.holding("POST .*/containers/.*/(pause|stop)") as held:
        yield held.reached


# --- the table ---


def kill(workspace: Workspace, victim: str) -> Callable[[], None]:
    """Returns how it comes back."""
    fallen = workspace.container() if victim == "container" else workspace.owner.deployment.service(victim)
    with suppress(docker.errors.APIError):  # it may have ended by itself just before
        fallen.kill()

    def comes_back() -> None:
        if victim != "container":
            fallen.wait(timeout=60)
            fallen.start()
        owner = workspace.owner
        until(lambda: hub_answers(owner) and service_answers(owner), "both answer", within=120)

    return comes_back


@pytest.mark.feature("G11", "C8", "C13")
@pytest.mark.parametrize("midway", [settling, before_the_engine_did_it])
@pytest.mark.parametrize(
    ("victim", "wanted"),
    [pytest.param(*cell, id=f"{cell[0]}-{cell[1].act}") for cell in product(VICTIMS, (FREEZE, PAUSE))],
)
def test_what_is_decided_survives_a_kill_in_the_middle(
    workspace: Workspace, engine: EngineThatWaits, victim: str, wanted: Decided, midway: Midway
) -> None:
    place = Place(workspace=workspace)
    workspace.create_notebook("kept")
    workspace.start()
    kernel = Kernel.started(workspace)
    assert kernel.run("held = 42; print(held)") == "42"
    with midway(workspace, engine) as reached:
        saved(workspace, "kept.ipynb", "print('the last one')")
        wanted.comes(workspace, kernel)
        before = clocks(workspace)
        assert reached.wait(60), "it is in the middle"
        comes_back = kill(workspace, victim)
    comes_back()
    settled(place, f"killed with {victim}")
    # its processes are no more: what was to stand still is ended, and says why
    state = "paused" if victim == "container" else wanted.state
    here = workspace.wait_for(state, within=180)
    place.agrees(state)
    assert set(decided(workspace)) == {(wanted.act, wanted.name)}
    assert here["reason"] or state == "frozen"
    until(lambda: "the last one" in str(workspace.notebook("kept.ipynb")), "what was saved is in the workspace")
    if state == "frozen":
        # a streak that was over when it was decided may have stood in the row until then
        assert clocks(workspace) == {**before, "busy_since": "None"}
        workspace.start()
        assert kernel.run("print(held)") == "42"
