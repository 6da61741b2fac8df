"""Upkeep of buckets: what was left half done is finished, old versions are thinned, bytes that nothing needs go.

Thinning and clearing go through everything and take their time, and so do folders on their way into the trash and back;
so they are beside the worker's sweep and not in it.
"""

from __future__ import annotations

from terraspawner.operations import histories, settling, trashed_folders, unused_versions, uploads
from terraspawner.web.deeds import Deeds
from terraspawner.web.rounds import Rounds, no_others_trouble
from terraspawner.web.worker import Periodic

SETTLE_SECONDS = 5.0
CLEAR_SECONDS = 600.0


class Upkeep:
    """What the worker does for buckets now and then. `carrying` waits as long as a bucket of very many objects takes:
    what is given up goes on all the same, beside what is begun after it."""

    def __init__(self, deeds: Deeds, carrying: Deeds) -> None:
        self._deeds, self._carrying = deeds, carrying
        self.rounds = Rounds("clearing of buckets", CLEAR_SECONDS, self._go_round)
        self.folders = Rounds("folders into the trash and back", 0, self._move_folders)

    @property
    def tasks(self) -> tuple[Periodic, ...]:
        saves = Periodic(name="unfinished saves", every=SETTLE_SECONDS, act=self._settle)
        return saves, self.rounds.task, self.folders.task

    async def close(self) -> None:
        await self.rounds.close()
        await self.folders.close()

    async def _settle(self) -> None:
        await self._deeds(settling.settle_all)

    async def _go_round(self) -> None:
        while await self._deeds(unused_versions.forget_gone):
            pass  # others write in between
        for workspace_id in await self._deeds(unused_versions.workspaces_with_buckets):
            await self._clear(workspace_id)

    async def _move_folders(self) -> None:
        """Some of each in turn, those that come meanwhile among them, so that none waits for a large one; what fails is
        tried again in the next round."""
        failed: set[str] = set()
        while going := [item.id for item in await self._deeds(trashed_folders.under_way) if item.id not in failed]:
            failed |= {each for each in going if not await self._goes_on(each)}

    async def _goes_on(self, item_id: str) -> bool:
        with no_others_trouble(f"folder {item_id} is not moved on"):
            await self._carrying(trashed_folders.go_on, item_id)
            return True
        return False

    async def _clear(self, workspace_id: str) -> None:
        """One bucket's trouble holds up no other."""
        with no_others_trouble(f"versions of workspace {workspace_id} are not looked through"):
            await self._carrying(settling.heal, workspace_id)
            await self._carrying(histories.thin, workspace_id)
            await self._carrying(unused_versions.forget_blobs, workspace_id)
            await self._carrying(uploads.forget_old, workspace_id)
