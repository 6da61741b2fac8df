"""A shared workspace through the real Hub on the real Engine: an environment for each, and what a lost role ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployment import Deployment, Person, Workspace, until
from terraspawner.containers.plan import BUCKET_DATA

pytestmark = pytest.mark.docker


@pytest.fixture
def bens(ben: Person, workspace: Workspace) -> Iterator[Workspace]:
    """ana's workspace as ben has it, who may write; both environments run."""
    shared = workspace.shared(ben, "writer")
    workspace.start()
    shared.start()
    yield shared
    for here in ben.api.get("/environments").json()["items"]:
        ben.api.delete(f"/environments/{here['id']}")
    until(lambda: not ben.api.get("/environments").json()["items"], "ben's environment is gone")
    for disk in ben.api.get("/disks").json()["items"]:
        ben.api.delete(f"/disks/{disk['id']}")


def mounts_data_to_write(at: Workspace) -> bool:
    return at.shell(f"touch {BUCKET_DATA}/probe")[0] == 0


@pytest.mark.feature("B3", "B6")
def test_each_has_a_container_a_disk_and_a_server_and_they_share_the_data(
    workspace: Workspace, bens: Workspace
) -> None:
    assert workspace.slug == bens.slug
    assert workspace.container().id != bens.container().id
    assert workspace.environment()["disk"]["id"] != bens.environment()["disk"]["id"]
    assert bens.server_url == f"/user/ben/{workspace.slug}/"
    for at, other in ((workspace, bens), (bens, workspace)):
        assert at.shell(f"echo {at.owner.name} > {BUCKET_DATA}/{at.owner.name} && echo mine > ~/own")[0] == 0
        assert other.shell(f"cat {BUCKET_DATA}/{at.owner.name}") == (0, f"{at.owner.name}\n")
        assert at.owner.hub.delete(f"/users/{other.owner.name}/servers/{at.slug}").status_code in (403, 404)
        session = at.owner.browser_session
        assert session.get(f"{other.server_url}lab").status_code in (403, 404)
    assert bens.pause()["state"] == "paused"
    assert workspace.environment()["state"] == "running"


@pytest.mark.feature("B3")
def test_who_may_only_read_starts_again_with_the_data_read_only(workspace: Workspace, bens: Workspace) -> None:
    first, mine = bens.container().id, workspace.container().id
    assert mounts_data_to_write(bens)
    assert bens.shell("echo kept > ~/kept")[0] == 0
    workspace.shared(bens.owner, "reader", compute=True)
    paused = bens.wait_for("paused")
    assert "reader of this workspace now" in paused["reason"]
    bens.start()
    assert bens.container().id != first
    assert not mounts_data_to_write(bens)
    assert bens.shell("cat ~/kept") == (0, "kept\n")
    assert bens.shell(f"ls {BUCKET_DATA}/probe")[0] == 0
    second = bens.container().id
    workspace.shared(bens.owner, "writer")
    bens.pause()
    bens.start()
    assert bens.container().id == second  # what was installed into it is kept; it goes on reading
    assert (workspace.environment()["state"], workspace.container().id) == ("running", mine)


@pytest.mark.feature("B3")
@pytest.mark.parametrize("is_frozen", [False, True], ids=["running", "frozen"])
def test_who_is_removed_has_nothing_that_runs_and_no_way_in(
    deployment: Deployment, workspace: Workspace, bens: Workspace, is_frozen: bool
) -> None:
    token, ben = bens.server_token(), bens.owner
    container = bens.container()
    (here,) = ben.api.get("/environments").json()["items"]
    if is_frozen:
        bens.freeze()
    assert deployment.status_of_token(token) == 200
    assert workspace.owner.api.delete(f"{workspace.path}/members/ben").status_code == 204
    assert ben.api.get(bens.path).status_code == 404
    assert ben.api.post(f"{bens.path}/environment/start").status_code == 404
    assert ben.hub.post(f"/users/ben/servers/{bens.slug}").status_code in (400, 404)

    def told() -> dict[str, str]:
        return ben.api.get(f"/environments/{here['id']}").json()  # type: ignore[no-any-return]

    until(lambda: told()["state"] == "paused", "ben's environment is paused")
    container.reload()
    assert container.status == "exited"
    until(lambda: deployment.status_of_token(token) != 200, "the token of its server is dead")
    assert ben.hub.post(f"/users/ben/servers/{bens.slug}").status_code == 404
    assert told()["state"] == "paused"
    assert workspace.environment()["state"] == "running"
