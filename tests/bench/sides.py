"""The sides that are measured: each does the same acts on the same machine, in its own words."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import httpx

from deployment import Person, Workspace
from tests.bench.stock_hub import StockHub


class Side(Protocol):
    """Acts on the server of a round. Times are seconds until the Hub says that it is done."""

    name: str

    def create(self, number: int) -> float: ...
    def pause(self, number: int) -> float: ...
    def resume(self, number: int) -> float: ...
    def stop(self, number: int) -> float: ...
    def page(self, number: int, path: str) -> httpx.Response:
        """What the server answers through the proxy."""

    def container(self, number: int) -> str:
        """The id of the server's container."""


def timed(act: Callable[[], object], api: httpx.Client, name: str, *, ready: bool) -> float:
    """Seconds from the request until the Hub says that the server is (not) ready."""
    began = time.perf_counter()
    act()
    while _is_ready(api, name) != ready:
        time.sleep(0.02)
    return time.perf_counter() - began


def _is_ready(api: httpx.Client, name: str) -> bool:
    server = api.get("/users/ana", params={"include_stopped_servers": 1}).json()["servers"].get(name)
    if server is None:
        return False
    return bool(server["ready"] or server["pending"] == "stop")


class StockSide:
    """Pause is the stock stop with the container kept, stop the one that removes it (of a second server)."""

    def __init__(self, name: str, hub: StockHub, address: str) -> None:
        self.name, self._hub, self._address = name, hub, address
        self._api = hub.api(address)

    def create(self, number: int) -> float:
        return self._start(f"k{number}")

    def pause(self, number: int) -> float:
        return self._stop(f"k{number}")

    def resume(self, number: int) -> float:
        return self._start(f"k{number}")

    def stop(self, number: int) -> float:
        self._stop(f"k{number}")
        self._start(f"r{number}")
        return self._stop(f"r{number}")

    def page(self, number: int, path: str) -> httpx.Response:
        url = f"http://{self._address}:8000/user/ana/k{number}{path}"
        return httpx.get(url, headers=self._hub.headers, timeout=60)

    def container(self, number: int) -> str:
        return self._hub.container(f"k{number}")

    def _start(self, server: str) -> float:
        return timed(lambda: self._api.post(f"/users/ana/servers/{server}"), self._api, server, ready=True)

    def _stop(self, server: str) -> float:
        return timed(lambda: self._api.delete(f"/users/ana/servers/{server}"), self._api, server, ready=False)


class OurSide:
    """Stop deletes the environment and keeps its disk."""

    def __init__(self, name: str, person: Person) -> None:
        self.name, self._person = name, person
        self._workspaces: dict[int, Workspace] = {}

    def create(self, number: int) -> float:
        self._workspaces[number] = self._person.workspace(f"bench-{number}")
        return self.resume(number)

    def pause(self, number: int) -> float:
        hub, server = self._person.hub, self._workspaces[number].slug
        return timed(lambda: hub.delete(self._path(server)), hub, server, ready=False)

    def resume(self, number: int) -> float:
        hub, server = self._person.hub, self._workspaces[number].slug
        return timed(lambda: hub.post(self._path(server)), hub, server, ready=True)

    def stop(self, number: int) -> float:
        began = time.perf_counter()
        self._workspaces[number].delete()
        seconds = time.perf_counter() - began
        for disk in self._person.api.get("/disks").json()["items"]:
            self._person.api.delete(f"/disks/{disk['id']}")
        return seconds

    def page(self, number: int, path: str) -> httpx.Response:
        url = f"{self._person.deployment.url}{self._workspaces[number].server_url.rstrip('/')}{path}"
        return httpx.get(url, headers={"Authorization": f"token {self._person.token}"}, timeout=60)

    def container(self, number: int) -> str:
        return str(self._workspaces[number].container().id)

    def _path(self, server: str) -> str:
        return f"/users/ana/servers/{server}"
