"""What the host service finds in real images, and that it runs nothing of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import docker
import pytest

from deployment import Deployment
from terraspawner.containers.engine import Engine
from terraspawner.deploy import images
from terraspawner.domain.image_check import findings, language_of_kernels
from terraspawner.host.image_answers import told

pytestmark = [pytest.mark.docker, pytest.mark.feature("C10", "I2")]

HUB = "6.1.1"


@pytest.fixture
def made(deployment: Deployment) -> Iterator[Any]:
    """Makes images from one of ours with other words in its file, as `docker build` would."""
    client = docker.APIClient(version="auto")
    tags: list[str] = []

    def make(name: str, changes: list[str], of: str = images.PYTHON) -> str:
        container = client.create_container(of, ["never-run"])["Id"]
        tag = f"{deployment.name}-lab/{name}:1"
        client.commit(container, *tag.split(":"), changes=changes)
        client.remove_container(container)
        tags.append(tag)
        return tag

    yield make
    for tag in tags:
        client.remove_image(tag, force=True)


def test_our_own_images_will_do_and_list_their_packages(deployment: Deployment) -> None:
    engine = Engine(deployment.name)
    for reference, language, packages in ((images.PYTHON, "python", {"numpy"}), (images.R, "r", {"numpy", "dplyr"})):
        seen = engine.look(reference)
        assert seen is not None
        assert findings(seen.facts, HUB) == ()
        assert language_of_kernels(seen.facts.kernels) == language
        assert packages <= {each.name for each in seen.packages}
        assert told(seen, HUB)["is_here"]
    assert told(engine.look("terraspawner/no-such:1"), HUB) == {"is_here": False}


def test_what_is_wrong_is_found_without_running_anything(deployment: Deployment, made: Any) -> None:
    engine = Engine(deployment.name)
    token = made("token", ["ENV JUPYTERHUB_API_TOKEN=planted", "VOLUME /data"])
    entry = made("entry", ['ENTRYPOINT ["/bin/sh", "-c", "touch /ran"]'])
    foreign = made("foreign", [], of=images.BASE)
    found = {}
    for reference in (token, entry, foreign):
        seen = engine.look(reference)
        assert seen is not None
        found[reference] = [each.check for each in findings(seen.facts, HUB)]
    assert found[token] == ["variables", "volumes"]
    assert found[entry] == ["entry"]
    assert {"user", "entry", "jupyterhub", "extension", "kernel"} <= set(found[foreign])
    left = engine.client.containers(all=True, filters={"label": "terraspawner.kind=image-look"})
    assert [each for each in left if each["Labels"]["terraspawner.deployment"] == deployment.name] == []
