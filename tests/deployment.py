"""A whole deployment brought up by the product's own command, beside any other on this machine.

`up` runs what `make up` runs, with a name, port and networks of its own; `clean` takes all of it away again.
A `Person` is one signed-in user: the Hub's own form, then REST with a token, as a program would.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import docker
import httpx

Result = TypeVar("Result")
ROOT = Path(__file__).parents[1]
API = "/services/workspaces/api/v1"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def unique(word: str) -> str:
    """A name that no earlier run has used."""
    return f"{word}-{secrets.token_hex(2)}"


def until(look: Callable[[], Result], what: str, within: float = 60) -> Result:
    """The first true answer of `look`; fails, saying what was waited for, after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:.0f} s in vain until {what}")
        time.sleep(0.1)


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
            all=True, filters={"label": [f"terraspawner.{key}={value}" for key, value in wanted.items()]}
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


MoreSettings = Callable[[int], dict[str, str]]
"""Further settings of a deployment, from its port."""


def is_kept() -> bool:
    """With TERRASPAWNER_TEST_KEEP set deployments stay up between runs, for whoever writes a test."""
    return bool(os.environ.get("TERRASPAWNER_TEST_KEEP"))


def with_settings(name: str, subnet: int, more: MoreSettings = lambda _: {}) -> Deployment:
    """A deployment that is not there yet. `subnet` tells deployments apart: 172.30.<subnet>.0/20 and its like.

    TERRASPAWNER_TEST_SITE, a number from 1 to 40, lets the tests of two checkouts run beside each other on one
    machine; they want TERRA_IMAGE_TAG too.
    """
    site = int(os.environ.get("TERRASPAWNER_TEST_SITE", "0"))
    name = f"{name}{site or ''}"
    port = 8800 + 16 * site + subnet // 16 if is_kept() else free_port()
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TERRA_") or key == "TERRA_IMAGE_TAG"}
    environ = kept | {
        "TERRA_DEPLOYMENT": name,
        "TERRA_PORT": str(port),
        "TERRA_CORE_SUBNET": f"10.{100 + site}.{subnet}.0/24" if site else f"172.29.{subnet}.0/24",
        "TERRA_USERS_SUBNET": f"10.{150 + site}.{subnet}.0/20" if site else f"172.30.{subnet}.0/20",
        "TERRA_MEMORY_LIMIT": str(1024**3),
        "TERRA_SCRIPT_TIMEOUT": "90",
    }
    return Deployment(name=name, port=port, environ=environ | more(port))


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


def xsrf_of(session: httpx.Client) -> str:
    """The token that the Hub wants with a form of this session."""
    return session.cookies.get("_xsrf", path="/hub/") or ""


@dataclass(kw_only=True)
class Person:
    """A signed-in user with a Hub token. `api` speaks to our REST API, `hub` to the Hub's."""

    name: str
    deployment: Deployment
    token: str
    api: httpx.Client
    hub: httpx.Client
    browser_session: httpx.Client

    @classmethod
    def signed_in(cls, deployment: Deployment, name: str, password: str) -> Person:
        session = deployment.client(base_url=deployment.url, follow_redirects=True)
        form = session.get("/hub/login")
        xsrf = xsrf_of(session)
        answer = session.post(
            "/hub/login?next=/hub/token", data={"username": name, "password": password, "_xsrf": xsrf}
        )
        assert answer.status_code == 200, f"sign-in of {name}: {answer.status_code} after {form.status_code}"
        xsrf = xsrf_of(session)
        made = session.post(
            f"/hub/api/users/{name}/tokens", headers={"X-XSRFToken": xsrf}, json={"note": "tests", "expires_in": 7200}
        )
        assert made.status_code == 201, made.text
        token = made.json()["token"]
        headers = {"Authorization": f"token {token}"}
        return cls(
            name=name,
            deployment=deployment,
            token=token,
            api=deployment.client(base_url=deployment.url + API, headers=headers, timeout=120),
            hub=deployment.client(base_url=deployment.url + "/hub/api", headers=headers, timeout=120),
            browser_session=session,
        )

    def close(self) -> None:
        for client in (self.api, self.hub, self.browser_session):
            client.close()

    def workspace(self, name: str) -> Workspace:
        """Make a workspace in the personal project."""
        made = self.api.post("/workspaces", json={"namespace": self.name, "name": name, "storage": "bucket"})
        assert made.status_code == 201, made.text
        return Workspace(owner=self, name=name, slug=made.json()["slug"])


@dataclass(kw_only=True)
class Workspace:
    """A workspace and its owner's environment in it, by REST."""

    owner: Person
    name: str
    slug: str

    @property
    def path(self) -> str:
        return f"/workspaces/{self.owner.name}/{self.name}"

    @property
    def server_url(self) -> str:
        return f"/user/{self.owner.name}/{self.slug}/"

    def environment(self) -> dict[str, Any]:
        answer = self.owner.api.get(f"{self.path}/environment")
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def wait_for(self, state: str, within: float = 90) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            seen = self.environment()
            return seen if seen["state"] == state else None

        def is_reached() -> bool:
            return self.owner.deployment.get(f"{self.server_url}api", of=self.owner.name).status_code == 200

        try:
            seen = until(reached, f"{self.name} is {state}", within)
            if state == "running":  # the Hub tells its proxy some milliseconds later
                until(is_reached, f"{self.name} is reached through the proxy", within)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {json.dumps(self.environment(), indent=1)}") from None
        return seen

    def start(self) -> dict[str, Any]:
        answer = self.owner.api.post(f"{self.path}/environment/start", json={})
        assert answer.status_code in (200, 202), answer.text
        return self.wait_for("running")

    def pause(self) -> dict[str, Any]:
        answer = self.owner.api.post(f"{self.path}/environment/pause", json={})
        assert answer.status_code in (200, 202), answer.text
        return self.wait_for("paused")

    def freeze(self) -> dict[str, Any]:
        answer = self.owner.api.post(f"{self.path}/environment/pause", json={"freeze": True})
        assert answer.status_code in (200, 202), answer.text
        return self.wait_for("frozen")

    def server_token(self) -> str:
        """The token that its server has for the Hub."""
        script = "tr '\\0' '\\n' < /proc/1/environ | grep ^JUPYTERHUB_API_TOKEN= | cut -d= -f2"
        return self.execute("sh", "-c", script)[1].strip()

    def delete(self, disk: str = "keep") -> None:
        answer = self.owner.api.delete(f"{self.path}/environment", params={"disk": disk})
        assert answer.status_code in (202, 204), answer.text
        self.wait_for("none")

    def clear(self) -> None:
        """Ask for the end of environment and disk, with what was not saved, whatever runs there now."""
        self.owner.api.delete(f"{self.path}/environment", params={"disk": "delete", "force": "true"})

    def container(self) -> Any:
        (found,) = self.owner.deployment.containers(environment=self.environment()["id"])
        return found

    def execute(self, *command: str, user: str = "1000") -> tuple[int, str]:
        """Run a command in the container as the user of the notebooks, with the environment of a terminal."""
        done = self.container().exec_run(list(command), user=user, workdir="/home/jupyter")
        return done.exit_code, done.output.decode(errors="replace")

    def shell(self, script: str) -> tuple[int, str]:
        """As typed into a terminal of JupyterLab."""
        return self.execute("bash", "-lc", script)

    def create_notebook(self, name: str, kernel: str = "python3") -> dict[str, Any]:
        answer = self.owner.api.post(f"{self.path}/notebooks", json={"name": name, "kernel": kernel})
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def notebook(self, path: str) -> tuple[dict[str, Any], str]:
        """Content and version as they are in the bucket."""
        answer = self.owner.api.get(f"{self.path}/notebooks/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json(), answer.headers["ETag"]
