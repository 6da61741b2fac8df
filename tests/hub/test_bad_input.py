"""What is wrong is refused with one clear sentence, through the proxy, and leaves nothing behind."""

from __future__ import annotations

import json

import pytest

from deployment import Person, Workspace, until
from hub.test_journey_by_rest import contents

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("name", ["", "x" * 51, "../x", "a/b", "a\u0007b", "🎉", "packages", "Con"])
def test_a_bad_workspace_name_creates_nothing(ana: Person, name: str) -> None:
    before = ana.api.get("/workspaces").json()["items"]
    answer = ana.api.post("/workspaces", json={"namespace": "ana", "name": name, "storage": "bucket"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "name-invalid")
    assert error["message"].endswith((".", "one")) or ";" in error["message"]
    assert "\n" not in error["message"]
    assert ana.api.get("/workspaces").json()["items"] == before


def test_two_workspaces_do_not_differ_in_case_alone(ana: Person, workspace: Workspace) -> None:
    answer = ana.api.post("/workspaces", json={"namespace": "ana", "name": workspace.name.upper(), "storage": "bucket"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "name-taken")


@pytest.mark.parametrize("name", ["", "../x", "a\u0007", "🎉", "x" * 300, ".hidden"])
def test_a_bad_notebook_name_creates_nothing(workspace: Workspace, name: str) -> None:
    answer = workspace.owner.api.post(f"{workspace.path}/notebooks", json={"name": name, "kernel": "python3"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "name-invalid")
    assert workspace.owner.api.get(f"{workspace.path}/notebooks").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"cells": [], "nbformat": 4', 422, "notebook-invalid"),
        (b"\x89PNG", 422, "notebook-invalid"),
        (b" " * (60 * 1024**2), 413, "notebook-too-large"),
    ],
    ids=["torn", "no-notebook", "60-MB"],
)
def test_a_bad_save_leaves_the_last_good_version(workspace: Workspace, body: bytes, status: int, code: str) -> None:
    workspace.create_notebook("good")
    content, version = workspace.notebook("good.ipynb")
    answer = workspace.owner.api.put(
        f"{workspace.path}/notebooks/good.ipynb", content=body, headers={"If-Match": version}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert workspace.notebook("good.ipynb") == (content, version)


@pytest.mark.feature("F5", "F6")
def test_lab_says_why_a_notebook_of_60_mb_stays_on_the_disk(workspace: Workspace) -> None:
    owner, headers = workspace.owner, {"Authorization": f"token {workspace.owner.token}"}
    workspace.create_notebook("large")
    workspace.start()
    address = f"{contents(workspace)}/large.ipynb"
    document = owner.browser_session.get(address, headers=headers).json()["content"]
    version = workspace.notebook("large.ipynb")[1]
    document["cells"][0]["source"] = "x" * (60 * 1024**2)
    saved = owner.browser_session.put(
        address, headers=headers, json={"type": "notebook", "format": "json", "content": document}
    )
    assert saved.status_code == 200, saved.text[:500]
    states = f"{workspace.server_url}terraspawner/api/saves"
    told = until(
        lambda: "refused" in (text := json.dumps(owner.browser_session.get(states, headers=headers).json())) and text,
        "the save is refused with its reason",
    )
    assert "50 MB, which is the limit" in told
    assert workspace.notebook("large.ipynb")[1] == version
    # other files beside it are nobody's business but the user's
    assert workspace.shell(f"echo 1,2 > ~/{workspace.name}/edit/table.csv")[0] == 0
    listed = [item["path"] for item in owner.api.get(f"{workspace.path}/notebooks").json()["items"]]
    assert listed == ["large.ipynb"]
    in_bucket = workspace.execute("sh", "-c", "find /mnt/workspace -type f | sort")[1].split()
    assert in_bucket == ["/mnt/workspace/notebooks/large.ipynb"]
