"""Measures how full a disk is, in a throw-away container: of a disk in use and of one that nothing uses alike.

Not asked of the environment, which could say anything, and not of the Engine's own sum (``GET /system/df``), which
counts every image and container of the machine each time and names no folder.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import docker

from terraspawner.containers import disk_images
from terraspawner.containers.engine import translated
from terraspawner.containers.plan import LABEL
from terraspawner.errors import DiskMissing
from terraspawner.host.throwaway import ThrowAway
from terraspawner.host.usage import TARGET


class DiskMeasure:
    """One at a time, so that no more than one disk of the machine is read through. Blocking: call it in a thread."""

    def __init__(self, deployment: str, mounts_host_path: str) -> None:
        self._deployment = deployment
        self._mounts = mounts_host_path
        self._throwaway = ThrowAway(deployment, "measure")
        self._lock = threading.Lock()

    def run(self, disk_id: str) -> dict[str, Any]:
        """Bytes in use, and the largest folders. Raises `DiskMissing`, `EngineUnavailable`."""
        with self._lock, translated():
            client = docker.APIClient(version="auto", timeout=60)
            try:
                mount = {**self._place(client, disk_id), "Target": TARGET, "ReadOnly": True}
                command = ["python", "-m", "terraspawner.host.usage"]
                said = self._throwaway.run(client, command, [mount], ["DAC_READ_SEARCH"])
            except docker.errors.APIError as error:
                if "bind source path does not exist" not in str(error):
                    raise
                raise DiskMissing(f"The disk {disk_id} has neither a volume nor a mounted image.") from error
            finally:
                client.close()
        found: dict[str, Any] = json.loads(said)
        return found

    def _place(self, client: Any, disk_id: str) -> dict[str, str]:
        """Its volume, or, where it has none, the place of its image."""
        labels = [f"{LABEL}deployment={self._deployment}", f"{LABEL}kind=disk", f"{LABEL}disk={disk_id}"]
        for volume in client.volumes(filters={"label": labels})["Volumes"] or []:
            return {"Type": "volume", "Source": str(volume["Name"])}
        return {"Type": "bind", "Source": disk_images.home_of(self._mounts, disk_id)}
