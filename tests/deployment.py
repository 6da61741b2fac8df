"""A whole deployment brought up by the product's own command, beside any other on this machine.

`up` runs what `make up` runs, with a name, port and networks of its own; `clean` takes all of it away again.
Who uses it stands in `people`.
"""

from __future__ import annotations

import os
import re
import secrets
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import httpx

from people import API, Person, Workspace, xsrf_of
from ports import HeldPort
from waiting import until

__all__ = [
    "API",
    "ROOT",
    "Deployment",
    "Person",
    "Workspace",
    "deployed",
    "unique",
    "until",
    "with_settings",
    "xsrf_of",
]

ROOT = Path(__file__).parents[1]


def unique(word: str) -> str:
    """A name that no earlier run has used."""
    return f"{word}-{secrets.token_hex(4)}"


class ToThisMachine(httpx.HTTPTransport):
    """Brings what is for a name below ``.localhost`` to this machine, as browsers do by themselves."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host
        if not name.endswith(".localhost"):
            return super().handle_request(request)
        here = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,  # type: ignore[arg-type]
            extensions={**request.extensions, "sni_hostname": name},
        )
        return super().handle_request(here)


@dataclass(kw_only=True)
class Deployment:
    """One deployment of the product. `log` is what its set-up printed."""

    name: str
    port: int
    environ: dict[str, str] = field(repr=False)
    log: str = ""
    held: HeldPort | None = None
    """Its port where it was chosen for it: nobody else's while parts of it are down."""

    @property
    def url(self) -> str:
        return self.environ.get("TERRA_SUBDOMAIN_HOST") or f"http://127.0.0.1:{self.port}"

    def origin_of(self, user: str) -> str:
        """Where the servers of `user` are."""
        return self.url.replace("://", f"://{user}.") if "TERRA_SUBDOMAIN_HOST" in self.environ else self.url

    def client(self, **options: Any) -> httpx.Client:
        """Trusts the deployment's certificate, if it has one, and nobody else's."""
        certificate = self.environ.get("TERRA_TLS_CERTIFICATE")
        trust = ssl.create_default_context(cafile=certificate) if certificate else True
        return httpx.Client(transport=ToThisMachine(verify=trust), **{"timeout": 60, **options})

    @property
    def docker(self) -> docker.DockerClient:
        return docker.from_env()

    def run(self, *arguments: str, timeout: float = 1200) -> subprocess.CompletedProcess[str]:
        """The set-up program, as the Makefile calls it."""
        return subprocess.run(
            [sys.executable, "-m", "terraspawner.deploy", *arguments],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def up(self) -> None:
        done = self.run("up")
        self.log = done.stdout + done.stderr
        assert done.returncode == 0, self.log

    def get(self, path: str, *, of: str = "", **options: Any) -> httpx.Response:
        """As nobody: without a cookie that would speak for somebody. `of` is the user whose server is asked."""
        with self.client() as client:
            return client.get((self.origin_of(of) if of else self.url) + path, **options)

    def status_of_token(self, token: str) -> int:
        """What the Hub answers to it: 200 alive, 403 dead."""
        return self.get("/hub/api/user", headers={"Authorization": f"token {token}"}).status_code

    def logins(self) -> dict[str, str]:
        """User name -> generated password, from the file that `make up` names."""
        text = (ROOT / ".terraspawner" / self.name / "logins").read_text()
        return dict(re.findall(r"^(\S+)\s+(\S+)$", text, re.MULTILINE))

    def person(self, name: str) -> Person:
        return Person.signed_in(self, name, self.logins()[name])

    def containers(self, **labels: str) -> list[Any]:
        wanted = {"deployment": self.name, "kind": "environment", **labels}
        return self.docker.containers.list(
            all=True,
            filters={"label": [f"terraspawner.{key}={value}" for key, value in wanted.items()]},
            ignore_removed=True,  # it lists first and then looks at each
        )

    def volumes(self) -> list[str]:
        found = self.docker.volumes.list(
            filters={"label": [f"terraspawner.deployment={self.name}", "terraspawner.kind=disk"]}
        )
        return [volume.name for volume in found]

    def service(self, name: str) -> Any:
        """The container of one of our own processes."""
        (found,) = self.docker.containers.list(
            all=True,
            filters={"label": [f"com.docker.compose.project={self.name}", f"com.docker.compose.service={name}"]},
        )
        return found


WORKERS = ("", "b", "c")
"""What tells the names of the workers' deployments apart."""

SITELESS = (("172.29", "172.30"), ("172.27", "172.28"), ("172.25", "172.26"))
"""Where the networks of each worker's deployments begin, the core's and the users'."""

MoreSettings = Callable[[int], dict[str, str]]
"""Further settings of a deployment, from its port."""


def is_kept() -> bool:
    """With TERRASPAWNER_TEST_KEEP set deployments stay up between runs, for whoever writes a test."""
    return bool(os.environ.get("TERRASPAWNER_TEST_KEEP"))


def with_settings(name: str, subnet: int, more: MoreSettings = lambda _: {}) -> Deployment:
    """A deployment that is not there yet. `subnet` tells deployments apart: 172.30.<subnet>.0/20 and its like.

    Each worker of one run has its own. TERRASPAWNER_TEST_SITE, a number from 1 to 24, lets the tests of two checkouts
    run beside each other on one machine; they want TERRA_IMAGE_TAG too.
    """
    site = int(os.environ.get("TERRASPAWNER_TEST_SITE", "0"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    name = f"{name}{site or ''}{WORKERS[worker]}"
    held = None if is_kept() else HeldPort()
    port = held.number if held else 8800 + 600 * worker + 16 * site + subnet // 16
    core, users = (f"10.{100 + 50 * worker + site}", f"10.{125 + 50 * worker + site}") if site else SITELESS[worker]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TERRA_") or key == "TERRA_IMAGE_TAG"}
    environ = kept | {
        "TERRA_DEPLOYMENT": name,
        "TERRA_PORT": str(port),
        "TERRA_CORE_SUBNET": f"{core}.{subnet}.0/24",
        "TERRA_USERS_SUBNET": f"{users}.{subnet}.0/20",
        "TERRA_MEMORY_LIMIT": str(1024**3),
        "TERRA_SCRIPT_TIMEOUT": "90",
        "TERRA_CULLER_SECONDS": "2",
    }
    return Deployment(name=name, port=port, environ=environ | more(port), held=held)


@contextmanager
def deployed(name: str, subnet: int, more: MoreSettings = lambda _: {}) -> Iterator[Deployment]:
    """A deployment from nothing to nothing, unless it is kept."""
    deployment = with_settings(name, subnet, more)
    if not is_kept():
        deployment.run("clean", "--yes")
    try:
        deployment.up()
        yield deployment
    finally:
        logs = deployment.run("logs", "--no-follow").stdout
        artefacts = ROOT / "tests" / "artefacts"
        artefacts.mkdir(exist_ok=True)
        (artefacts / f"{deployment.name}.log").write_text(logs)
        if not is_kept():
            deployment.run("clean", "--yes")
