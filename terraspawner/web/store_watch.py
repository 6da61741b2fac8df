"""Looks every minute how the store of the buckets does, beside everything else: nothing waits for it.

The first look, as the service starts, finds out what the store can do (`terraspawner.storage.probe`).
"""

from __future__ import annotations

import logging
from datetime import datetime

from terraspawner.operations import stores
from terraspawner.storage.facts import StoreFacts
from terraspawner.web.deeds import Deeds
from terraspawner.web.rounds import Rounds

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0


class StoreWatch:
    """`facts` are those of the last look, at `looked_at`; None before the first has ended."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds
        self.facts: StoreFacts | None = None
        self.looked_at: datetime | None = None
        self.rounds = Rounds("look at the buckets' store", LOOK_SECONDS, self._go_round)

    async def _go_round(self) -> None:
        before, self.facts = self.facts, await self._deeds(stores.look)
        self.looked_at = self._deeds.context.now()
        if before is None or before.message != self.facts.message:
            log.log(_level(self.facts), "buckets in %s: %s", self.facts.name, self.facts.message)


def _level(facts: StoreFacts) -> int:
    return logging.WARNING if facts.problem or facts.warning else logging.INFO
