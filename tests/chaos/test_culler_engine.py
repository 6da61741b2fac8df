"""The Engine restarted while the culler acts: the whole product on an Engine of its own, as the machine's never is.

With `live-restore` what runs and what stands still lives on, and what was decided is done. Without it everything ends:
our own processes come back by themselves, the environment is paused and says why; also where the Engine was killed,
which ends what it finds running as it is started anew.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chaos.test_culler_midway import FREEZE, PAUSE, Decided, silent_tab
from chaos.test_kills import hub_answers, service_answers
from deployment import ROOT, Deployment, Person, Workspace, deployed, unique, until
from hub.culling import clocks, decided
from hub.kernels import Kernel
from hub.test_culler_work import saved
from second_engine import SecondEngine, inside, second_engine, skip_unless_possible
from terraspawner.deploy import images

pytestmark = [pytest.mark.docker, pytest.mark.full]

LIVE_RESTORE, PLAIN = ("--live-restore",), ()
"""Options of the Engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A deployment with an Engine for itself."""

    engine: SecondEngine
    deployment: Deployment
    ana: Person

    @property
    def lives_on(self) -> bool:
        return "--live-restore" in self.engine.options


@pytest.fixture(scope="module")
def alone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    skip_unless_possible("dockerd", "unshare", "nsenter", "ip", "iptables")
    built = subprocess.run([sys.executable, "-m", "terraspawner.deploy", "images"], cwd=ROOT, check=False)
    assert built.returncode == 0
    with second_engine(tmp_path_factory.mktemp("alone"), *request.param) as engine:
        engine.carry_over(images.BASE, *(image.tag for image in images.IN_ORDER.values()))
        with inside(engine), deployed("tsp-alone", 240) as deployment:
            ana = deployment.person("ana")
            yield Alone(engine=engine, deployment=deployment, ana=ana)
            ana.close()


def began(alone: Alone) -> list[str]:
    """When what needs the Engine's socket was started."""
    names = [f"{alone.deployment.name}_{name}_1" for name in ("hub", "host")]
    return alone.engine("inspect", "--format", "{{.State.StartedAt}}", *names).split()


def restart(alone: Alone, how: signal.Signals) -> None:
    """What lives on ends by itself once its socket is another one, and is started anew with that."""
    before = began(alone)
    alone.engine.restart(how)
    until(lambda: not set(before) & set(began(alone)), "hub and host have the new socket")
    until(lambda: hub_answers(alone.ana) and service_answers(alone.ana), "both answer", within=180)


def ends_as(alone: Alone, workspace: Workspace, wanted: Decided) -> dict[str, object]:
    """In the state that was decided, where what runs outlives the Engine."""
    state = wanted.state if alone.lives_on else "paused"
    here = workspace.wait_for(state, within=180)
    shown = {"frozen": "paused", "paused": "exited"}
    until(lambda: workspace.container().status == shown[state], f"the Engine says that it is {state}")
    return here


@pytest.mark.feature("G11", "C8")
@pytest.mark.parametrize(
    ("alone", "how"),
    [
        (LIVE_RESTORE, signal.SIGTERM),
        (LIVE_RESTORE, signal.SIGKILL),
        (PLAIN, signal.SIGTERM),
        (PLAIN, signal.SIGKILL),
    ],
    ids=["live-restore", "live-restore-killed", "plain", "plain-killed"],
    indirect=["alone"],
    scope="module",
)
@pytest.mark.parametrize("wanted", [FREEZE, PAUSE], ids=["freeze", "pause"])
def test_what_is_decided_survives_a_restart_of_the_engine(alone: Alone, wanted: Decided, how: signal.Signals) -> None:
    workspace = alone.ana.workspace(unique("engine"))
    workspace.create_notebook("kept")
    workspace.start()
    kernel = Kernel.started(workspace)
    assert kernel.run("held = 42; print(held)") == "42"
    with silent_tab(workspace) as is_asked:
        saved(workspace, "kept.ipynb", "print('the last one')")
        wanted.comes(workspace, kernel)
        before = clocks(workspace)
        assert is_asked.wait(60), "it settles, for what was decided"
        restart(alone, how)
    here = ends_as(alone, workspace, wanted)
    assert set(decided(workspace)) == {(wanted.act, wanted.name)}
    until(lambda: "the last one" in str(workspace.notebook("kept.ipynb")), "what was saved is in the workspace")
    if here["state"] == "frozen":
        assert clocks(workspace) == before
        workspace.start()
        assert kernel.run("print(held)") == "42"
    else:
        assert here["reason"]
        workspace.start()
    workspace.clear()
