"""Proposals for a notebook that is open here: looked at, and merged by the lease that this environment has.

The service merges and saves; the text here follows, as at any opening. So what is on the disk has to be there first.
"""

import json
from typing import Any
from urllib.parse import quote, urlencode

from terraspawner_environment.courier import Courier
from terraspawner_environment.leases import Leases, NotYours
from terraspawner_environment.opening import CannotOpen, Opener
from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.trouble import ServiceTrouble, full_sentence

SECONDS_TO_SEND = 5.0


class NotMerged(Exception):
    """The notebook is as it was; the text is a sentence for the user. `has_conflicts`: both changed the same."""

    def __init__(self, sentence: str, *, has_conflicts: bool = False) -> None:
        super().__init__(sentence)
        self.has_conflicts = has_conflicts


class Offers:
    """What is proposed for this environment's notebooks. Raises NotMerged for whatever the service says no to."""

    def __init__(self, service: WorkspaceService, courier: Courier, opener: Opener, leases: Leases) -> None:
        self._service = service
        self._courier = courier
        self._opener = opener
        self._leases = leases

    async def list(self, notebook: str) -> dict[str, Any]:
        """The open ones, as the service tells them, and whether they may be merged from here."""
        told = json.loads(await self._ask(notebook, "GET", "proposals"))
        items = [item for item in told["items"] if item["state"] == "open"]
        return {"items": items, "may_decide": told["may_decide"]}

    async def show(self, notebook: str, proposal: str, *, theme: str = "") -> bytes:
        """A document, to be shown where nothing of it runs: what merging it would change."""
        return await self._ask(
            notebook, "GET", f"proposals/{quote(proposal, safe='')}/diff?{urlencode({'theme': theme})}"
        )

    async def merge(self, notebook: str, proposal: str, *, marks: bool) -> None:
        """Merge it into the notebook, and show that from now on; `marks`: both texts where both changed the same."""
        if not await self._courier.flush(notebook, seconds=SECONDS_TO_SEND):
            raise NotMerged(f"Not merged: the last changes of “{notebook}” are not in the workspace yet. Try again.")
        held = self._leases.present(notebook)
        try:
            async with self._leases.saving(notebook, held.session if held else None) as claim:
                lease = {"Lease-Session": claim.session, "Lease-Fence": str(claim.fence)} if claim else {}
                address = f"proposals/{quote(proposal, safe='')}/merge"
                await self._ask(notebook, "POST", address, json={"marks": marks}, headers=lease)
        except NotYours as trouble:
            raise NotMerged(str(trouble)) from trouble
        try:
            await self._opener.open(notebook)
        except CannotOpen as trouble:
            raise NotMerged(f"It is merged in the workspace, and could not be shown here: {trouble}") from trouble

    async def _ask(self, notebook: str, method: str, what: str, **options: Any) -> bytes:
        try:
            return await self._service.ask_about(notebook, method, what, **options)
        except ServiceTrouble as trouble:
            raise NotMerged(full_sentence(trouble), has_conflicts=trouble.code == "merge-conflicts") from trouble
