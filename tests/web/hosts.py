"""Host services by what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from terraspawner.containers.memory import has_room
from terraspawner.domain.layer import Layer
from terraspawner.errors import DiskAttached, HostUnavailable, MemoryInUse
from terraspawner.host_client import ContainerState, DiskUse, ProcessorTime, SeenImage

SAFE = {"engine": {"version": "20.10.24", "api_version": "1.41"}, "network": {"ok": True, "findings": []}}


class HostThatObeys:
    """Deletes what it is told to and remembers it. It looks at no container before it is given some."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.stopped: list[str] = []
        self.tries = 0
        self.held = 0
        """Bytes that every environment holds."""
        self.images: dict[str, SeenImage] = {}
        self.sizes: dict[str, tuple[float, int]] = {}
        self.frozen: dict[str, int] = {}
        """Environments that stand still, with the bytes that they hold."""
        self.machine: dict[str, ContainerState] | None = None
        """All containers, by environment; None where a test is about the Hub alone."""
        self.volumes: set[str] | None = None
        self.measured: list[str] = []
        self.enlarged: list[tuple[str, int]] = []
        """Disks that are images, with the size that they got."""
        self.use: DiskUse | None = DiskUse(used=45 * 1024**3, folders=(("data", 40 * 1024**3),))
        """What it finds on every disk."""
        self.layers: dict[str, Layer] = {}
        """What was changed beside the disk."""
        self.emptied: list[str] = []
        self.used: dict[str, ProcessorTime] = {}
        """Processor time of environments that run."""
        self.left: dict[str, Any] | None = None
        """What memory the machine has left; None where that is not known."""
        self.asked_for_memory = 0
        self.lost: set[str] = set()
        """Environments whose scratch room no container has."""

    async def health(self) -> dict[str, Any]:
        return SAFE

    async def containers(self) -> Mapping[str, ContainerState]:
        frozen = {key: ContainerState(id="c", status="paused", memory=memory) for key, memory in self.frozen.items()}
        return frozen | (self.machine or {})

    async def processor_times(self, identifiers: Sequence[str]) -> Mapping[str, ProcessorTime]:
        return {each: self.used[each] for each in identifiers if each in self.used}

    async def memory(self) -> Mapping[str, Any] | None:
        self.asked_for_memory += 1
        return self.left

    async def disks(self) -> frozenset[str]:
        if self.volumes is None:
            raise HostUnavailable
        return frozenset(self.volumes)

    async def stop_environment(self, environment_id: str) -> None:
        self.stopped.append(environment_id)

    async def resize_environment(self, environment_id: str, cpu: float, memory: int) -> None:
        self._attempt()
        if has_room(self.held, memory):
            self.sizes[environment_id] = (cpu, memory)
        else:
            raise MemoryInUse(held=self.held, memory=memory)

    async def look_at_image(self, reference: str) -> SeenImage:
        return self.images.get(reference, SeenImage(is_here=False))

    async def delete_environment(self, environment_id: str) -> None:
        self._attempt()
        self.deleted.append(f"environment {environment_id}")

    async def delete_disk(self, disk_id: str) -> None:
        self._attempt()
        self.deleted.append(f"disk {disk_id}")

    async def measure_disk(self, disk_id: str) -> DiskUse | None:
        self._attempt()
        self.measured.append(disk_id)
        return self.use

    async def enlarge_disk(self, disk_id: str, size: int) -> None:
        self._attempt()
        self.enlarged.append((disk_id, size))

    async def empty_bucket(self, workspace_id: str) -> None:
        self._attempt()
        self.emptied.append(workspace_id)

    async def lost_scratch(self) -> frozenset[str]:
        return frozenset(self.lost)

    async def delete_scratch(self, environment_id: str) -> None:
        self._attempt()
        self.lost.discard(environment_id)

    async def log(self, environment_id: str, lines: int) -> list[str]:
        return [f"line of {environment_id}"][:lines]

    async def startup_log(self, environment_id: str, lines: int) -> list[str]:
        return [f"the script in {environment_id} says this"][:lines]

    async def layer(self, environment_id: str) -> Mapping[str, Any] | None:
        found = self.layers.get(environment_id)
        return found.as_json() if found else None

    async def close(self) -> None:
        return

    def _attempt(self) -> None:
        self.tries += 1


class HostThatFailsTwice(HostThatObeys):
    """Is away for the first two attempts."""

    def _attempt(self) -> None:
        super()._attempt()
        if self.tries <= 2:
            raise HostUnavailable


class HostThatTellsNothing(HostThatObeys):
    """Its answers have not what they should have, as those of another version may."""

    def _attempt(self) -> None:
        super()._attempt()
        raise KeyError("items")


class HostThatIsSilent(HostThatObeys):
    """Never answers."""

    async def look_at_image(self, reference: str) -> SeenImage:
        raise HostUnavailable

    async def containers(self) -> Mapping[str, ContainerState]:
        raise HostUnavailable

    async def health(self) -> dict[str, Any]:
        raise HostUnavailable

    async def processor_times(self, identifiers: Sequence[str]) -> Mapping[str, ProcessorTime]:
        raise HostUnavailable

    async def memory(self) -> Mapping[str, Any] | None:
        raise HostUnavailable

    async def layer(self, environment_id: str) -> Mapping[str, Any] | None:
        raise HostUnavailable

    def _attempt(self) -> None:
        super()._attempt()
        raise HostUnavailable


class HostThatSeesTheDiskInUse(HostThatObeys):
    """Holds on to disks until it is told otherwise."""

    in_use = True

    async def delete_disk(self, disk_id: str) -> None:
        if self.in_use:
            raise DiskAttached
        await super().delete_disk(disk_id)
