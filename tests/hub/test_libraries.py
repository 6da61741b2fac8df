"""Libraries with real parts: their folders on the machine, what lies in them, and how nothing of it is left."""

from __future__ import annotations

import json

import pytest

from deployment import Person, unique, until

pytestmark = pytest.mark.docker

LOCK_UP = "cd {tree} && mkdir -p mine/deep && echo x > mine/deep/table && chmod -R a-w mine && ln -s /etc out"
"""What the service that keeps libraries may not delete, and a way out of the folder; as somebody's environment can."""
OF_AN_ENVIRONMENT = "1000:2000"


@pytest.mark.feature("H4", "C17")
def test_a_library_is_purged_with_all_that_its_people_left_in_it(ana: Person, ben: Person) -> None:
    library = ana.api.post("/libraries", json={"name": unique("Survey")}).json()
    assert ana.api.put(f"/libraries/{library['id']}/shares/ben", json={"access": "write"}).status_code == 200
    here, folder = f"/workspaces/library/{library['id']}/notebooks", f"/srv/terra/libraries/{library['id']}"
    assert ben.api.post(here, json={"name": "first"}).status_code == 201
    service = ana.deployment.service("workspaces")
    done = service.exec_run(["sh", "-c", LOCK_UP.format(tree=f"{folder}/data")], user=OF_AN_ENVIRONMENT)
    assert done.exit_code == 0, done.output
    item = ana.api.delete(f"/libraries/{library['id']}").json()
    assert ben.api.get(here).status_code == 404
    assert ana.api.post(f"/trash/{item['id']}/restore", json={}).status_code == 200
    assert [each["path"] for each in ben.api.get(here).json()["items"]] == ["first.ipynb"]
    item = ana.api.delete(f"/libraries/{library['id']}").json()
    assert ana.api.delete(f"/trash/{item['id']}").status_code == 202
    until(lambda: service.exec_run(["ls", folder]).exit_code != 0, "its folder is gone")
    until(lambda: item["id"] not in ana.api.get("/trash").text, "nothing is left in the trash")
    assert service.exec_run(["ls", "/srv/terra/libraries", "/etc/passwd"]).exit_code == 0


@pytest.mark.feature("H4", "F4")
def test_what_is_written_past_the_service_is_a_version_of_the_notebook(ana: Person) -> None:
    library = ana.api.post("/libraries", json={"name": unique("Survey")}).json()
    here = f"/workspaces/library/{library['id']}/notebooks/first.ipynb"
    tree = f"/srv/terra/libraries/{library['id']}/data"
    made = ana.api.post(f"/workspaces/library/{library['id']}/notebooks", json={"name": "first"})
    written = json.dumps({"cells": [], "metadata": {"by": "a terminal"}, "nbformat": 4, "nbformat_minor": 5})
    service = ana.deployment.service("workspaces")
    done = service.exec_run(["sh", "-c", f"echo '{written}' > {tree}/first.ipynb"], user=OF_AN_ENVIRONMENT)
    assert done.exit_code == 0, done.output
    document = ana.api.get(here).json()
    assert document["metadata"] == {"by": "a terminal"}
    refused = ana.api.put(here, json=document, headers={"If-Match": made.headers["etag"]})
    assert refused.json()["error"]["code"] == "notebook-moved-on"
    assert [each["kind"] for each in ana.api.get(f"{here}/versions").json()["items"]] == ["external", "created"]
    assert ana.api.delete(f"/libraries/{library['id']}").status_code == 200
