"""A drive from outside in the whole product: a real WebDAV server, whose folder is a library of people's drives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from deployment import Deployment, Person, Workspace, unique, until
from webdav import PASSWORD, USER, WebdavServer

pytestmark = [pytest.mark.docker, pytest.mark.feature("H3", "H4")]

WAITING = 16
"""Who look at a drive that hangs at once: more than the service has threads."""


@pytest.fixture(scope="module")
def ana(clouded: Deployment) -> Iterator[Person]:
    person = clouded.person("ana")
    yield person
    person.close()


@pytest.fixture(scope="module")
def ben(clouded: Deployment) -> Iterator[Person]:
    person = clouded.person("ben")
    yield person
    person.close()


@pytest.fixture
def desk(ben: Person) -> Iterator[Workspace]:
    """A drive workspace of ben's."""
    made = ben.workspace(unique("desk"), storage="drive")
    yield made
    made.clear()


def connect(person: Person, **changes: str) -> dict[str, Any]:
    said = {"drive": "lab-cloud", "user": USER, "password": PASSWORD} | changes
    answer = person.api.post("/libraries", json={"name": unique("Survey"), "outside": said})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def stands(person: Person, library: dict[str, Any], state: str) -> bool:
    told = person.api.get(f"/libraries/{library['id']}").json()["outside"]
    return bool(told["state"] == state)


def status_of(clouded: Deployment, person: Person, path: str) -> int:
    """Asked with a connection of its own."""
    with clouded.client(base_url=person.api.base_url, headers=person.api.headers, timeout=120) as client:
        return client.get(path).status_code


def text_of(cloud: WebdavServer, path: str) -> str:
    file: Path = cloud.files / path
    return file.read_text() if file.exists() else ""


def save(desk: Workspace, path: str, document: dict[str, Any], word: str) -> int:
    """As JupyterLab does, at the environment's own server, with `word` in the first cell."""
    document["cells"][0]["source"] = word
    answer = desk.owner.browser_session.put(
        f"{desk.server_url}api/contents/{path}",
        headers={"Authorization": f"token {desk.owner.token}"},
        json={"type": "notebook", "format": "json", "content": document},
    )
    return answer.status_code


def test_what_is_saved_under_a_lease_and_written_in_a_terminal_lands_on_the_server(
    clouded: Deployment, cloud: WebdavServer, ana: Person, ben: Person, desk: Workspace
) -> None:
    (cloud.files / "Projects").mkdir()
    (cloud.files / "Projects" / "table.csv").write_text("of the lab")
    library = connect(ana, path="Projects")
    until(lambda: stands(ana, library, "mounted"), "the drive is mounted", within=60)
    assert ana.api.put(f"/libraries/{library['id']}/shares/ben", json={"access": "write"}).status_code == 200
    here = f"/workspaces/library/{library['id']}/notebooks"
    made = ana.api.post(here, json={"name": "first", "kernel": "python3"})
    assert made.status_code == 201, made.text
    until(lambda: "cells" in text_of(cloud, "Projects/first.ipynb"), "the notebook is on the server")
    desk.start()
    drive = f"/home/jupyter/drive/Shared with me/{library['name']} (ana)"
    until(lambda: desk.execute("cat", f"{drive}/table.csv")[1] == "of the lab", "it is on ben's drive")
    assert desk.execute("sh", "-c", f"echo 'of ben' > '{drive}/new.csv'")[0] == 0
    until(lambda: text_of(cloud, "Projects/new.csv") == "of ben\n", "what a terminal wrote is on the server")

    document = ben.api.get(f"{here}/first.ipynb").json()
    shelf = f"{library['name']} (ana)"
    opening = ben.api.post(f"{desk.path}/notebooks/{shelf}/first.ipynb/open", json={"mode": "edit"})
    assert opening.status_code in (200, 202), opening.text
    local = f"{desk.name}/edit/{shelf}/first.ipynb"
    authorised = {"Authorization": f"token {ben.token}"}
    assert ben.browser_session.get(f"{desk.server_url}api/contents/{local}", headers=authorised).status_code == 200
    assert save(desk, local, document, "print('of a lease')") in (200, 201)
    until(lambda: "of a lease" in text_of(cloud, "Projects/first.ipynb"), "the save is on the server", within=60)

    theirs = json.loads(text_of(cloud, "Projects/first.ipynb"))
    theirs["cells"][0]["source"] = "# by another program"
    (cloud.files / "Projects" / "first.ipynb").write_text(json.dumps(theirs))
    until(
        lambda: "by another program" in ana.api.get(f"{here}/first.ipynb").text,
        "what another program wrote on the server is seen",
        within=120,
    )
    kinds = [each["kind"] for each in ana.api.get(f"{here}/first.ipynb/versions").json()["items"]]
    assert kinds == ["external", "saved", "created"]
    logs = "".join(clouded.service(name).logs().decode() for name in ("workspaces", "mounts", "mounter", "hub"))
    assert PASSWORD not in logs
    assert PASSWORD not in json.dumps([clouded.service(name).attrs for name in ("workspaces", "mounts", "mounter")])
    item = ana.api.delete(f"/libraries/{library['id']}").json()
    until(lambda: desk.execute("ls", drive)[0] != 0 or desk.environment()["state"] == "paused", "it is gone for ben")
    assert ana.api.delete(f"/trash/{item['id']}").status_code == 202
    until(lambda: item["id"] not in ana.api.get("/trash").text, "it is purged")
    assert text_of(cloud, "Projects/table.csv") == "of the lab"
    assert "by another program" in text_of(cloud, "Projects/first.ipynb")


@pytest.mark.full
def test_a_server_that_hangs_or_is_killed_keeps_nobody_and_all_is_there_when_it_is_back(
    clouded: Deployment, cloud: WebdavServer, ana: Person
) -> None:
    library = connect(ana)
    here = f"/workspaces/library/{library['id']}/notebooks"
    until(lambda: stands(ana, library, "mounted"), "the drive is mounted", within=60)
    assert ana.api.post(here, json={"name": "second", "kernel": "python3"}).status_code == 201
    until(lambda: "cells" in text_of(cloud, "second.ipynb"), "the notebook is on the server")
    for end, mend in ((cloud.hang, cloud.go_on), (cloud.kill, cloud.start)):
        end()
        until(lambda: stands(ana, library, "gone"), "it is told as gone", within=90)
        with ThreadPoolExecutor(WAITING) as waiting:
            looks = [waiting.submit(status_of, clouded, ana, here) for _ in range(WAITING)]
            others = [ana.api.get("/libraries").status_code for _ in range(10)]
            assert others == [200] * len(others)  # a service all of whose threads wait answers 503
            assert {look.result() for look in looks} <= {200, 503}
        mend()
        until(lambda: stands(ana, library, "mounted"), "it is back", within=120)
        until(lambda: "second.ipynb" in ana.api.get(here).text, "its notebook is there", within=60)
    kinds = [each["kind"] for each in ana.api.get(f"{here}/second.ipynb/versions").json()["items"]]
    assert kinds == ["created"]
    ana.api.delete(f"/libraries/{library['id']}")


@pytest.mark.full
def test_a_wrong_password_is_told_and_given_anew(cloud: WebdavServer, ana: Person) -> None:
    library = connect(ana, password="wrong")
    until(
        lambda: "refuses" in ana.api.get(f"/libraries/{library['id']}").json()["outside"]["why"],
        "the refusal is told",
        within=60,
    )
    refused = ana.api.get(f"/workspaces/library/{library['id']}/notebooks")
    assert refused.json()["error"]["code"] == "bucket-unavailable"
    assert ana.api.put(f"/libraries/{library['id']}/outside", json={"password": PASSWORD}).status_code == 200
    until(lambda: stands(ana, library, "mounted"), "the drive is mounted", within=60)
    assert ana.api.get(f"/workspaces/library/{library['id']}/notebooks").status_code == 200
    ana.api.delete(f"/libraries/{library['id']}")
