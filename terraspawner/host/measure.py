"""Measures how full a disk is, in a throw-away container: of a disk in use and of one that nothing uses alike.

Not asked of the environment, which could say anything, and not of the Engine's own sum (``GET /system/df``), which
counts every image and container of the machine each time and names no folder. The container reads one volume and
reaches nothing: no network, no other mount, a root that may read and no more.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import docker
import requests

from terraspawner import __version__
from terraspawner.containers.engine import translated
from terraspawner.containers.plan import LABEL
from terraspawner.errors import DiskMissing, EngineUnavailable
from terraspawner.host.usage import TARGET

IMAGE = f"terraspawner/hub:{__version__}"
RUN_SECONDS = 120


class DiskMeasure:
    """One at a time, so that no more than one disk of the machine is read through. Blocking: call it in a thread."""

    def __init__(self, deployment: str) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()

    def run(self, disk_id: str) -> dict[str, Any]:
        """Bytes in use, and the largest folders. Raises `DiskMissing`, `EngineUnavailable`."""
        with self._lock, translated():
            client = docker.APIClient(version="auto", timeout=60)
            try:
                self._remove_left_overs(client)
                return self._measured(client, self._volume(client, disk_id))
            finally:
                client.close()

    def _volume(self, client: Any, disk_id: str) -> str:
        labels = [f"{LABEL}deployment={self._deployment}", f"{LABEL}kind=disk", f"{LABEL}disk={disk_id}"]
        for volume in client.volumes(filters={"label": labels})["Volumes"] or []:
            return str(volume["Name"])
        raise DiskMissing(f"The disk {disk_id} has no volume yet.")

    def _measured(self, client: Any, volume: str) -> dict[str, Any]:
        host = client.create_host_config(
            network_mode="none",
            cap_drop=["ALL"],
            cap_add=["DAC_READ_SEARCH"],
            security_opt=["no-new-privileges"],
            read_only=True,
            mem_limit=256 * 1024 * 1024,
            cpu_period=100_000,
            cpu_quota=50_000,
            pids_limit=16,
            mounts=[{"Type": "volume", "Source": volume, "Target": TARGET, "ReadOnly": True}],
            log_config={"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
        )
        made = client.create_container(
            self._own_image(client),
            ["python", "-m", "terraspawner.host.usage"],
            user="0:0",
            host_config=host,
            labels=self._labels(),
            working_dir="/",
        )
        try:
            client.start(made["Id"])
            status = self._ended(client, made["Id"])
            said = client.logs(made["Id"], stdout=True, stderr=False).decode()
            if status or not said.strip():
                raise EngineUnavailable("The disk could not be measured. Look at the log of the host service.")
            found: dict[str, Any] = json.loads(said)
            return found
        finally:
            client.remove_container(made["Id"], force=True)

    def _ended(self, client: Any, container_id: str) -> int:
        try:
            return int(client.wait(container_id, timeout=RUN_SECONDS)["StatusCode"])
        except requests.RequestException as error:
            raise EngineUnavailable(
                f"The disk was not measured within {RUN_SECONDS} seconds: there are very many files on it."
            ) from error

    def _own_image(self, client: Any) -> str:
        """The image that this process runs from, as in `netprobe`."""
        labels = [f"{LABEL}deployment={self._deployment}", "com.docker.compose.service=host"]
        found = [container["ImageID"] for container in client.containers(filters={"label": labels})]
        return found[0] if found else IMAGE

    def _remove_left_overs(self, client: Any) -> None:
        """Of a host service that was killed while it measured: the volume could not be removed."""
        wanted = [f"{name}={value}" for name, value in self._labels().items()]
        for container in client.containers(all=True, filters={"label": wanted}):
            client.remove_container(container["Id"], force=True)

    def _labels(self) -> dict[str, str]:
        return {f"{LABEL}deployment": self._deployment, f"{LABEL}kind": "measure"}
