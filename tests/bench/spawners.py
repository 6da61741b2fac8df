"""Create, pause, resume, stop: the stock DockerSpawner and ours, on one image, in one run.

Each round does every act once on each side, in turn, so that a machine that gets slower slows both. A time is
from the request to the Hub's REST API until the Hub says that the server is ready (or gone).
"""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import docker
import httpx

from terraspawner.deploy import images
from tests.deployment import Deployment, Person, deployed, until

ACTS = ("create", "pause", "resume", "stop")
RESULTS = Path(__file__).parent / "RESULTS.md"
Times = dict[str, list[float]]


class StockHub:
    """A Hub with the stock DockerSpawner in a container of its own."""

    def __init__(self, name: str, image: str, hub_image: str) -> None:
        self.name, self.image, self.hub_image = name, image, hub_image
        self.token = secrets.token_hex(32)
        self.client = docker.from_env()

    @contextmanager
    def running(self) -> Iterator[httpx.Client]:
        self._sweep()
        network = self.client.networks.create(self.name, labels={"terraspawner.deployment": self.name})
        try:
            yield self._start(network)
        finally:
            self._sweep()

    def _start(self, network: docker.models.networks.Network) -> httpx.Client:
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
        api = httpx.Client(
            base_url=f"http://{address}:8081/hub/api", headers={"Authorization": f"token {self.token}"}, timeout=120
        )
        until(lambda: _answers(api), "the stock Hub answers")
        api.post("/users/ana").raise_for_status()
        return api

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


def timed(act: Callable[[], object], api: httpx.Client, name: str, ready: bool) -> float:
    """Seconds from the request until the Hub says that the server is (not) ready."""
    began = time.perf_counter()
    act()
    while _is_ready(api, name) != ready:
        time.sleep(0.01)
    return time.perf_counter() - began


def _is_ready(api: httpx.Client, name: str) -> bool:
    server = api.get("/users/ana", params={"include_stopped_servers": 1}).json()["servers"].get(name)
    if server is None:
        return False
    return bool(server["ready"] or server["pending"] == "stop")


def stock_round(api: httpx.Client, number: int, times: Times) -> None:
    kept, removed = f"k{number}", f"r{number}"
    path = f"/users/ana/servers/{kept}"
    times["create"].append(timed(lambda: api.post(path), api, kept, ready=True))
    times["pause"].append(timed(lambda: api.delete(path), api, kept, ready=False))
    times["resume"].append(timed(lambda: api.post(path), api, kept, ready=True))
    api.delete(path)
    other = f"/users/ana/servers/{removed}"
    timed(lambda: api.post(other), api, removed, ready=True)
    times["stop"].append(timed(lambda: api.delete(other), api, removed, ready=False))


def our_round(ana: Person, number: int, times: Times) -> None:
    workspace = ana.workspace(f"bench-{number}")
    path = f"/users/ana/servers/{workspace.slug}"
    hub = ana.hub
    times["create"].append(timed(lambda: hub.post(path), hub, workspace.slug, ready=True))
    times["pause"].append(timed(lambda: hub.delete(path), hub, workspace.slug, ready=False))
    times["resume"].append(timed(lambda: hub.post(path), hub, workspace.slug, ready=True))
    began = time.perf_counter()
    workspace.delete()
    times["stop"].append(time.perf_counter() - began)
    disk = ana.api.get("/disks").json()["items"]
    for item in disk:
        ana.api.delete(f"/disks/{item['id']}")


def table(stock: Times, ours: Times) -> str:
    """The figures as Markdown."""
    lines = [
        "| act | stock median | stock worst | ours median | ours worst | ours / stock |",
        "|---|---|---|---|---|---|",
    ]
    for act in ACTS:
        middle, mine = statistics.median(stock[act]), statistics.median(ours[act])
        lines.append(
            f"| {act} | {middle:.2f} s | {max(stock[act]):.2f} s | {mine:.2f} s | {max(ours[act]):.2f} s"
            f" | {mine / middle:.2f} |"
        )
    return "\n".join(lines)


def report(deployment: Deployment, rounds: int, figures: str) -> str:
    version = deployment.docker.version()
    return f"""# Results

Printed by `make bench`. Stock: JupyterHub 6.1 with DockerSpawner 14.0.0; ours: the same Hub with `TerraSpawner`; one
image, one machine, one run, {rounds} rounds in turn. *pause* of the stock spawner is its stop with the container kept,
*resume* its start of that container, *stop* its stop with `remove=True`; our *stop* deletes the environment and keeps
the disk. A time is from the request until the Hub says so.

- date: {datetime.now(UTC):%Y-%m-%d}
- machine: {platform.machine()}, {_cores()} cores, Linux {platform.release()}
- Docker Engine {version["Version"]}, Python {platform.python_version()}

{figures}
"""


def _cores() -> int:
    return os.cpu_count() or 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    stock: Times = defaultdict(list)
    ours: Times = defaultdict(list)
    with (
        deployed("tsp-bench", 160) as deployment,
        StockHub("tsp-stock", images.PYTHON, images.HUB).running() as api,
    ):
        ana = deployment.person("ana")
        for number in range(rounds + 1):
            # the first round warms both up and is not counted
            counted = number > 0
            stock_round(api, number, stock if counted else defaultdict(list))
            our_round(ana, number, ours if counted else defaultdict(list))
            print(f"round {number} of {rounds}", flush=True)
        text = report(deployment, rounds, table(stock, ours))
    RESULTS.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
