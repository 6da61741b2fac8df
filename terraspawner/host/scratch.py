"""Scratch: room of an environment that is emptied at each pause, in the volume that goes with its container (D9).

Emptied from outside, when nothing of the environment runs any more: what it ran could keep anything from being deleted.
An environment that ended otherwise empties it as it starts (``images/python/bin/entry``).
"""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import docker

from terraspawner.containers.engine import translated
from terraspawner.containers.plan import LABEL, SCRATCH, is_identifier
from terraspawner.errors import Conflict
from terraspawner.host.throwaway import ThrowAway

_PIECE = 4096
"""Of an archive: enough for the folder itself and the first thing in it."""


class ScratchRooms:
    """Those of one deployment. Blocking: call it in a thread. Raises `EngineUnavailable`."""

    def __init__(self, deployment: str) -> None:
        self._deployment = deployment
        self._throwaway = ThrowAway(deployment, "scratch-emptying")
        self._lock = threading.Lock()

    def holds_anything(self, environment_id: str) -> bool:
        """Whether something lies in it; nothing does where there is no such room."""
        with self._client() as client:
            container = self._container(client, environment_id)
            return container is not None and _volume(container) != "" and _is_used(client, container["Id"])

    def empty(self, environment_id: str) -> None:
        """Delete everything in it. Idempotent. Raises `Conflict` while the environment has processes."""
        with self._client() as client:
            container = self._container(client, environment_id)
            volume = _volume(container) if container else ""
            if container is None or not volume:
                return
            if container["State"] in ("running", "paused", "restarting"):
                raise Conflict(f"The environment {environment_id} runs, so its scratch room was not emptied.")
            if not _is_used(client, container["Id"]):
                return
            mount = {"Type": "volume", "Source": volume, "Target": SCRATCH, "ReadOnly": False}
            command = ["find", SCRATCH, "-xdev", "-mindepth", "1", "-delete"]
            with self._lock:
                self._throwaway.run(client, command, [mount], ["DAC_OVERRIDE", "FOWNER"])

    def lost(self) -> list[str]:
        """The environments whose room no container has any more."""
        with self._client() as client:
            found = client.volumes(filters={"label": self._labels(), "dangling": True})["Volumes"] or []
        named = {volume["Labels"].get(f"{LABEL}environment", "") for volume in found}
        return sorted(identifier for identifier in named if is_identifier(identifier))

    def remove(self, environment_id: str) -> None:
        """Remove those of an environment that no container has. Idempotent."""
        labels = [*self._labels(), f"{LABEL}environment={environment_id}"]
        with self._client() as client:
            for volume in client.volumes(filters={"label": labels, "dangling": True})["Volumes"] or []:
                with _taken_or_gone_is_fine():
                    client.remove_volume(volume["Name"])

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with translated(), closing(docker.APIClient(version="auto", timeout=60)) as client:
            yield client

    def _container(self, client: Any, environment_id: str) -> dict[str, Any] | None:
        labels = [f"{LABEL}deployment={self._deployment}", f"{LABEL}environment={environment_id}"]
        labels.append(f"{LABEL}kind=environment")
        found: list[dict[str, Any]] = client.containers(all=True, filters={"label": labels})
        return found[0] if found else None

    def _labels(self) -> list[str]:
        return [f"{LABEL}deployment={self._deployment}", f"{LABEL}kind=scratch"]


def _volume(container: dict[str, Any]) -> str:
    """The name of the volume that is mounted there; empty in a container that was made before there was any."""
    mounts = [mount for mount in container["Mounts"] if mount["Destination"] == SCRATCH and mount["Type"] == "volume"]
    return str(mounts[0]["Name"]) if mounts else ""


def _is_used(client: Any, container_id: str) -> bool:
    """Asked of the Engine, which packs the folder: the second thing in the archive is the first in the folder. A
    container for that would take a second at every pause."""
    pieces, _ = client.get_archive(container_id, SCRATCH, chunk_size=_PIECE)
    head = b""
    with closing(pieces):
        for piece in pieces:
            head += piece
            if len(head) >= _PIECE:
                break
    with tarfile.open(fileobj=io.BytesIO(head), mode="r|", errorlevel=0) as archive:
        archive.next()
        try:
            return archive.next() is not None
        except tarfile.TarError:  # cut off in the middle of a long name
            return True


@contextmanager
def _taken_or_gone_is_fine() -> Iterator[None]:
    try:
        yield
    except docker.errors.NotFound:
        return
    except docker.errors.APIError as error:
        if error.status_code != 409:
            raise
