"""A notebook is kept for whoever opens it until their tab has come, or the start that it waits for has failed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from terraspawner.errors import TerraError
from terraspawner.operations import leases
from terraspawner.operations.leases import LeaseSight
from terraspawner.operations.notebooks import Place
from terraspawner.web.parts import Parts


@asynccontextmanager
async def reserved(parts: Parts, place: Place) -> AsyncIterator[LeaseSight]:
    """Reserved for as long as a start may take; free again at once where the block is refused. Raises `LeaseHeld`."""
    how_long = timedelta(seconds=parts.settings.start_timeout)
    sight = await parts.deeds(leases.reserve, place, how_long)
    try:
        yield sight
    except TerraError:
        await parts.deeds(leases.give_way, place)
        raise
