"""The whole product with its buckets in S3: moto's server on this machine, reached at Docker's own bridge."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from deployment import Deployment, Person, Workspace, deployed, unique, until
from stores import servers
from stores.servers import Server
from terraspawner.storage.addresses import Store
from terraspawner.storage.remote import Client

pytestmark = [pytest.mark.docker, pytest.mark.feature("H1")]

SUBNET = 96
SECRET = "a-key-that-nobody-shall-see"
CONTAINER, PREFIX = "lab-buckets", "terraspawner"
SECONDS = 2


@pytest.fixture(scope="module")
def store() -> Iterator[Server]:
    (network,) = docker.from_env().networks.list(names=["^bridge$"])
    bridge = ip_network(network.attrs["IPAM"]["Config"][0]["Subnet"])  # not every Engine tells its gateway
    with servers.s3(str(bridge[1])) as server:
        servers.make_s3(server.endpoint, CONTAINER)
        yield server


@pytest.fixture(scope="module")
def on_s3(store: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    keys = tmp_path_factory.mktemp("site") / "store.env"
    keys.write_text(f"AWS_ACCESS_KEY_ID=lab\nAWS_SECRET_ACCESS_KEY={SECRET}\n")
    settings = {
        "TERRA_BUCKETS": f"s3://{CONTAINER}/{PREFIX}",
        "TERRA_BUCKETS_ENDPOINT": store.endpoint,
        "TERRA_BUCKETS_REGION": "us-east-1",
        "TERRA_BUCKETS_CREDENTIALS_FILE": str(keys),
        "TERRA_BUCKETS_TIMEOUT": str(SECONDS),
    }
    with deployed("tsp-s3", SUBNET, lambda _: settings) as made:
        yield made


@pytest.fixture(scope="module")
def ana_there(on_s3: Deployment) -> Iterator[Person]:
    person = on_s3.person("ana")
    yield person
    person.close()


@pytest.fixture
def place(ana_there: Person) -> Iterator[Workspace]:
    made = ana_there.workspace(unique("in-s3"))
    yield made
    made.clear()


def paths(store: Server) -> set[str]:
    """All that lies in the store, below the ids of workspaces."""
    client = Client(Store.S3, CONTAINER, store.options())
    return {remote.path.removeprefix(f"{PREFIX}/").partition("/")[2] for remote in client.all("")}


def save(place: Workspace, document: dict[str, Any], word: str) -> httpx.Response:
    """As JupyterLab does, at the environment's own server, with `word` in the first cell."""
    document["cells"][0]["source"] = word
    url = f"{place.server_url}api/contents/{place.name}/edit/first.ipynb"
    body = {"type": "notebook", "format": "json", "content": document}
    return place.owner.browser_session.put(url, headers=authorised(place), json=body)


def authorised(place: Workspace) -> dict[str, str]:
    return {"Authorization": f"token {place.owner.token}"}


def has(place: Workspace, word: str) -> bool:
    answer = place.owner.api.get(f"{place.path}/notebooks/first.ipynb")
    return answer.status_code == 200 and word in json.dumps(answer.json()["cells"])


def opened(place: Workspace) -> dict[str, Any]:
    """A notebook in the bucket, open for editing in a running environment."""
    place.create_notebook("first")
    document, _ = place.notebook("first.ipynb")
    opening = place.owner.api.post(f"{place.path}/notebooks/first.ipynb/open", json={"mode": "edit"})
    assert opening.status_code in (200, 202), opening.text
    place.wait_for("running")
    url = f"{place.server_url}api/contents/{place.name}/edit/first.ipynb"
    assert place.owner.browser_session.get(url, headers=authorised(place)).status_code == 200
    return document


def test_work_goes_into_the_store_and_through_the_trash_and_out_of_it(store: Server, place: Workspace) -> None:
    api = place.owner.api
    document = opened(place)
    assert {".terra/bucket", "notebooks/first.ipynb"} <= paths(store)
    assert save(place, document, "print('in the store')").status_code in (200, 201)
    until(lambda: has(place, "in the store"), "the save is in the bucket")
    versions = api.get(f"{place.path}/notebooks/first.ipynb/versions").json()["items"]
    assert len(versions) == 2

    place.pause()
    present = place.notebook("first.ipynb")[1]
    assert api.delete(f"{place.path}/notebooks/first.ipynb", headers={"If-Match": present}).status_code == 204
    assert "notebooks/first.ipynb" not in paths(store)
    (item,) = [each for each in api.get("/trash").json()["items"] if each["kind"] == "notebook"]
    assert api.post(f"/trash/{item['id']}/restore").status_code == 200
    assert has(place, "in the store")

    thrown = api.delete(place.path, params={"force": "true"}).json()
    until(lambda: place.slug not in api.get("/environments").text, "what was there has ended")
    assert api.delete(f"/trash/{thrown['id']}").status_code == 202
    until(lambda: not any(path.startswith("notebooks/first") for path in paths(store)), "its objects are gone")
    until(lambda: thrown["id"] not in api.get("/trash").text, "nothing is left in the trash")


def test_what_opens_the_store_is_with_those_alone_who_open_it(
    on_s3: Deployment, place: Workspace, tmp_path: Path
) -> None:
    place.start()
    ours = {"label": f"terraspawner.deployment={on_s3.name}"}
    containers = on_s3.docker.containers.list(all=True, filters=ours, ignore_removed=True)
    configurations = json.dumps([each.attrs for each in containers])
    assert SECRET not in configurations
    logs = on_s3.run("logs", "--no-follow").stdout
    assert SECRET not in logs
    assert SECRET not in place.execute("sh", "-c", "cat /proc/*/environ; cat -r /run/secrets 2>&1", user="0")[1]
    having = [
        name
        for name in ("hub", "host", "mounter", "culler", "proxy", "mounts", "workspaces")
        if SECRET in on_s3.service(name).exec_run(["sh", "-c", "cat /run/secrets/* 2>&1"], user="0").output.decode()
    ]
    assert having == ["mounts", "workspaces"]
    with on_s3.client(base_url=on_s3.url) as anybody:
        said = anybody.get("/services/workspaces/api/v1/health")
    assert said.json()["parts"]["buckets"] == {"ok": True, "message": "answers"}
    operator = on_s3.person("operator")
    told = operator.api.get("/store")
    assert (told.json()["conditions"], told.json()["problem"]) == ("quoted", "")
    assert SECRET not in said.text + told.text
    operator.close()


@pytest.mark.full
@pytest.mark.feature("F4")
def test_while_the_store_hangs_everything_else_goes_on_and_saves_wait(store: Server, place: Workspace) -> None:
    api, document = place.owner.api, opened(place)
    other = place.owner.workspace(unique("beside"))
    store.signal(signal.SIGSTOP)
    try:
        assert save(place, document, "print('while it hung')").status_code in (200, 201)
        refused = api.get(f"{place.path}/notebooks/first.ipynb")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "bucket-unavailable")
        assert api.get("/workspaces").status_code == 200
        other.start()
        other.pause()
        other.clear()
    finally:
        store.signal(signal.SIGCONT)
    until(lambda: has(place, "while it hung"), "the save was sent when the store was back")


@pytest.mark.full
def test_a_deployment_takes_its_buckets_along_into_a_store_by_one_command(store: Server, tmp_path: Path) -> None:
    keys = tmp_path / "store.env"
    keys.write_text(f"AWS_ACCESS_KEY_ID=lab\nAWS_SECRET_ACCESS_KEY={SECRET}\n")
    servers.make_s3(store.endpoint, "moved-buckets")
    with deployed("tsp-moved", SUBNET + 16) as made:
        ana = made.person("ana")
        place = ana.workspace(unique("moves"))
        document = opened(place)
        assert save(place, document, "print('in a folder')").status_code in (200, 201)
        until(lambda: has(place, "in a folder"), "the save is in the bucket")
        assert place.shell("echo 1,2 > /mnt/workspace/bucket/table.csv")[0] == 0
        version = place.notebook("first.ipynb")[1]
        made.environ |= {
            "TERRA_BUCKETS": "s3://moved-buckets/x",
            "TERRA_BUCKETS_ENDPOINT": store.endpoint,
            "TERRA_BUCKETS_REGION": "us-east-1",
            "TERRA_BUCKETS_CREDENTIALS_FILE": str(keys),
        }
        moved = made.run("move")
        assert moved.returncode == 0, moved.stdout + moved.stderr
        assert "are the same there as here" in moved.stdout
        assert SECRET not in moved.stdout + moved.stderr
        ana.close()
        ana = made.person("ana")
        place.owner = ana
        assert place.notebook("first.ipynb")[1] == version
        client = Client(Store.S3, "moved-buckets", store.options())
        assert any(remote.path.endswith("/data/table.csv") for remote in client.all("x/"))
        # an open notebook goes on from the version that it is based on
        place.start()
        assert save(place, document, "print('in the store')").status_code in (200, 201)
        until(lambda: has(place, "in the store"), "the save is in the store")
        paths_there = [item["path"] for item in ana.api.get(f"{place.path}/notebooks").json()["items"]]
        assert paths_there == ["first.ipynb"], "no copy was made of it"
        again = made.run("move")
        assert (again.returncode, "already" in again.stderr + again.stdout) == (1, True)
        ana.close()
