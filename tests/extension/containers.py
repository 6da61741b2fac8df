"""Environment containers as the spawner starts them, beside a small Hub and a small workspaces service."""

from __future__ import annotations

import asyncio
import io
import ipaddress
import json
import os
import tarfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker

from extension.hubs import HubThatAnswers
from extension.services import KEY, NAMESPACE, WORKSPACE, WorkspaceThatAnswers
from terraspawner.deploy import images

IMAGE = os.environ.get("TERRA_IMAGE_PYTHON", images.PYTHON)
TOKEN = "f" * 32
PREFIX = f"/user/ana/{WORKSPACE}"
CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"]


class Services:
    """Hub and workspaces service on the Docker bridge's own address, in a thread."""

    def __init__(self, host: str) -> None:
        self.hub = HubThatAnswers(token=TOKEN, user="ana", server=WORKSPACE, version="6.1.1", host=host)
        self.workspace = WorkspaceThatAnswers(host=host)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Services:
        self._thread.start()
        for server in (self.hub, self.workspace):
            asyncio.run_coroutine_threadsafe(server.start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self.hub, self.workspace):
            asyncio.run_coroutine_threadsafe(server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def environ(self) -> dict[str, str]:
        hub = f"http://{self.hub.host}:{self.hub.port}/hub/api"
        scopes = json.dumps([f"access:servers!server=ana/{WORKSPACE}"])
        return {
            "JUPYTERHUB_API_TOKEN": TOKEN, "JUPYTERHUB_API_URL": hub, "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_SERVICE_PREFIX": f"{PREFIX}/", "JUPYTERHUB_SERVICE_URL": f"http://0.0.0.0:8888{PREFIX}/",
            "JUPYTERHUB_USER": "ana", "JUPYTERHUB_SERVER_NAME": WORKSPACE, "JUPYTERHUB_HOST": "",
            "JUPYTERHUB_CLIENT_ID": f"jupyterhub-user-ana-{WORKSPACE}",
            "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{PREFIX}/oauth_callback",
            "JUPYTERHUB_ACTIVITY_URL": f"{hub}/users/ana/activity",
            "JUPYTERHUB_OAUTH_SCOPES": scopes, "JUPYTERHUB_OAUTH_ACCESS_SCOPES": scopes,
            "TERRA_SERVICE_URL": self.workspace.url, "TERRA_ENVIRONMENT_KEY": KEY, "TERRA_ENVIRONMENT_ID": "0" * 16,
            "WORKSPACE_NAME": WORKSPACE, "WORKSPACE_NAMESPACE": NAMESPACE,
            "WORKSPACE_BUCKET": "/mnt/workspace/bucket",
            "WORKSPACE_NOTEBOOKS": "/mnt/workspace/notebooks",
            "OWNER_EMAIL": "ana@example.org", "HOME": "/home/jupyter",
        } | site_environ()  # fmt: skip


# as it is before any test: some do without
SITE_BUNDLE = os.environ.get("SSL_CERT_FILE")
"""The host's CA bundle, where it is not the ordinary one: environments then get it mounted."""


def site_environ() -> dict[str, str]:
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return dict.fromkeys(names, "/etc/terra/ca-bundle.pem") if SITE_BUNDLE else {}


class Environment:
    """One environment: a disk, and one container after another on it."""

    def __init__(self, client: docker.DockerClient, services: Services) -> None:
        self.client, self.services = client, services
        self.disk = client.volumes.create(f"terra-test-{uuid.uuid4().hex[:12]}")
        self.container: Any = None

    def create(self) -> None:
        """A new container on the same disk."""
        if self.container is not None:
            self.container.remove(force=True)
        mounts = [docker.types.Mount("/home/jupyter", self.disk.name, type="volume")]
        if SITE_BUNDLE:
            mounts.append(docker.types.Mount("/etc/terra/ca-bundle.pem", SITE_BUNDLE, type="bind", read_only=True))
        self.container = self.client.containers.create(
            IMAGE, mounts=mounts, cap_drop=["ALL"], cap_add=CAPABILITIES, security_opt=["no-new-privileges"]
        )

    def put_start_file(self, content: bytes) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            facts = tarfile.TarInfo("start.json")
            facts.size, facts.mode = len(content), 0o400
            archive.addfile(facts, io.BytesIO(content))
        self.container.put_archive("/run/terra", packed.getvalue())

    def start(self, **environ: str) -> None:
        """Start as the spawner does and wait for `/api`."""
        self.put_start_file(json.dumps({"env": self.services.environ() | environ}).encode())
        self.container.start()
        for _ in range(1500):
            if self._answers():
                return
            self.container.reload()
            assert self.container.status == "running", self.log()
            time.sleep(0.02)
        raise AssertionError(self.log())

    def stop(self) -> None:
        self.container.stop(timeout=10)

    def remove(self) -> None:
        if self.container is not None:
            self.container.remove(force=True)
        self.disk.remove(force=True)

    def log(self) -> str:
        return str(self.container.logs().decode()[-4000:])

    def ask(self, path: str, *, method: str = "GET", body: Any = None) -> Any:
        """Ask the server's REST interface as the user."""
        text = self.read(path, method=method, body=body)
        return json.loads(text) if text else None

    def read(self, path: str, *, method: str = "GET", body: Any = None) -> bytes:
        """What the server answers to the user, whatever it is."""
        request = urllib.request.Request(
            f"http://{self.address}:8888{PREFIX}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def kernels(self) -> dict[str, str]:
        """What Lab's launcher offers: kernel name -> what is read there."""
        specs = self.ask("/api/kernelspecs")["kernelspecs"]
        return {name: spec["spec"]["display_name"] for name, spec in specs.items()}

    def terminal(self, command: str, *, check: bool = True) -> str:
        """Run a command in a login shell of the user's, as a terminal in Lab does."""
        status, text = self._run(["bash", "-lc", f"exec 2>&1; {command}"])
        assert not check or status == 0, text
        return text

    def cell(self, code: str, kernel: str = "python3") -> str:
        """Run code in the kernel of a kernelspec and return what it printed."""
        script = (
            "import json,sys\n"
            "from jupyter_client.manager import KernelManager\n"
            "from terraspawner_environment.kernelspecs import EnvironmentKernelSpecs\n"
            "km = KernelManager(kernel_name=sys.argv[2], kernel_spec_manager=EnvironmentKernelSpecs())\n"
            "km.start_kernel(); client = km.blocking_client(); client.start_channels(); client.wait_for_ready(60)\n"
            "def show(message):\n"
            "    content = message['content']\n"
            "    print(content.get('text', ''), *content.get('traceback', []), sep='', end='')\n"
            "answer = client.execute_interactive(sys.argv[1], timeout=180, output_hook=show)\n"
            "km.shutdown_kernel(now=True)\n"
            "sys.exit(answer['content']['status'] != 'ok')\n"
        )
        status, text = self._run(["/opt/terra/server/bin/python", "-I", "-c", script, code, kernel])
        assert status == 0, text
        return text

    def _run(self, command: list[str]) -> tuple[int, str]:
        """Run with the server's environment, as its kernels and terminals do; the text is what went to stdout."""
        environ = self.services.environ() | {"JUPYTER_RUNTIME_DIR": "/tmp/terra-runtime"}
        status, (out, _) = self.container.exec_run(
            command, user="jupyter", workdir="/home/jupyter", environment=environ, demux=True
        )
        return status, (out or b"").decode()

    @property
    def address(self) -> str:
        self.container.reload()
        return str(self.container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])

    def _answers(self) -> bool:
        try:
            self.ask("/api")
        except (OSError, urllib.error.URLError):
            return False
        return True


@contextmanager
def services_on_the_bridge(client: docker.DockerClient) -> Iterator[Services]:
    network = client.networks.get("bridge").attrs["IPAM"]["Config"][0]
    gateway = network.get("Gateway") or str(next(ipaddress.ip_network(network["Subnet"]).hosts()))
    with Services(gateway) as services:
        yield services
