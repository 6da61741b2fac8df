"""Database, Hub and Docker brought back to one truth: what is done behind their backs on a real Engine (K1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployment import Deployment, Person, Workspace, until
from terraspawner.containers import start_file

pytestmark = pytest.mark.docker

STRAY = "00000000000000aa"


def found(operator: Person, *, dry_run: bool = True) -> set[tuple[str, str]]:
    """What the three contradict each other in now: the act that follows, and what it is about."""
    answer = operator.api.post("/reconcile", json={"dry_run": dry_run})
    assert answer.status_code == 200, answer.text
    return {(item["act"], item["object"]) for item in answer.json()["items"]}


def ids(workspace: Workspace) -> tuple[str, str]:
    """The environment's and its disk's."""
    labels = workspace.container().labels
    return labels["terraspawner.environment"], labels["terraspawner.disk"]


def about(operator: Person, *these: str) -> set[str]:
    """Which acts follow for these ids."""
    return {act for act, thing in found(operator) if thing.partition(":")[2] in these}


def acts_of_reconciler(operator: Person, identifier: str) -> set[str]:
    items = operator.api.get("/audit").json()["items"]
    return {
        item["action"]
        for item in items
        if item["actor"] == "(reconciler)" and item["subject"].partition(":")[2] == identifier
    }


@pytest.mark.feature("K1")
def test_what_was_removed_or_started_past_the_hub_is_put_right_and_starts_again(
    operator: Person, workspace: Workspace
) -> None:
    workspace.start()
    workspace.execute("sh", "-c", "echo kept > /home/jupyter/kept")
    workspace.pause()
    here, disk = ids(workspace)
    assert about(operator, here, disk) == set()

    # without a start file it would end by itself, sometimes before anybody has looked
    workspace.container().put_archive(start_file.START_FOLDER, start_file.start_archive({}, script="true"))
    workspace.container().start()
    until(lambda: about(operator, here) == {"stop-container"}, "it is seen to run")
    found(operator, dry_run=False)
    until(lambda: workspace.container().status == "exited", "it is stopped")
    assert acts_of_reconciler(operator, here) == {"reconcile-stop-container"}

    workspace.container().remove(force=True)
    assert about(operator, here, disk) == {"note-gone", "remove-scratch"}
    found(operator, dry_run=False)
    assert "Its container was removed on the machine" in workspace.environment()["reason"]
    assert about(operator, here, disk) == set()

    workspace.start()
    assert workspace.execute("cat", "/home/jupyter/kept")[1].strip() == "kept"
    assert about(operator, here, disk) == set()


@pytest.fixture
def strays(deployment: Deployment) -> Iterator[dict[str, str]]:
    """A container and a volume with this deployment's labels, which nobody here has made."""
    labels = {"terraspawner.deployment": deployment.name, "terraspawner.environment": STRAY, "terraspawner.disk": STRAY}
    image = deployment.service("hub").image
    made = deployment.docker.containers.create(
        image, ["sleep", "3600"], labels=labels | {"terraspawner.kind": "environment"}, network_mode="none", init=True
    )
    volume = deployment.docker.volumes.create(labels=labels | {"terraspawner.kind": "disk"})
    made.start()
    yield {"container": made.id, "volume": volume.name}
    made.remove(force=True)
    volume.remove()


@pytest.mark.feature("K1")
def test_what_bears_our_label_and_is_nobodys_is_reported_and_stays(
    deployment: Deployment, operator: Person, strays: dict[str, str]
) -> None:
    until(
        lambda: {("stop-container", f"container:{STRAY}"), ("report", f"disk:{STRAY}")} <= found(operator),
        "both are seen",
    )
    found(operator, dry_run=False)
    until(lambda: about(operator, STRAY) == {"report"}, "it is stopped")
    assert deployment.docker.containers.get(strays["container"]).status == "exited"
    assert strays["volume"] in deployment.volumes()
    assert {act for act, thing in found(operator) if thing.endswith(STRAY)} == {"report"}


@pytest.mark.full
@pytest.mark.feature("K1")
def test_a_container_that_is_removed_while_it_runs_is_a_pause_with_a_reason_by_itself(
    operator: Person, workspace: Workspace
) -> None:
    workspace.start()
    here, disk = ids(workspace)
    workspace.container().remove(force=True)
    reason = workspace.wait_for("paused", within=60)["reason"]
    assert "container is gone" in reason
    until(lambda: not about(operator, here, disk), "nobody contradicts it", within=90)
    assert acts_of_reconciler(operator, here) == {"reconcile-note-gone", "reconcile-remove-scratch"}
    workspace.start()


@pytest.mark.full
@pytest.mark.feature("K1")
@pytest.mark.parametrize("asked", [{"disk": "keep"}, {"disk": "delete", "force": "true"}], ids=["keep", "delete"])
def test_a_service_that_is_killed_in_the_middle_of_a_deletion_finishes_it(
    deployment: Deployment, operator: Person, ana: Person, workspace: Workspace, asked: dict[str, str]
) -> None:
    workspace.start()
    here, volume = ids(workspace)
    service, host = deployment.service("workspaces"), deployment.service("host")
    host.pause()  # so that the deletion cannot be done before the service falls, and, unforced, no pause before it
    try:
        answer = ana.api.delete(f"{workspace.path}/environment", params=asked)
        assert answer.status_code == 202, answer.text
        service.kill("SIGKILL")
    finally:
        host.unpause()
    assert deployment.containers(environment=here) != []
    service.start()
    until(lambda: deployment.get("/services/workspaces/health").status_code == 200, "the service answers")
    workspace.wait_for("none", within=60)
    until(lambda: not about(operator, here, volume), "nobody contradicts it", within=60)
    # in the trash, stopped and kept
    assert [each.status for each in deployment.containers(environment=here)] == ["exited"]
    assert any(volume in name for name in deployment.volumes())  # kept, or in the trash
