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

    def __init__(self, deployment: str, buckets_host_path: str) -> None:
        self._path = buckets_host_path
        self._throwaway = ThrowAway(deployment, "emptying")
        self._lock = threading.Lock()

    def run(self, workspace_id: str) -> None:
        """Delete everything in the bucket of a workspace. Idempotent; no folder is an empty one."""
        if not self._path:
            raise EngineUnavailable("It is not known where buckets are on this machine (TERRA_BUCKETS_HOST_PATH).")
        mount = {"Type": "bind", "Source": f"{self._path}/{workspace_id}", "Target": TARGET, "ReadOnly": False}
        command = ["find", TARGET, "-xdev", "-mindepth", "1", "-delete"]
        with self._lock, translated():
            client = docker.APIClient(version="auto", timeout=60)
            try:
                self._throwaway.run(client, command, mount, ["DAC_OVERRIDE", "FOWNER"])
            except docker.errors.APIError as error:
                if "bind source path does not exist" not in str(error):
                    raise
            finally:
                client.close()
