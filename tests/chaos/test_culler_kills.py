"""What the culler does is done once and whole, whoever of those that it goes through is killed meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chaos.test_kills import hub_answers, service_answers
from deployment import Deployment, Workspace, until
from hub.culling import decided, passes, reports
from hub.kernels import Kernel

pytestmark = [pytest.mark.docker, pytest.mark.full]

Moment = Callable[[Workspace], object]


def before_it_decides(_: Workspace) -> None:
    """The hours have just gone by."""


def once_it_has_decided(workspace: Workspace) -> None:
    until(lambda: decided(workspace), "it is decided")


@pytest.mark.feature("G11", "C8")
@pytest.mark.parametrize("moment", [before_it_decides, once_it_has_decided])
@pytest.mark.parametrize("name", ["culler", "workspaces", "hub", "host"])
def test_a_freeze_by_the_rules_survives_a_kill(
    deployment: Deployment, workspace: Workspace, name: str, moment: Moment
) -> None:
    workspace.start()
    kernel = Kernel.started(workspace)
    assert kernel.run("held = 42; print(held)") == "42"
    reports(workspace)
    passes(workspace, 31)
    moment(workspace)
    fallen = deployment.service(name)
    fallen.kill()
    fallen.wait(timeout=60)
    fallen.start()
    until(lambda: hub_answers(workspace.owner) and service_answers(workspace.owner), "both are back", within=120)
    # what was on its way and got lost is decided again after a minute
    workspace.wait_for("frozen", within=180)
    assert set(decided(workspace)) == {("freeze", "idle")}
    workspace.start()
    assert kernel.run("print(held)") == "42"
