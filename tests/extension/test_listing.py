"""The remembered list of notebooks: what was changed is asked for anew, also while the list before is on its way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from terraspawner_environment.listing import Listing
from terraspawner_environment.service import Listed

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class WorkspaceThatAnswersLate:
    """Its answer is what it had when it was asked."""

    def __init__(self, *notebooks: str) -> None:
        self.notebooks = notebooks
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def list(self) -> list[Listed]:
        found = [Listed(path=path, version="1", size=1, modified=NOON) for path in self.notebooks]
        self.asked.set()
        await self.answers.wait()
        return found


async def test_a_change_counts_also_while_the_list_before_is_on_its_way() -> None:
    workspace = WorkspaceThatAnswersLate("before.ipynb")
    listing = Listing(workspace, clock=lambda: 0.0)
    asking = asyncio.create_task(listing.items())
    await workspace.asked.wait()
    workspace.notebooks = ("after.ipynb",)
    listing.stale()
    workspace.answers.set()
    await asking
    assert list(await listing.items()) == ["after.ipynb"]


async def test_what_was_told_a_moment_ago_is_not_asked_again() -> None:
    workspace = WorkspaceThatAnswersLate("a.ipynb")
    workspace.answers.set()
    listing = Listing(workspace, clock=lambda: 0.0)
    await listing.items()
    workspace.notebooks = ()
    assert await listing.has("a.ipynb")
