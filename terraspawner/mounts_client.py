"""Client of the mounts service, which mounts the buckets of an object store and drives from outside.

Of buckets it is told ids of workspaces, since it knows the store; of a drive from outside all that is needed to get at
it, which is kept nowhere but with us.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from terraspawner.domain.bucket_mount import Standing
from terraspawner.errors_mounts import MountsUnavailable
from terraspawner.socket_client import SocketClient

_SECONDS = 10.0
_FORGETTING_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideDrive:
    """A drive from outside as a library: its id, the server, and by which account. `kind` is ``webdav`` or
    ``seafile``; `path` a folder in it, segments divided by ``/``, or empty; `library` Seafile's own word."""

    id: str
    kind: str
    url: str
    user: str
    password: str = field(repr=False)
    path: str = ""
    library: str = ""


class MountsClient:
    """Speaks HTTP over a unix socket. Raises `MountsUnavailable` when nobody answers, for `patience` in seconds, or
    with what went wrong."""

    def __init__(self, socket: str, *, patience: float = 0) -> None:
        self._service = SocketClient(socket, "mounts service", MountsUnavailable, seconds=_SECONDS, patience=patience)

    async def ensure(self, workspace_id: str) -> Standing:
        """Mount a workspace's bucket unless it is; how it stands after some seconds at most."""
        return Standing.from_json((await self._call("PUT", f"/mounts/{workspace_id}")).json())

    async def want(self, workspace_ids: Iterable[str]) -> Mapping[str, Standing]:
        """Say which workspaces have environments that are not at rest; how all mounts stand, by workspace."""
        answer = await self._call("PUT", "/mounts", json={"workspaces": sorted(workspace_ids)})
        return {item["id"]: Standing.from_json(item) for item in answer.json()["items"]}

    async def forget(self, workspace_id: str) -> None:
        """Unmount the bucket of a workspace that is purged, and throw away what was not sent to it. Done already is
        done."""
        await self._call("DELETE", f"/mounts/{workspace_id}", timeout=_FORGETTING_SECONDS)

    async def put_outside(self, drives: Sequence[OutsideDrive]) -> Mapping[str, Standing]:
        """Say which drives from outside are to be mounted, all of them; how they stand, by library. What is not said
        any more is unmounted once what was written there is sent."""
        return _standings(await self._call("PUT", "/outside", json={"drives": [asdict(drive) for drive in drives]}))

    async def outside(self) -> Mapping[str, Standing]:
        """How the drives from outside stand, by library."""
        return _standings(await self._call("GET", "/outside"))

    async def forget_outside(self, library_id: str) -> None:
        """Unmount the drive of a library that is purged, and throw away what was not sent to it. Done already is
        done."""
        await self._call("DELETE", f"/outside/{library_id}", timeout=_FORGETTING_SECONDS)

    async def close(self) -> None:
        await self._service.close()

    async def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self._service.ask(method, path, **options)
        if answer.is_error:
            raise self._service.failure(answer)
        return answer


def _standings(answer: httpx.Response) -> Mapping[str, Standing]:
    return {library_id: Standing.from_json(told) for library_id, told in answer.json()["drives"].items()}
