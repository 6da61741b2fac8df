"""Drives on a machine where mounts do not reach what runs: what is shared changes at an environment's next start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployment import Deployment, deployed, unique, until

pytestmark = [pytest.mark.docker, pytest.mark.full]


@pytest.fixture(scope="module")
def still() -> Iterator[Deployment]:
    with deployed("tsp-still", 176, lambda _: {"TERRA_LIVE_MOUNTS": "no"}) as made:
        yield made


@pytest.mark.feature("H3", "H4")
def test_shares_appear_and_go_at_the_next_start_and_who_loses_one_is_paused_and_told(still: Deployment) -> None:
    ana, ben = still.person("ana"), still.person("ben")
    desk = ben.workspace(unique("desk"), storage="drive")
    name = unique("Survey")
    library = ana.api.post("/libraries", json={"name": name}).json()["id"]
    share, here = f"/libraries/{library}/shares/ben", f"/home/jupyter/drive/Shared with me/{name} (ana)"
    try:
        desk.start()
        page = ben.browser_session.get(f"/services/workspaces{desk.path}").text
        assert "changes in <code>~/drive</code> at the next start" in page
        assert desk.shell("ls ~/drive | wc -l")[1].strip() == "4"
        assert ana.api.put(share, json={"access": "write"}).status_code == 200
        assert desk.execute("test", "-d", here)[0] == 1
        desk.pause()
        desk.start()
        assert desk.execute("touch", f"{here}/of ben")[0] == 0
        assert desk.execute("touch", "/home/jupyter/drive/Shared with me/x")[0] == 1
        assert ana.api.put(share, json={"access": "read"}).status_code == 200
        assert "not shared with you any more, or for reading only" in desk.wait_for("paused")["reason"]
        desk.start()
        assert desk.execute("ls", here)[1].strip() == "of ben"
        assert "Read-only file system" in desk.execute("touch", f"{here}/more")[1]
        assert ana.api.delete(share).status_code == 204
        desk.wait_for("paused")
        desk.start()
        until(lambda: desk.shell("ls ~/drive/*")[1].count("Survey") == 0, "it is gone")
        health = still.get("/services/workspaces/api/v1/health").json()
        assert "next start" in health["parts"]["mounter"]["message"]
    finally:
        desk.clear()
        ana.close()
        ben.close()
