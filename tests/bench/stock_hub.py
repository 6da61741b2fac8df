"""The stock side: a Hub with the stock DockerSpawner, and the image that it starts."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import docker
import httpx

from deployment import ROOT, until
from terraspawner.deploy import images, machine, site

Command = tuple[Sequence[str], Sequence[str]]
"""Program and arguments."""
OWN_COMMAND: Command = ((), ())
"""The stock image's own: ``jupyterhub-singleuser``."""
OUR_COMMAND: Command = (
    ("/usr/bin/tini", "--", "/opt/terra/server/bin/python", "-I", "-m", "terraspawner_environment.launch"),
    ("--ip=0.0.0.0", "--port=8888", "--config=/opt/terra/etc/jupyter_server_config.py"),
)
"""What our image's entry script starts, after it has read the start file that the stock spawner does not write."""


def ensure_image(environ: Mapping[str, str]) -> str:
    """Build the stock image unless it is there; returns its tag. JupyterHub and JupyterLab as in our own image."""
    pins = (ROOT / "images/python/requirements-server.txt").read_text()
    found = dict(re.findall(r"^(jupyterhub|jupyterlab)==(\S+)$", pins, re.MULTILINE))
    image = images.Image(
        tag=f"terraspawner/stock:{images.TAG}",
        dockerfile="tests/bench/stock/Dockerfile",
        parts=("tests/bench/stock", "images/python/requirements-server.txt"),
    )
    images.write_ca_bundle(ROOT, machine.ca_bundle(environ))
    versions = {name.upper(): version for name, version in found.items()}
    with images.one_at_a_time(ROOT):
        images.ensure_image(ROOT, image, {**site.build_arguments(environ), "BASE": images.BASE, **versions})
    return image.tag


class StockHub:
    """A Hub with the stock DockerSpawner in a container of its own. `command` replaces the image's where given."""

    def __init__(self, name: str, image: str, hub_image: str, *, command: Command) -> None:
        number = os.environ.get("TERRASPAWNER_TEST_SITE", "")
        self.name, self.image, self.hub_image, self.command = f"{name}{number}", image, hub_image, command
        self.token = secrets.token_hex(32)
        self.client = docker.from_env()

    @contextmanager
    def running(self) -> Iterator[str]:
        """The address that the Hub and its proxy answer on."""
        self._sweep()
        network = self.client.networks.create(self.name, labels={"terraspawner.deployment": self.name})
        try:
            yield self._start(network)
        finally:
            self._sweep()

    def _start(self, network: docker.models.networks.Network) -> str:
        network.reload()
        subnet = network.attrs["IPAM"]["Config"][0]["Subnet"]
        address = subnet.rsplit(".", 1)[0] + ".2"
        config = Path(__file__).with_name("stock_hub_config.py")
        container = self.client.containers.create(
            self.hub_image,
            ["jupyterhub", "--config=/stock_hub_config.py"],
            name=f"{self.name}-hub",
            network=self.name,
            environment={
                "STOCK_TOKEN": self.token,
                "STOCK_IMAGE": self.image,
                "STOCK_COMMAND": json.dumps(self.command),
                "STOCK_PREFIX": self.name,
                "STOCK_NETWORK": self.name,
                "STOCK_HUB_ADDRESS": address,
            },
            volumes={
                "/var/run/docker.sock": {"bind": "/var/run/docker.sock"},
                str(config): {"bind": "/stock_hub_config.py", "mode": "ro"},
            },
            user="0",
            working_dir="/tmp",
            labels={"terraspawner.deployment": self.name},
        )
        container.start()
        container.reload()
        assert container.attrs["NetworkSettings"]["Networks"][self.name]["IPAddress"] == address
        with self.api(address) as api:
            until(lambda: _answers(api), "the stock Hub answers")
            api.post("/users/ana").raise_for_status()
        return address

    def api(self, address: str) -> httpx.Client:
        return httpx.Client(base_url=f"http://{address}:8081/hub/api", headers=self.headers, timeout=120)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}

    def container(self, server: str) -> str:
        """The id of a server's container."""
        found = self.client.containers.list(filters={"label": f"terraspawner.deployment={self.name}"})
        (container,) = (item for item in found if item.name.endswith(f"-{server}"))
        return str(container.id)

    def _sweep(self) -> None:
        mine = {"label": f"terraspawner.deployment={self.name}"}
        for container in self.client.containers.list(all=True, filters=mine):
            container.remove(force=True, v=True)
        for volume in self.client.volumes.list(filters={"name": f"{self.name}-pd-"}):
            volume.remove(force=True)
        for network in self.client.networks.list(filters=mine):
            network.remove()


def _answers(api: httpx.Client) -> bool:
    try:
        return api.get("/").status_code == 200
    except httpx.HTTPError:
        return False
