"""A workspace in the trash, back again and gone for good, with a real bucket and what environments wrote there."""

from __future__ import annotations

import pytest

from deployment import Person, unique, until

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
