"""How the buckets of object stores are mounted in environments, for pages and REST; and which have to be.

The service that mounts is told again and again which workspaces have environments that are not at rest, so that what it
or we forgot is put right. Where buckets are folders there is no such service, and nothing is told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from terraspawner.domain import bucket_mount
from terraspawner.domain.bucket_mount import MountState, Standing
from terraspawner.domain.environment import State
from terraspawner.errors_mounts import MountsUnavailable
from terraspawner.operations import bucket_mounts
from terraspawner.operations.views import View
from terraspawner.web.deeds import Deeds
from terraspawner.web.worker import Periodic

log = logging.getLogger(__name__)

SAY_SECONDS = 5.0


class Mounts(Protocol):
    """What we ask of the mounts service; `terraspawner.mounts_client.MountsClient` is the real one."""

    async def want(self, workspace_ids: Iterable[str]) -> Mapping[str, Standing]: ...
    async def forget(self, workspace_id: str) -> None: ...
    async def close(self) -> None: ...


class BucketMounts:
    """Of one process. `mounts` is None where buckets are not mounted."""

    def __init__(self, deeds: Deeds, mounts: Mounts | None) -> None:
        self._deeds, self._mounts = deeds, mounts
        self._standings: Mapping[str, Standing] = {}
        self._silent_since: datetime | None = None

    @property
    def tasks(self) -> tuple[Periodic, ...]:
        return (Periodic(name="mounted buckets", every=SAY_SECONDS, act=self.say),) if self._mounts else ()

    async def say(self) -> None:
        """Say once which are wanted, and learn how they stand."""
        if self._mounts is None:
            return
        try:
            self._standings = await self._mounts.want(await self._deeds(bucket_mounts.workspaces_in_use))
        except MountsUnavailable as error:
            if self._silent_since is None:
                log.warning("it is not known how buckets are mounted: %s", error.message)
                self._silent_since = self._deeds.context.now()
        else:
            self._silent_since = None

    def standing(self, view: View) -> Standing | None:
        """How the bucket of a workspace is mounted in the environment there; None where nothing runs that had it, or
        nothing is known."""
        if self._mounts is None or view.workspace.has_drive or view.state not in (State.RUNNING, State.FROZEN):
            return None
        if not self._deeds.context.settings.has_live_mounts and view.environment:
            return Standing(state=MountState.GONE, since=view.environment.since, reason=bucket_mount.NOT_SHARED)
        if self._silent_since is not None:
            return Standing(state=MountState.GONE, since=self._silent_since, reason=bucket_mount.NO_SERVICE)
        return self._standings.get(view.workspace.id)

    async def forget(self, workspace_id: str) -> None:
        """Its bucket is about to be purged. Raises `MountsUnavailable`: files that wait there would be sent later."""
        if self._mounts is not None:
            await self._mounts.forget(workspace_id)

    async def close(self) -> None:
        if self._mounts is not None:
            await self._mounts.close()
