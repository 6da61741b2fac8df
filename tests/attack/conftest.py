"""One scene for all attacks: three environments are started once."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from deployment import Deployment, Person
from tests.attack.scene import Scene, as_program, browser, laid_out


@pytest.fixture(scope="session")
def scene(deployment: Deployment, ana: Person, ben: Person, operator: Person) -> Iterator[Scene]:
    with laid_out(deployment, ana, ben, operator) as made:
        yield made


@pytest.fixture(scope="session")
def browsers(scene: Scene) -> Iterator[dict[str, httpx.Client]]:
    made = {person.name: browser(scene.deployment, person) for person in (scene.ana, scene.ben, scene.operator)}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture(scope="session")
def programs(scene: Scene) -> Iterator[dict[str, httpx.Client]]:
    """Clients by who they say they are."""
    made = {
        person.name: as_program(scene.deployment, f"token {person.token}")
        for person in (scene.ana, scene.ben, scene.operator)
    } | {"nobody": as_program(scene.deployment)}
    yield made
    for client in made.values():
        client.close()
