"""What all tests share: nothing of ours is patched, nothing sleeps; parts are built in ``builders``."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator, Iterator
from ipaddress import ip_network

import pytest
from hypothesis import settings
from xdist.remote import Producer

import certificates
import identity_provider
import postgresql as postgresql_server
import webdav
from deployment import Deployment, Person, Workspace, deployed, unique, with_settings
from workers import LoadByScene, units_first

# before any test imports jsonschema, which compiles a grammar for 1 s where this package is; the images leave it out
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

settings.register_profile("whole", deadline=None)  # nothing is measured by a clock
settings.register_profile("quick", settings.get_profile("whole"), max_examples=20)  # of `make test-fast`
# by hand: pytest -m hypothesis --hypothesis-profile thorough
settings.register_profile("thorough", settings.get_profile("whole"), max_examples=3000)
settings.load_profile("whole")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadByScene | None:
    """For runs with `--dist loadfile`, as the Makefile's; others are as they are asked for."""
    return LoadByScene(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    units_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded for tests stays to their end: nothing looks through it for garbage, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgresql_server.Server]:
    """A PostgreSQL server without a database of anybody's."""
    with postgresql_server.served() as server:
        yield server


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """The product as `make up` makes it, for all tests that need it."""
    with deployed("tsp-test", 192) as made:
        yield made


@pytest.fixture(scope="session")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The product as a site sets it up for others: TLS, and a domain for each user."""
    chain, key = certificates.make(tmp_path_factory.mktemp("site"), "lab.localhost", "*.lab.localhost")

    def settings(port: int) -> dict[str, str]:
        return {
            "TERRA_SUBDOMAIN_HOST": f"https://lab.localhost:{port}",
            "TERRA_TLS_CERTIFICATE": str(chain),
            "TERRA_TLS_KEY": str(key),
        }

    with deployed("tsp-walled", 224, settings) as made:
        yield made


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdav.WebdavServer]:
    """A drive of people's on a WebDAV server, which environments' machines reach."""
    with webdav.webdav_server(tmp_path_factory.mktemp("cloud"), webdav.PASSWORD, "0.0.0.0") as made:
        yield made


@pytest.fixture(scope="module")
def clouded(cloud: webdav.WebdavServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The product as a site has it that lets people connect a drive from outside."""
    name, subnet = "tsp-outside", 80
    core = ip_network(with_settings(name, subnet).environ["TERRA_CORE_SUBNET"])
    drives = tmp_path_factory.mktemp("site") / "drives.toml"
    drives.write_text(
        f'[drive.lab-cloud]\ntitle = "Lab cloud"\nkind = "webdav"\nurl = "http://{core[1]}:{cloud.port}/"\n'
    )
    with deployed(name, subnet, lambda _: {"TERRA_OUTSIDE_DRIVES": str(drives)}) as made:
        yield made


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[identity_provider.Outside]:
    """The product as a site has it whose people sign in with an OpenID provider."""
    with identity_provider.outside(tmp_path_factory.mktemp("provider")) as made:
        yield made


@pytest.fixture(scope="session")
def ana(deployment: Deployment) -> Iterator[Person]:
    signed_in = deployment.person("ana")
    yield signed_in
    signed_in.close()


@pytest.fixture(scope="session")
def ben(deployment: Deployment) -> Iterator[Person]:
    signed_in = deployment.person("ben")
    yield signed_in
    signed_in.close()


@pytest.fixture(scope="session")
def operator(deployment: Deployment) -> Iterator[Person]:
    signed_in = deployment.person("operator")
    yield signed_in
    signed_in.close()


@pytest.fixture
def workspace(ana: Person, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """A workspace of ana's for one test; its environment and disk are deleted afterwards."""
    words = "".join(char if char.isalnum() else "-" for char in request.node.name.removeprefix("test_"))
    made = ana.workspace(unique(words[:40].strip("-")))
    yield made
    if made.environment()["state"] != "none":
        made.clear()
