"""A whole deployment whose rows are in PostgreSQL, which goes away in the middle of the work and comes back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import docker
import pytest
import sqlalchemy as sa

from deployment import Deployment, deployed, unique, until
from people import Person, Workspace
from ports import HeldPort
from postgresql import Server, served

pytestmark = [pytest.mark.docker, pytest.mark.full]

SUBNET = 128
NAME = "terra"
DURABLE = ("shared_buffers=16MB",)
"""What a real one does: an answered transaction is on the disk."""


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """Reached by containers at the machine's address on Docker's own bridge."""
    (network,) = docker.from_env().networks.list(names=["^bridge$"])
    gateway = network.attrs["IPAM"]["Config"][0]["Gateway"]
    port = HeldPort(gateway)
    with served(address=gateway, port=port.number, password=secrets.token_urlsafe(16), settings=DURABLE) as server:
        server.as_owner(f"CREATE DATABASE {NAME}")
        yield server


@pytest.fixture(scope="module")
def on_postgresql(database: Server) -> Iterator[Deployment]:
    with deployed("tsp-pg", SUBNET, lambda _: {"TERRA_DATABASE_URL": database.url_from_elsewhere(NAME)}) as made:
        yield made


@pytest.fixture(scope="module")
def ana_there(on_postgresql: Deployment) -> Iterator[Person]:
    person = on_postgresql.person("ana")
    yield person
    person.close()


@pytest.fixture
def place(ana_there: Person) -> Workspace:
    return ana_there.workspace(unique("on-postgresql"))


def rows(database: Server, statement: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(database.url(NAME))
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]
    finally:
        engine.dispose()


@pytest.mark.feature("A6", "K1")
def test_a_researcher_works_on_it(database: Server, place: Workspace) -> None:
    place.create_notebook("first look")
    place.start()
    assert place.shell("echo layer > /tmp/layer.txt; echo disk > ~/disk.txt")[0] == 0
    ident = place.environment()["id"]
    assert rows(database, f"SELECT state FROM environment WHERE id = '{ident}'") == [("running",)]
    place.pause()
    place.start()
    assert place.shell("cat /tmp/layer.txt ~/disk.txt")[1].split() == ["layer", "disk"]
    place.delete()
    assert rows(database, f"SELECT state FROM environment WHERE id = '{ident}'") == [("trashed",)]


def test_no_environment_reaches_the_database(database: Server, place: Workspace) -> None:
    place.start()
    at = urlsplit(database.url_from_elsewhere(NAME))
    probe = (
        f"import socket; s = socket.socket(); s.settimeout(3); print(s.connect_ex(({at.hostname!r}, {at.port})) != 0)"
    )
    assert place.execute("python3", "-c", probe)[1].strip() == "True"


def test_what_is_asked_while_it_is_away_is_told_so_and_nothing_is_lost(
    database: Server, on_postgresql: Deployment, place: Workspace
) -> None:
    place.start()
    container = place.container().id
    database.kill()
    try:
        asked = place.owner.api.get(f"{place.path}/environment")
        assert (asked.status_code, asked.json()["error"]["code"]) == (503, "hub-unavailable"), asked.text
        # who is signed in is not sent to the sign-in, and a good token is not called void
        of_hub = place.owner.hub.get("/user")
        assert (of_hub.status_code, "database did not answer" in of_hub.text) == (503, True), of_hub.text
        page = place.owner.browser_session.get("/hub/token", follow_redirects=False)
        assert (page.status_code, "database did not answer" in page.text) == (503, True), page.text
        assert place.owner.hub.post("/users/ana/tokens", json={}).status_code == 503
        health = on_postgresql.get("/services/workspaces/api/v1/health")
        assert health.status_code == 503, health.text
        # what runs goes on
        assert on_postgresql.docker.containers.get(container).status == "running"
        assert place.owner.deployment.get(f"{place.server_url}api").status_code == 200
    finally:
        database.open()
    health = "/services/workspaces/api/v1/health"
    until(lambda: on_postgresql.get(health).status_code == 200, "all is well again", within=60)
    assert place.environment()["state"] == "running"
    assert place.container().id == container
    place.pause()
    place.start()
    assert place.container().id == container
