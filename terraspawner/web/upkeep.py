"""Upkeep of the histories of notebooks: what was left half done is finished, old versions are thinned, their bytes go.

Thinning and clearing go through everything and take their time, so they are beside the worker's sweep and not in it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from terraspawner.errors import TerraError
from terraspawner.operations import histories, settling, unused_versions
from terraspawner.web.deeds import Deeds
from terraspawner.web.worker import Periodic

log = logging.getLogger(__name__)

SETTLE_SECONDS = 5.0
CLEAR_SECONDS = 600.0


class Upkeep:
    """What the worker does for histories now and then."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds
        self._round: asyncio.Task[None] | None = None

    @property
    def tasks(self) -> tuple[Periodic, ...]:
        return (
            Periodic(name="unfinished saves", every=SETTLE_SECONDS, act=self._settle),
            Periodic(name="clearing of histories", every=CLEAR_SECONDS, act=self._begin),
        )

    async def settled(self) -> None:
        """The round that is under way has ended, if there is one."""
        if self._round:
            await asyncio.wait([self._round])

    async def close(self) -> None:
        if self._round:
            self._round.cancel()
            with suppress(asyncio.CancelledError):
                await self._round

    async def _settle(self) -> None:
        await self._deeds(settling.settle_all)

    async def _begin(self) -> None:
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._go_round())

    async def _go_round(self) -> None:
        try:
            await self._deeds(unused_versions.forget_gone)
            for workspace_id in await self._deeds(unused_versions.workspaces_with_buckets):
                await self._clear(workspace_id)
        except TerraError as error:
            log.info("histories not cleared: %s", error.message)

    async def _clear(self, workspace_id: str) -> None:
        """One bucket's trouble holds up no other."""
        try:
            await self._deeds(histories.thin, workspace_id)
            await self._deeds(unused_versions.forget_blobs, workspace_id)
        except TerraError as error:
            log.info("versions of workspace %s are not looked through: %s", workspace_id, error.message)
