"""Client of the mounter, which alone mounts what environments see. It is told identifiers, never paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from terraspawner.errors import DiskAttached, TerraError
from terraspawner.errors_disks import DiskLost, MachineFull
from terraspawner.errors_mounts import MounterUnavailable
from terraspawner.socket_client import SocketClient, code_of, message_of

_SECONDS = 20.0
_DISK_SECONDS = 180.0
_KNOWN: dict[str, type[TerraError]] = {error.code: error for error in (DiskAttached, DiskLost, MachineFull)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MounterHealth:
    """`why` says what is lost where mounts do not reach running environments."""

    is_live: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A library in a view: in which of the drive's folders (mine, me, groups, all), under which name. One that
    `is_outside` is shown while its drive is mounted."""

    id: str
    folder: str
    name: str
    is_read_only: bool
    is_outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What an environment sees of its drive. `missing` are ids of libraries that cannot be shown now; `was_open`: one
    that went was in use in the environment, and may be until that ends."""

    libraries: frozenset[Shown]
    missing: tuple[str, ...] = ()
    was_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    """`size` of a disk's image and what is `free` on it, in bytes; None while it is not mounted. `turn` is for who
    mounts it for a look only (`unmount_disk`)."""

    size: int
    free: int | None
    turn: int = 0

    @property
    def used(self) -> int | None:
        """What is gone of its size: files, and what its file system keeps for itself."""
        return None if self.free is None else self.size - self.free


class MounterClient:
    """Speaks HTTP over a unix socket. Raises `MounterUnavailable` when nobody answers, for `patience` in seconds, or
    with what went wrong."""

    def __init__(self, socket: str, *, patience: float = 0) -> None:
        self._service = SocketClient(socket, "mounter", MounterUnavailable, seconds=_SECONDS, patience=patience)

    async def health(self) -> MounterHealth:
        found = (await self._call("GET", "/health")).json()
        return MounterHealth(is_live=bool(found["live"]), why=str(found["why"]))

    async def views(self) -> Mapping[str, View]:
        """All there are, by the environment's id."""
        found = (await self._call("GET", "/views")).json()["items"]
        return {identifier: _view(said) for identifier, said in found.items()}

    async def show(self, environment_id: str, libraries: Iterable[Shown]) -> View:
        """Make its view exactly this, also while it runs. What it is then."""
        said = {"libraries": [asdict(library) for library in libraries]}
        return _view((await self._call("PUT", f"/views/{environment_id}", json=said)).json())

    async def delete_view(self, environment_id: str) -> None:
        """Show nothing any more; of an environment that does not run. Done already is done."""
        await self._call("DELETE", f"/views/{environment_id}")

    async def disks(self) -> frozenset[str]:
        """The ids of the disks that have an image."""
        return frozenset((await self._call("GET", "/disks")).json()["items"])

    async def disk_space(self, disk_id: str) -> DiskSpace:
        """Raises `DiskLost`."""
        return _space(await self._call("GET", f"/disks/{disk_id}"))

    async def mount_disk(self, disk_id: str, size: int, *, is_new: bool) -> DiskSpace:
        """Have its image mounted, with `size` bytes at least; one that `is_new` is made. Raises `DiskLost` where the
        image is gone, `MachineFull`."""
        body = {"size": size, "is_new": is_new}
        return _space(await self._call("PUT", f"/disks/{disk_id}", json=body, timeout=_DISK_SECONDS))

    async def enlarge_disk(self, disk_id: str, size: int) -> DiskSpace:
        """Give its image `size` bytes at least, in use or not. Raises `DiskLost`, `MachineFull`."""
        return _space(await self._call("PUT", f"/disks/{disk_id}/size", json={"size": size}, timeout=_DISK_SECONDS))

    async def unmount_disk(self, disk_id: str, turn: int | None = None) -> DiskSpace:
        """How full it was. Done already is done; with the `turn` of one's own mounting it stays where somebody else, as
        a start, wanted it mounted since. Raises `DiskAttached`, `DiskLost`."""
        asked = {} if turn is None else {"turn": turn}
        return _space(await self._call("DELETE", f"/disks/{disk_id}/mount", params=asked))

    async def remove_disk(self, disk_id: str) -> None:
        """The image, for good. Done already is done. Raises `DiskAttached`."""
        await self._call("DELETE", f"/disks/{disk_id}", timeout=_DISK_SECONDS)

    async def close(self) -> None:
        await self._service.close()

    async def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self._service.ask(method, path, **options)
        if known := _KNOWN.get(code_of(answer)) if answer.is_error else None:
            raise known(message_of(answer))
        if answer.is_error:
            raise self._service.failure(answer)
        return answer


def _view(said: Mapping[str, Any]) -> View:
    return View(
        libraries=frozenset(Shown(**each) for each in said["libraries"]),
        missing=tuple(said["missing"]),
        was_open=bool(said["was_open"]),
    )


def _space(answer: httpx.Response) -> DiskSpace:
    found = answer.json()
    return DiskSpace(size=int(found["size"]), free=found["free"], turn=int(found["turn"]))
