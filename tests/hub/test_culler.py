"""The culler on a real Hub and Engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployment import API, Deployment, Workspace, until
from hub.culling import comes_next, decided, passes, reports, rests
from hub.kernels import Kernel

pytestmark = pytest.mark.docker


@pytest.mark.feature("G1", "G9")
def test_what_is_idle_is_frozen_with_its_variables_and_its_person_reads_why(workspace: Workspace) -> None:
    workspace.start()
    kernel = Kernel.started(workspace)
    assert kernel.run("held = 42; print(held)") == "42"
    reports(workspace)
    passes(workspace, 31)
    workspace.wait_for("frozen")
    assert workspace.container().status == "paused"
    assert decided(workspace) == [("freeze", "idle")]
    workspace.start()
    assert comes_next(workspace) == "idle"
    assert kernel.run("print(held)") == "42"
    assert decided(workspace) == [("freeze", "idle")]


@pytest.mark.full
@pytest.mark.feature("G11")
def test_a_culler_that_was_killed_goes_on_where_it_was_and_without_it_nothing_is_stopped(
    deployment: Deployment, workspace: Workspace
) -> None:
    workspace.start()
    assert Kernel.started(workspace).run("print(1)") == "1"  # until it is spoken to it is neither idle nor busy
    reports(workspace)
    culler = deployment.service("culler")
    culler.kill()
    try:
        passes(workspace, 31)
        assert deployment.get(f"{API}/health").json()["ready"] is True
        assert (workspace.environment()["state"], decided(workspace)) == ("running", [])
    finally:
        culler.start()
    workspace.wait_for("frozen")
    assert decided(workspace) == [("freeze", "idle")]


@pytest.mark.full
@pytest.mark.feature("G10")
def test_other_rules_are_reckoned_over_what_was_decided(
    deployment: Deployment, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.start()
    assert Kernel.started(workspace).run("print(1)") == "1"  # until it is spoken to it is neither idle nor busy
    reports(workspace)
    passes(workspace, 31)
    workspace.wait_for("frozen")
    said = deployment.run("culler")
    assert said.returncode == 0, said.stderr
    (line,) = [each for each in said.stdout.splitlines() if f"/{workspace.name}:" in each]
    assert ": keep" in line
    policy = tmp_path / "strict.toml"
    policy.write_text("idle = 600\ngrace = 600\n")
    said = deployment.run("culler", "replay", "--policy", str(policy))
    assert said.returncode == 0, said.stderr
    rows = {line.rsplit(maxsplit=4)[0]: line.split()[-4:] for line in said.stdout.splitlines()[1:]}
    assert float(rows["strict.toml"][1]) > float(rows["as it was"][1]) == 0.0


@pytest.mark.full
@pytest.mark.feature("G1", "C17")
def test_what_is_paused_for_long_goes_into_the_trash_after_three_notices_and_comes_back(workspace: Workspace) -> None:
    first, owner = workspace.start(), workspace.owner
    assert workspace.shell("echo here > ~/at-home")[0] == 0
    workspace.pause()
    for told, days in enumerate((60, 23, 6), start=1):
        rests(workspace, days)
        until(lambda so_far=told: decided(workspace) == [("notice", "dormant-notice")] * so_far, f"notice {told}")
    rests(workspace, 1)
    workspace.wait_for("none")
    items = {each["subject"]: each for each in owner.api.get("/trash").json()["items"]}
    assert items[first["disk"]["id"]]["state"] == "held"
    assert items[first["id"]]["reason"].startswith("Paused for 90 days")
    assert owner.api.post(f"/trash/{items[first['id']]['id']}/restore").status_code == 200
    assert workspace.environment()["state"] == "paused"
    workspace.start()
    assert workspace.shell("cat ~/at-home") == (0, "here\n")


@pytest.mark.full
def test_the_culler_has_no_power_but_its_two_roads(deployment: Deployment, workspace: Workspace) -> None:
    culler = deployment.service("culler")
    mounts = {each["Destination"] for each in culler.attrs["Mounts"]}
    assert mounts == {"/run/secrets/terraspawner.env"}
    assert set(culler.attrs["NetworkSettings"]["Networks"]) == {f"{deployment.name}-core"}
    script = "sed -n 's/^TERRA_CULLER_TOKEN=//p' /run/secrets/terraspawner.env | tr -d \"'\""
    token = culler.exec_run(["sh", "-c", script]).output.decode().strip()
    header = {"Authorization": f"token {token}"}
    assert deployment.get("/hub/api/user", headers=header).json()["kind"] == "service"
    for path in ("/hub/api/users", "/hub/api/proxy", "/hub/api/services", f"/hub/api/users/{workspace.owner.name}"):
        assert deployment.get(path, headers=header).status_code in (403, 404), path
    for path in ("/whoami", "/workspaces", "/audit", "/accounts", f"{workspace.path}/environment", workspace.path):
        assert deployment.get(f"{API}{path}", headers=header).status_code == 403, path
    assert deployment.get(f"{API}/environments/facts", headers=header).status_code == 200
    assert deployment.get(f"{API}/decisions", headers=header).status_code == 200
    assert token not in str(culler.attrs)
    assert token not in culler.logs().decode()
