"""Client of the host service, which alone has power over the machine. It is told identifiers, never paths."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from terraspawner.errors import DiskAttached, HostUnavailable, MemoryInUse
from terraspawner.errors_starts import NetworkUnsafe
from terraspawner.socket_client import SocketClient, message_of

_SECONDS = 10.0
_STOPPING_SECONDS = 60.0
_MEASURING_SECONDS = 300.0
_LOOKING_SECONDS = 30.0
_DIFF_SECONDS = 20.0
_MOST_TIMES = 200
_PROBE_LOOKS, _PROBE_PAUSE_SECONDS = 30, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """An environment's container as the Engine has it: its id and the Engine's word for its state. `memory` in bytes,
    counted for frozen ones alone."""

    id: str
    status: str
    memory: int = 0

    @property
    def is_frozen(self) -> bool:
        return self.status == "paused"

    @property
    def is_running(self) -> bool:
        """Its processes are there and do not stand still."""
        return self.status in ("running", "restarting")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorTime:
    """What the container of this id has used since it was started."""

    container: str
    nanoseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUse:
    """Bytes in use, and the largest folders with theirs; `unsent` saves lie in the outbox of a home folder."""

    used: int
    folders: tuple[tuple[str, int], ...]
    unsent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenImage:
    """An image as the host service sees it; without `is_here` the rest says nothing.

    `size` in bytes; `language` what its kernels are for; `findings` what keeps it from being an environment's, each a
    sentence.
    """

    is_here: bool
    created_at: datetime | None = None
    size: int = 0
    language: str = "python"
    findings: tuple[str, ...] = ()
    packages: tuple[Mapping[str, str], ...] = ()
    """Each with `language`, `name` and `version`."""


class HostClient:
    """Speaks HTTP over a unix socket. Raises `HostUnavailable` when nobody answers, for `patience` in seconds."""

    def __init__(self, socket: str, *, patience: float = 0) -> None:
        self._service = SocketClient(socket, "host service", HostUnavailable, seconds=_SECONDS, patience=patience)

    async def health(self) -> dict[str, Any]:
        """The Engine's version and what the probe of the environments' network found."""
        answer = await self._call("GET", "/health")
        found: dict[str, Any] = answer.json()
        return found

    async def check_network(self) -> None:
        """Raises `NetworkUnsafe` unless the probe found the environments' network closed (TRAPS.md 18)."""
        try:
            network = await self._probed()
        except HostUnavailable as error:
            raise NetworkUnsafe(
                "The host service is not answering, so it is not known whether the environments' network is closed"
                " between users, and nothing is started. Try again in a minute or ask the operator."
            ) from error
        if not network["ok"]:
            faults = "; ".join(item["message"] for item in network["findings"] if not item["ok"])
            raise NetworkUnsafe(f"The environments' network is not closed between users, so nothing starts: {faults}")

    async def _probed(self) -> dict[str, Any]:
        """What the probe found; a host service that has just come up is given the time for its first one."""
        for _ in range(_PROBE_LOOKS):
            network: dict[str, Any] = (await self.health())["network"]
            if network["checked_at"] is not None:
                break
            await asyncio.sleep(_PROBE_PAUSE_SECONDS)
        return network

    async def memory(self) -> Mapping[str, Any] | None:
        """What memory the machine has left, as `domain.host_memory` tells it; None where that cannot be read."""
        answer = await self._call("GET", "/memory")
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.json()["memory"]

    async def containers(self) -> Mapping[str, ContainerState]:
        """The containers of all environments, by the environment's id."""
        answer = await self._call("GET", "/environments")
        return {
            item["id"]: ContainerState(id=item["container_id"], status=item["status"], memory=item["memory_bytes"])
            for item in answer.json()["items"]
        }

    async def processor_times(self, identifiers: Sequence[str]) -> Mapping[str, ProcessorTime]:
        """The processor time that those of these environments that run have used so far, by the environment's id; of
        very many those of the first. The Engine is asked in any case."""
        ids = {"ids": ",".join(identifiers[:_MOST_TIMES])}
        answer = await self._call("GET", "/environments/processor-times", params=ids, timeout=_LOOKING_SECONDS)
        return {
            item["id"]: ProcessorTime(container=item["container_id"], nanoseconds=int(item["nanoseconds"]))
            for item in answer.json()["items"]
        }

    async def resize_environment(self, environment_id: str, cpu: float, memory: int) -> None:
        """Give its container another size, also while it runs. Raises `MemoryInUse` with what it `held`, in bytes."""
        size = {"cpu": cpu, "memory": memory}
        answer = await self._call("PUT", f"/environments/{environment_id}/size", json=size)
        if answer.status_code == httpx.codes.CONFLICT:
            raise MemoryInUse(**answer.json()["error"]["details"])

    async def disks(self) -> frozenset[str]:
        """The ids of the disks that have a volume."""
        answer = await self._call("GET", "/disks")
        return frozenset(answer.json()["items"])

    async def stop_environment(self, environment_id: str) -> None:
        """Stop the container and keep it. Done already is done."""
        await self._call("POST", f"/environments/{environment_id}/stop", timeout=_STOPPING_SECONDS)

    async def look_at_image(self, reference: str) -> SeenImage:
        """What is in an image of this machine, and what is missing in it."""
        answer = await self._call("POST", "/images/look", json={"reference": reference}, timeout=_LOOKING_SECONDS)
        seen = answer.json()
        if not seen["is_here"]:
            return SeenImage(is_here=False)
        return SeenImage(
            is_here=True,
            created_at=_moment(seen["created_at"]),
            size=seen["size"],
            language=seen["language"],
            findings=tuple(seen["findings"]),
            packages=tuple(seen["packages"]),
        )

    async def delete_environment(self, environment_id: str) -> None:
        """Stop and remove the container. Done already is done."""
        await self._call("DELETE", f"/environments/{environment_id}", timeout=_STOPPING_SECONDS)

    async def delete_disk(self, disk_id: str) -> None:
        """Remove the volume. Done already is done. Raises `DiskAttached` while a container uses it."""
        await self._call("DELETE", f"/disks/{disk_id}", timeout=_STOPPING_SECONDS)

    async def copy_disk(self, disk_id: str) -> None:
        """Have on a disk's image exactly what is in its plain volume. Raises `DiskAttached` where something that runs
        writes to it. It takes as long as it takes."""
        answer = await self._call("POST", f"/disks/{disk_id}/copy", timeout=None)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise self._service.failure(answer)

    async def drop_volume(self, disk_id: str) -> None:
        """Remove the volume of a disk that is an image by now. Done already is done. Raises `DiskAttached`."""
        await self._call("DELETE", f"/disks/{disk_id}/volume", timeout=_STOPPING_SECONDS)

    async def measure_disk(self, disk_id: str) -> DiskUse | None:
        """How full a disk is, used or not; None where it has no volume. Seconds, with very many files a minute."""
        answer = await self._call("POST", f"/disks/{disk_id}/measure", timeout=_MEASURING_SECONDS)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found = answer.json()
        folders = tuple((str(each["path"]), int(each["size"])) for each in found["folders"])
        return DiskUse(used=int(found["used"]), folders=folders, unsent=int(found["unsent"]))

    async def empty_bucket(self, workspace_id: str) -> None:
        """Delete everything in a workspace's bucket. Done already is done."""
        await self._call("DELETE", f"/buckets/{workspace_id}", timeout=_MEASURING_SECONDS)

    async def empty_scratch(self, environment_id: str) -> None:
        """Delete everything in the scratch room of an environment that is stopped. Done already is done."""
        await self._call("DELETE", f"/environments/{environment_id}/scratch", timeout=_MEASURING_SECONDS)

    async def lost_scratch(self) -> frozenset[str]:
        """The environments whose scratch room no container has."""
        answer = await self._call("GET", "/scratch")
        return frozenset(answer.json()["items"])

    async def delete_scratch(self, environment_id: str) -> None:
        """Remove the scratch rooms of an environment that no container has. Done already is done."""
        await self._call("DELETE", f"/scratch/{environment_id}")

    async def log(self, environment_id: str, lines: int) -> list[str]:
        """The container's last lines; none where there is no container."""
        answer = await self._call("GET", f"/environments/{environment_id}/log", params={"lines": lines})
        return [] if answer.status_code == httpx.codes.NOT_FOUND else [str(line) for line in answer.json()["lines"]]

    async def layer(self, environment_id: str) -> Mapping[str, Any] | None:
        """What was installed and written beside the disk, as `domain.layer` tells it; None where there is no
        container."""
        answer = await self._call("GET", f"/environments/{environment_id}/layer", timeout=_DIFF_SECONDS)
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.json()

    async def run_startup_script(self, environment_id: str) -> tuple[int, str]:
        """Run what lies in the container as its startup script; exit code and the end of what it said.

        Waits for its end, however long that takes. Raises `HostUnavailable`, also where there is no container.
        """
        answer = await self._call("POST", f"/environments/{environment_id}/startup", timeout=None)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise HostUnavailable(f"The host service found no container: {message_of(answer)}")
        found = answer.json()
        return int(found["exit_code"]), str(found["log"])

    async def startup_log(self, environment_id: str, lines: int) -> list[str]:
        """What a startup script that runs now has said last; nothing where none runs."""
        answer = await self._call("GET", f"/environments/{environment_id}/startup/log", params={"lines": lines})
        return [str(line) for line in answer.json()["lines"]]

    async def close(self) -> None:
        await self._service.close()

    async def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self._service.ask(method, path, **options)
        if answer.status_code == httpx.codes.CONFLICT and path.startswith("/disks/"):
            raise DiskAttached(message_of(answer))
        if answer.status_code == httpx.codes.CONFLICT and path.endswith("/size"):
            return answer
        if answer.is_error and answer.status_code != httpx.codes.NOT_FOUND:
            raise self._service.failure(answer)
        return answer


def _moment(text: str) -> datetime | None:
    """A time of the Engine's, which has nanoseconds; None for what a build tool wrote instead."""
    try:
        found = datetime.fromisoformat(text[:19])
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.year > 1 else None
