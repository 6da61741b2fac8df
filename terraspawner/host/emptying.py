"""Empties the folder of a bucket that is purged, in a throw-away container.

What environments wrote into a workspace's data is theirs, with their modes: the service that keeps buckets may not
delete it, and shall not be given the power. Here an id becomes one mounted folder, and links in it lead nowhere.
"""

from __future__ import annotations

import threading

import docker

from terraspawner.containers.engine import translated
from terraspawner.errors import EngineUnavailable
from terraspawner.host.throwaway import ThrowAway

TARGET = "/bucket"


class BucketEmptying:
    """One at a time. Blocking: call it in a thread."""

    def __init__(self, deployment: str, buckets_host_path: str, libraries_host_path: str) -> None:
        self._paths = (buckets_host_path, libraries_host_path)
        self._throwaway = ThrowAway(deployment, "emptying")
        self._lock = threading.Lock()

    def run(self, workspace_id: str) -> None:
        """Delete everything in the bucket of a workspace, or in a library. Idempotent; no folder is an empty one."""
        if not all(self._paths):
            raise EngineUnavailable(
                "It is not known where buckets and libraries are on this machine (TERRA_BUCKETS_HOST_PATH,"
                " TERRA_LIBRARIES_HOST_PATH)."
            )
        for path in self._paths:
            self._empty(f"{path}/{workspace_id}")

    def _empty(self, folder: str) -> None:
        mount = {"Type": "bind", "Source": folder, "Target": TARGET, "ReadOnly": False}
        command = ["find", TARGET, "-xdev", "-mindepth", "1", "-delete"]
        with self._lock, translated():
            client = docker.APIClient(version="auto", timeout=60)
            try:
                self._throwaway.run(client, command, [mount], ["DAC_OVERRIDE", "FOWNER"])
            except docker.errors.APIError as error:
                if "bind source path does not exist" not in str(error):
                    raise
            finally:
                client.close()
