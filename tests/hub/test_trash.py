"""The trash with real parts: an environment with its container, a workspace with its bucket; back, or gone for good."""

from __future__ import annotations

from typing import Any

import pytest

from deployment import Person, Workspace, unique, until

pytestmark = pytest.mark.docker

LOCK_UP = (
    "cd /mnt/workspace/bucket && mkdir -p mine/deep && echo x > mine/deep/table && chmod -R a-w mine && ln -s /etc out"
)
"""What the service that keeps the buckets may not delete, and a way out of the bucket."""


@pytest.mark.feature("C17")
def test_a_workspace_comes_back_from_the_trash_or_goes_with_all_in_it(ana: Person) -> None:
    workspace = ana.workspace(unique("trash"))
    workspace.create_notebook("first")
    workspace.start()
    code, said = workspace.shell(LOCK_UP)
    assert code == 0, said
    here = workspace.environment()
    disk, bucket = here["disk"]["id"], f"/srv/terra/buckets/{workspace.container().labels['terraspawner.workspace']}"
    service = ana.deployment.service("workspaces")
    assert service.exec_run(["ls", f"{bucket}/data/mine/deep"]).output.decode().split() == ["table"]

    item = ana.api.delete(workspace.path).json()
    assert ana.api.get(workspace.path).status_code == 404
    until(lambda: here["id"] not in ana.api.get("/environments").text, "what ran has ended")
    assert ana.api.post(f"/trash/{item['id']}/restore").status_code == 200
    assert [each["path"] for each in ana.api.get(f"{workspace.path}/notebooks").json()["items"]] == ["first.ipynb"]
    assert workspace.environment()["disk"]["id"] == disk

    item = ana.api.delete(workspace.path).json()
    assert ana.api.delete(f"/trash/{item['id']}").status_code == 202
    until(lambda: service.exec_run(["ls", bucket]).exit_code != 0, "the bucket is gone")
    until(lambda: item["id"] not in ana.api.get("/trash").text, "nothing is left in the trash")
    assert f"{ana.deployment.name}-disk-{disk}" not in ana.deployment.volumes()
    assert service.exec_run(["ls", "/srv/terra/buckets"]).exit_code == 0


def thrown(ana: Person, subject: str) -> dict[str, Any]:
    (found,) = [item for item in ana.api.get("/trash").json()["items"] if item["subject"] == subject]
    return found


@pytest.mark.feature("C17", "A5")
def test_a_deleted_environment_comes_back_with_its_container_or_goes_with_its_disk(
    ana: Person, workspace: Workspace
) -> None:
    first = workspace.start()
    assert workspace.execute("sh", "-c", "echo mine > /opt/beside", user="0") == (0, "")
    assert workspace.shell("echo here > ~/at-home")[0] == 0
    before, token = workspace.container(), workspace.server_token()
    # the Hub's own delete takes the same road
    server = f"/users/{ana.name}/servers/{workspace.slug}"
    assert ana.hub.request("DELETE", server, json={"remove": True}).status_code in (202, 204)
    workspace.wait_for("none")
    before.reload()
    assert before.status == "exited"
    assert ana.deployment.status_of_token(token) == 403
    known = ana.hub.get(f"/users/{ana.name}", params={"include_stopped_servers": "1"}).json()["servers"]
    assert workspace.slug not in known

    # a newer one has its own container and token, and the disk; while it is there the old one cannot come back
    newer = workspace.start()
    assert (newer["id"] != first["id"], newer["disk"]["id"]) == (True, first["disk"]["id"])
    assert workspace.container().id != before.id
    assert workspace.execute("cat", "/opt/beside")[0] != 0
    item = thrown(ana, first["id"])
    assert item["actions"] == ["purge"]
    refused = ana.api.post(f"/trash/{item['id']}/restore")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "disk-attached")
    assert first["disk"]["id"] in refused.json()["error"]["message"]

    # with the disk in the trash, too: restored along
    workspace.delete(disk="delete")
    assert ana.api.post(f"/trash/{item['id']}/restore").status_code == 200
    assert workspace.environment()["state"] == "paused"
    back = workspace.start()
    assert (back["id"], back["disk"]["id"]) == (first["id"], first["disk"]["id"])
    assert workspace.container().id == before.id
    assert workspace.execute("cat", "/opt/beside") == (0, "mine\n")
    assert workspace.shell("cat ~/at-home") == (0, "here\n")
    assert ana.deployment.status_of_token(token) == 403

    # for good: the disk takes both containers along that refer to it
    workspace.delete(disk="delete")
    volume = f"{ana.deployment.name}-disk-{first['disk']['id']}"
    on_it = thrown(ana, first["disk"]["id"])
    assert set(on_it["along"]) == {thrown(ana, each["id"])["id"] for each in (first, newer)}
    assert ana.api.delete(f"/trash/{on_it['id']}").status_code == 202
    until(lambda: volume not in ana.deployment.volumes(), "the volume is gone")
    for each in (first, newer):
        assert ana.deployment.containers(environment=each["id"]) == []
        assert each["id"] not in ana.api.get("/trash").text
