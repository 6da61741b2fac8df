"""The Docker Engine's door for the host service: takes ids, finds things by our labels.

The spawner has its own way in (DockerSpawner's ``docker()``); nothing else speaks to Docker. Blocking: call it
in a thread; one client per thread, as docker-py's is not thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import docker
import requests

from terraspawner.containers.image_look import Look, look
from terraspawner.containers.memory import has_room, memory_held
from terraspawner.containers.plan import LABEL, is_identifier, limits_of
from terraspawner.containers.startup import COMMAND
from terraspawner.errors import DiskAttached, EngineUnavailable, EnvironmentMissing, MemoryInUse

STOP_SECONDS = 10
MOST_LOOKS = 50
_LOOKS_AT_ONCE = 8


class Engine:
    """One deployment's containers and volumes. Raises `EngineUnavailable` when the Engine does not answer."""

    def __init__(self, deployment: str) -> None:
        self._deployment = deployment
        self._local = threading.local()
        self._looks: dict[str, Look] = {}

    @property
    def client(self) -> Any:
        """This thread's client."""
        if not hasattr(self._local, "client"):
            self._local.client = docker.APIClient(version="auto", timeout=60)
        return self._local.client

    def version(self) -> dict[str, str]:
        with translated():
            answer = self.client.version()
        return {"version": answer["Version"], "api_version": answer["ApiVersion"]}

    def environments(self) -> list[dict[str, Any]]:
        """Every environment's container: id of the environment, of itself and of its disk, status, and what it holds
        where it is frozen. What somebody labelled otherwise than we do is not one."""
        filters = {"label": self._labels("kind", "environment")}
        with translated():
            return [
                {
                    "id": identifier,
                    "container_id": container["Id"],
                    "status": container["State"],
                    "memory_bytes": self._memory(container["Id"]) if container["State"] == "paused" else 0,
                }
                for container in self.client.containers(all=True, filters=filters)
                if is_identifier(identifier := container["Labels"].get(f"{LABEL}environment", ""))
            ]

    def processor_times(self, identifiers: Collection[str]) -> list[dict[str, Any]]:
        """Of those of these environments that run, the processor time that the container has used so far, in
        nanoseconds, with the container's id: another one began anew.

        Side by side, as the Engine takes a second for each that it was asked about a moment ago.
        """
        filters = {"label": self._labels("kind", "environment"), "status": "running"}
        with translated():
            running = {
                each["Labels"].get(f"{LABEL}environment", ""): each["Id"]
                for each in self.client.containers(filters=filters)
            }
            wanted = [(each, running[each]) for each in identifiers if each in running]
            if not wanted:
                return []
            with ThreadPoolExecutor(min(len(wanted), _LOOKS_AT_ONCE)) as pool:
                times = list(pool.map(lambda each: self._processor_time(each[1]), wanted))
        return [
            {"id": identifier, "container_id": container, "nanoseconds": used}
            for (identifier, container), used in zip(wanted, times, strict=True)
            if used is not None
        ]

    def _processor_time(self, container_id: str) -> int | None:
        """None where it ended meanwhile."""
        with _gone_is_fine():
            stats = self.client.stats(container_id, stream=False, one_shot=True)
            used = stats.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage")
            return used if isinstance(used, int) else None
        return None

    def disks(self) -> list[str]:
        """The ids of all disks that have a volume."""
        filters = {"label": self._labels("kind", "disk")}
        with translated():
            found = self.client.volumes(filters=filters)["Volumes"] or []
        named = (volume["Labels"].get(f"{LABEL}disk", "") for volume in found)
        return [identifier for identifier in named if is_identifier(identifier)]

    def facts(self, environment_id: str) -> dict[str, Any]:
        """State of an environment's container. Raises `EnvironmentMissing` where there is none."""
        with translated():
            for container in self._containers("environment", environment_id):
                details = self.client.inspect_container(container["Id"])
                state = details["State"]
                return {
                    "container_id": container["Id"],
                    "status": state["Status"],
                    "started_at": state["StartedAt"],
                    "finished_at": state["FinishedAt"],
                    "exit_code": state["ExitCode"],
                    "oom_killed": state["OOMKilled"],
                    "memory_bytes": self._memory(container["Id"]) if state["Running"] else 0,
                }
        raise EnvironmentMissing(f"The environment {environment_id!r} has no container.")

    def log(self, environment_id: str, lines: int) -> list[str]:
        """The container's last lines."""
        with translated():
            for container in self._containers("environment", environment_id):
                text: bytes = self.client.logs(container["Id"], tail=lines)
                return text.decode(errors="replace").splitlines()
        raise EnvironmentMissing(f"The environment {environment_id!r} has no container.")

    def changes(self, environment_id: str) -> list[tuple[int, str]]:
        """Paths that were changed beside what is mounted, running or not: kind as `domain.layer.Change`, path."""
        with translated():
            for container in self._containers("environment", environment_id):
                return [(item["Kind"], item["Path"]) for item in self.client.diff(container["Id"]) or ()]
        raise EnvironmentMissing(f"The environment {environment_id!r} has no container.")

    def start_script(self, environment_id: str) -> RunningScript:
        """Run the startup script that lies in an environment's container, as root. Raises `EnvironmentMissing`."""
        with translated():
            for container in self._containers("environment", environment_id):
                made = self.client.exec_create(container["Id"], list(COMMAND), user="0", privileged=False)
                return RunningScript(self, made["Id"])
        raise EnvironmentMissing(f"The environment {environment_id!r} has no container.")

    def resize(self, environment_id: str, cpu: float, memory: int) -> None:
        """Give an environment's container another size, also while it runs. Nothing to do where there is none.

        Raises `MemoryInUse` where it would have less memory than what it holds wants: the kernel would end processes to
        make it fit.
        """
        with translated():
            for container in self._containers("environment", environment_id):
                details = self.client.inspect_container(container["Id"])
                if details["State"]["Running"] and memory < details["HostConfig"]["Memory"]:
                    held = self._memory(container["Id"])
                    if not has_room(held, memory):
                        raise MemoryInUse(held=held, memory=memory)
                self.client.update_container(container["Id"], **limits_of(cpu, memory))

    def stop_environment(self, environment_id: str) -> None:
        """Stop the container of an environment, and keep it. Idempotent."""
        with translated():
            for container in self._containers("environment", environment_id):
                self._stop(container)

    def look(self, reference: str) -> Look | None:
        """What is in an image; None where this machine has none of that name. Nothing of it is run."""
        with translated():
            try:
                image = self.client.inspect_image(reference)
            except docker.errors.ImageNotFound:
                return None
            return self._looks.get(image["Id"]) or self._looked(image)

    def _looked(self, image: dict[str, Any]) -> Look:
        """Kept, as an image of this id never changes."""
        if len(self._looks) >= MOST_LOOKS:
            self._looks.clear()
        return self._looks.setdefault(image["Id"], look(self.client, self._deployment, image))

    def remove_environment(self, environment_id: str) -> None:
        """Stop and remove the container of an environment. Idempotent."""
        with translated():
            for container in self._containers("environment", environment_id):
                self._stop(container)
                with _gone_is_fine():
                    self.client.remove_container(container["Id"], v=True, force=True)

    def _stop(self, container: Mapping[str, Any]) -> None:
        with _gone_is_fine():
            if container["State"] == "paused":  # one that stands still could not hear that it shall end
                self.client.unpause(container["Id"])
            self.client.stop(container["Id"], timeout=STOP_SECONDS)

    def remove_disk(self, disk_id: str) -> None:
        """Remove the volume of a disk. Idempotent. Raises `DiskAttached` while a container has it."""
        with translated():
            if self._containers("disk", disk_id):
                raise DiskAttached(f"The disk {disk_id} is attached to a container, so it was not deleted.")
            found = self.client.volumes(filters={"label": self._labels("disk", disk_id)})["Volumes"] or []
            for volume in found:
                self._let_go(disk_id, volume["Name"])
                with _gone_is_fine():
                    self._remove_volume(disk_id, volume["Name"])

    def _let_go(self, disk_id: str, volume: str) -> None:
        """Remove a stopped container that was made with a data disk which its environment has no more: its next start
        makes it anew in any case, and until then Docker would not let go of the volume."""
        filters = {"volume": volume, "label": self._labels("kind", "environment")}
        for container in self.client.containers(all=True, filters=filters):
            if container["State"] not in ("exited", "created", "dead"):
                raise DiskAttached(f"The disk {disk_id} is mounted in a container that runs, so it was not deleted.")
            with _gone_is_fine():
                self.client.remove_container(container["Id"], v=True)

    def _remove_volume(self, disk_id: str, name: str) -> None:
        try:
            self.client.remove_volume(name)
        except docker.errors.APIError as error:
            if error.status_code != 409:
                raise
            raise DiskAttached(f"The disk {disk_id} is being looked at, so it was not deleted yet.") from error

    def _containers(self, kind: str, identifier: str) -> list[dict[str, Any]]:
        filters = {"label": self._labels(kind, identifier)}
        found: list[dict[str, Any]] = self.client.containers(all=True, filters=filters)
        return found

    def _labels(self, kind: str, identifier: str) -> list[str]:
        return [f"{LABEL}deployment={self._deployment}", f"{LABEL}{kind}={identifier}"]

    def _memory(self, container_id: str) -> int:
        return memory_held(self.client.stats(container_id, stream=False, one_shot=True))


class RunningScript:
    """One run of a script, followed from several threads."""

    def __init__(self, engine: Engine, exec_id: str) -> None:
        self._engine = engine
        self._id = exec_id
        self._stream = engine.client.exec_start(exec_id, stream=True)

    def words(self) -> Iterator[bytes]:
        """What it says, piece by piece."""
        yield from self._stream

    def exit_code(self) -> int | None:
        """None while it runs."""
        with translated():
            state = self._engine.client.exec_inspect(self._id)
        # no exit code yet: the Engine answers before it has begun
        return None if state["Running"] or state["ExitCode"] is None else int(state["ExitCode"])


@contextmanager
def translated() -> Iterator[None]:
    """What Docker or the way to it refuses becomes an error of ours."""
    try:
        yield
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise EngineUnavailable(f"The Docker Engine did not do it: {error}") from error


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except docker.errors.NotFound:
        pass
    except docker.errors.APIError as error:
        if error.status_code != 409 or "already in progress" not in str(error):
            raise
