"""DockerSpawner with a pool, one client per thread, and one listing for all polls.

How Docker is asked, for the spawner alone; what is asked of it and why stands in ``terraspawner.spawner``. The
stock spawner has one thread for everybody, so that one slow stop blocks all polls and starts; docker-py's client
is not thread-safe, hence one for each thread.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import docker
import requests
from dockerspawner import DockerSpawner

from terraspawner.containers.listing import Listing
from terraspawner.containers.memory import memory_held
from terraspawner.containers.plan import LABEL
from terraspawner.containers.readiness import end_of, since
from terraspawner.containers.start_file import START_FOLDER
from terraspawner.containers.uncut import Uncut

LOG_LINES = 50
NO_ANSWER = (docker.errors.DockerException, requests.RequestException)


class PooledDockerSpawner(DockerSpawner):
    """A kept container, found by the deployment's label. `deployment` and `stop_seconds` are the subclass's."""

    _pool: ClassVar[ThreadPoolExecutor] = ThreadPoolExecutor(max_workers=8, thread_name_prefix="docker")
    _clients: ClassVar[threading.local] = threading.local()
    _listing: ClassVar[Listing] = Listing()

    remove = False
    pull_policy = "skip"
    deployment: str
    stop_seconds: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.uncut = Uncut()

    @property
    def executor(self) -> ThreadPoolExecutor:
        return self._pool

    @property
    def client(self) -> docker.APIClient:
        if not hasattr(self._clients, "client"):
            self._clients.client = docker.APIClient(version="auto", timeout=60)
        return self._clients.client

    def docker(self, method: str, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Ask Docker in a thread. Who is cancelled meanwhile waits for `uncut.settled()` before he undoes anything."""
        return self.uncut(super().docker(method, *args, **kwargs))

    async def listed(self) -> Mapping[str, Any] | None:
        """The container as the Engine lists it, at most a few seconds ago; None where it is gone."""
        return await self._listing.container(self.object_name, self._ask_listing)

    async def inspected(self) -> dict[str, Any]:
        """The container's state as the Engine tells it now."""
        return (await self.docker("inspect_container", self.object_id or self.object_name))["State"]

    async def how_it_ended(self) -> str:
        """A sentence on the end of the container, with the memory that it had."""
        found = await self.docker("inspect_container", self.object_id or self.object_name)
        return end_of(found["State"], found["HostConfig"]["Memory"])

    async def start_with(self, archive: bytes) -> None:
        """Hand over the start file and start. What an interrupted start left running is ended first."""
        if (await self.inspected())["Running"]:
            await self.stop_object()
        await self.docker("put_archive", self.object_id, START_FOLDER, archive)
        await self.docker("start", self.object_id)
        self._listing.forget()

    async def stop_object(self) -> None:
        """Ask it to end, and give it its time. One that stands still could not hear that, so it is thawed first."""
        try:
            await self.thaw_object()
            await self.docker("stop", self.object_id or self.object_name, timeout=self.stop_seconds)
        except docker.errors.NotFound:
            self.log.info("The container of %s is gone already", self._log_name)
        finally:
            self._listing.forget()

    async def freeze_object(self) -> None:
        """Stop its processes where they are; memory and open files stay. Nothing to do where they are frozen."""
        if (await self.inspected())["Paused"]:
            return
        try:
            await self.docker("pause", self.object_id or self.object_name)
        finally:
            self._listing.forget()

    async def thaw_object(self) -> None:
        """Let frozen processes go on; nothing to do where they are not frozen."""
        if not (await self.inspected())["Paused"]:
            return
        try:
            await self.docker("unpause", self.object_id or self.object_name)
        finally:
            self._listing.forget()

    async def memory_held(self) -> int:
        """Bytes that its processes hold, as the Engine counts them; file caches can be taken away and do not count."""
        stats = await self.docker("stats", self.object_id or self.object_name, stream=False, one_shot=True)
        return memory_held(stats)

    async def end_at_once(self, archive: bytes) -> None:
        """End what never came up and has nothing to save; put `archive` over a start file that was not read."""
        container = self.object_id or self.object_name
        try:
            await self.docker("kill", container)
        except docker.errors.APIError as error:
            if error.status_code not in (404, 409):  # gone, or not running
                raise
        finally:
            self._listing.forget()
        try:
            await self.docker("put_archive", container, START_FOLDER, archive)
        except docker.errors.NotFound:
            return

    async def last_lines(self) -> str:
        """What the container said since its last start; empty where that cannot be had."""
        container = self.object_id or self.object_name
        try:
            started_at = (await self.inspected())["StartedAt"]
            text = await self.docker("logs", container, tail=LOG_LINES, since=since(started_at))
        except NO_ANSWER:
            return ""
        return text.decode(errors="replace")

    async def _ask_listing(self) -> list[dict[str, Any]]:
        label = f"{LABEL}deployment={self.deployment}"
        return await self.docker("containers", all=True, filters={"label": [label]})
