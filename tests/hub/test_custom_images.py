"""A deployment with a catalogue of its own: sizes and images as its operator wrote them, and images beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from deployment import Deployment, Person, deployed, with_settings
from terraspawner.deploy import images

pytestmark = [pytest.mark.docker, pytest.mark.full, pytest.mark.feature("C9", "C10", "I2")]

NAME, SUBNET = "tsp-catalogue", 112
FILE = """
[sizes.small]
cpu = 0.5
memory = "768 MiB"
running = 0.01

[images.python]

[custom_images]
allowed = "everybody"
prefixes = ["tsp-lab/"]
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    path = tmp_path_factory.mktemp("catalogue") / "lab catalogue.toml"
    path.write_text(FILE)
    with deployed(NAME, SUBNET, lambda _: {"TERRA_CATALOGUE": str(path)}) as made:
        yield made


@pytest.fixture(scope="module")
def deep(own: Deployment) -> Iterator[str]:
    """What somebody built from our image: one file more."""
    client = docker.APIClient(version="auto")
    yield from made(client, "deep", images.PYTHON, ["ENV DEEP=1"])


@pytest.fixture(scope="module")
def planted(own: Deployment) -> Iterator[str]:
    """One that brings a token along, for the Hub to take as the server's."""
    client = docker.APIClient(version="auto")
    yield from made(client, "planted", images.PYTHON, ["ENV JUPYTERHUB_API_TOKEN=planted"])


def made(client: Any, name: str, of: str, changes: list[str]) -> Iterator[str]:
    container = client.create_container(of, ["never-run"])["Id"]
    client.commit(container, f"tsp-lab/{name}", "1", changes=changes)
    client.remove_container(container)
    yield f"tsp-lab/{name}:1"
    client.remove_image(f"tsp-lab/{name}:1", force=True)


def test_a_wrong_file_stops_make_up_with_its_sentence(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(FILE.replace("768 MiB", "768"))
    refused = with_settings(NAME, SUBNET, lambda _: {"TERRA_CATALOGUE": str(path)}).run("up")
    assert refused.returncode != 0
    assert f"TERRA_CATALOGUE {path}: sizes.small.memory is '768'" in refused.stdout + refused.stderr
    gone = with_settings(NAME, SUBNET, lambda _: {"TERRA_CATALOGUE": str(tmp_path / "gone.toml")}).run("up")
    assert "gone.toml, which cannot be read" in gone.stdout + gone.stderr


def test_the_file_decides_and_an_image_of_ones_own_is_used(own: Deployment, deep: str, planted: str) -> None:
    ana: Person = own.person("ana")
    sizes = ana.api.get("/sizes").json()["items"]
    assert [(each["name"], each["running_per_hour"]) for each in sizes] == [("small", 0.01)]
    assert [each["name"] for each in ana.api.get("/images").json()["items"]] == ["python"]
    at = ana.workspace("custom")
    start = f"{at.path}/environment/start"
    for image, says in (
        (planted, "JUPYTERHUB_API_TOKEN"),
        ("tsp-lab/nowhere:1", "has no image"),
        (images.HUB, "begin here with"),
        ("r", "begin here with"),
        ("--privileged", "nor an image's name"),
        ("tsp-lab/../x", "nor an image's name"),
    ):
        refused = ana.api.post(start, json={"image": image})
        assert (refused.status_code, says in refused.text) == (422, True), refused.text
        by_hub = ana.hub.post(f"/users/ana/servers/{at.slug}", json={"user_options": {"image": image}})
        assert (by_hub.status_code, says in by_hub.json()["message"]) == (400, True), by_hub.text
    assert at.environment()["state"] == "none"
    assert own.containers() == []
    assert ana.api.get("/trash").json()["items"] == []
    # the Hub's own road takes it too
    taken = ana.hub.post(f"/users/ana/servers/{at.slug}", json={"user_options": {"image": deep}})
    assert taken.status_code in (201, 202), taken.text
    at.wait_for("running")
    container = at.container()
    assert container.attrs["Config"]["Image"] == deep
    assert (container.attrs["HostConfig"]["CpuQuota"], container.attrs["HostConfig"]["Memory"]) == (
        50_000,
        768 * 1024**2,
    )
    assert at.environment()["image"]["name"] == deep
    at.shell("touch ~/on-the-disk")
    at.pause()
    assert ana.api.patch(f"{at.path}/environment", json={"image": planted}).status_code == 422
    assert ana.api.patch(f"{at.path}/environment", json={"image": "python"}).status_code == 200
    at.start()
    assert at.container().attrs["Config"]["Image"] == images.PYTHON
    assert at.shell("ls ~/on-the-disk")[0] == 0
    at.delete(disk="delete")
    ana.close()
