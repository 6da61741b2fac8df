"""Copies a disk's files from its volume onto its image, and takes the volume away once nobody wants it any more.

In a throw-away container that has both and nothing else: an id becomes two mounts. rsync goes on where an earlier copy
was ended, and a second look at every byte says whether both hold the same; until then the volume is as it was.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import docker
from aiohttp import web

from terraspawner.containers import disk_images
from terraspawner.containers.engine import translated
from terraspawner.containers.plan import LABEL
from terraspawner.errors import DiskAttached, DiskMissing, EngineUnavailable
from terraspawner.host.asked import id_of
from terraspawner.host.throwaway import ThrowAway

SOURCE, TARGET = "/from", "/to"
SECONDS = 24 * 3600
_RSYNC = ("rsync", "--archive", "--hard-links", "--acls", "--xattrs", "--sparse", "--numeric-ids", "--delete")
_COMPARE = ("--checksum", "--dry-run", "--itemize-changes")
_POWERS = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP")


class DiskCopies:
    """One at a time. Blocking: call it in a thread."""

    def __init__(self, deployment: str, mounts_host_path: str) -> None:
        self._deployment = deployment
        self._mounts = mounts_host_path
        self._throwaway = ThrowAway(deployment, "copying")
        self._lock = threading.Lock()

    def copy(self, disk_id: str) -> None:
        """Have on the image, which is mounted, exactly what is in the volume. Idempotent.

        Raises `DiskMissing` without a volume, `DiskAttached` where something that runs writes to it,
        `EngineUnavailable` where the copy is not whole, as on an image that is too small.
        """
        with self._lock, translated(), closing(docker.APIClient(version="auto", timeout=60)) as client:
            volume = self._name(disk_id)
            self._check_still(client, disk_id, volume)
            image = disk_images.home_of(self._mounts, disk_id)
            mounts = [
                {"Type": "volume", "Source": volume, "Target": SOURCE, "ReadOnly": True},
                {"Type": "bind", "Source": image, "Target": TARGET, "ReadOnly": False},
            ]
            self._run(client, mounts, ())
            if differing := self._run(client, mounts, _COMPARE):
                first = differing.splitlines()[0]
                raise EngineUnavailable(f"The copy of the disk {disk_id} is not what was copied, such as {first!r}.")

    def drop(self, disk_id: str) -> None:
        """Remove the volume. Idempotent. Raises `DiskAttached` while a container has it."""
        with self._lock, translated(), closing(docker.APIClient(version="auto", timeout=60)) as client:
            try:
                client.remove_volume(self._name(disk_id))
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if error.status_code != 409:
                    raise
                raise DiskAttached(f"A container has the old volume of the disk {disk_id} still.") from error

    def _run(self, client: Any, mounts: Sequence[dict[str, object]], more: Sequence[str]) -> str:
        command = [*_RSYNC, *more, f"{SOURCE}/", f"{TARGET}/"]
        return self._throwaway.run(client, command, mounts, _POWERS, seconds=SECONDS)

    def _name(self, disk_id: str) -> str:
        return f"{self._deployment}-disk-{disk_id}"

    def _check_still(self, client: Any, disk_id: str, volume: str) -> None:
        try:
            client.inspect_volume(volume)
        except docker.errors.NotFound as error:
            raise DiskMissing(f"The disk {disk_id} has no volume to copy from.") from error
        for container in client.containers(filters={"volume": volume}):
            if container["Labels"].get(f"{LABEL}kind") == "environment":
                raise DiskAttached(f"A container that runs writes to the disk {disk_id}, so it was not copied.")


class CopyRoutes:
    """Takes an id and nothing else."""

    def __init__(self, copies: DiskCopies) -> None:
        self._copies = copies
        # a copy takes as long as it takes, and they go one after the other
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="copies")

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/disks/{id}/copy", self.copy),
            web.delete("/disks/{id}/volume", self.drop),
        ]

    async def copy(self, request: web.Request) -> web.Response:
        identifier = id_of(request)
        await asyncio.get_running_loop().run_in_executor(self._pool, lambda: self._copies.copy(identifier))
        return web.Response(status=204)

    async def drop(self, request: web.Request) -> web.Response:
        identifier = id_of(request)
        await asyncio.get_running_loop().run_in_executor(self._pool, lambda: self._copies.drop(identifier))
        return web.Response(status=204)
