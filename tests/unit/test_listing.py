"""One listing serves all polls, and is never older than what was just started or stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from terraspawner.containers.listing import Listing


class EngineThatIsCounted:
    """Answers with its containers; `pauses` holds an answer back until it is set."""

    def __init__(self) -> None:
        self.containers: list[dict[str, Any]] = [{"Names": ["/a"], "State": "running"}]
        self.asked = 0
        self.was_asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> Sequence[Mapping[str, Any]]:
        self.asked += 1
        self.was_asked.set()
        answer = [dict(item) for item in self.containers]
        await self.may_answer.wait()
        return answer


async def test_many_polls_ask_once() -> None:
    listing, engine = Listing(), EngineThatIsCounted()
    found = await asyncio.gather(*(listing.container(name, engine) for name in "aab"))
    assert [item and item["State"] for item in found] == ["running", "running", None]
    assert engine.asked == 1


async def test_what_was_started_is_seen_at_once() -> None:
    listing, engine = Listing(), EngineThatIsCounted()
    await listing.container("a", engine)
    engine.containers.append({"Names": ["/b"], "State": "running"})
    listing.forget()
    assert await listing.container("b", engine) is not None


async def test_an_answer_from_before_a_start_does_not_hide_it() -> None:
    listing, engine = Listing(), EngineThatIsCounted()
    engine.may_answer.clear()
    asking = asyncio.create_task(listing.container("b", engine))
    await engine.was_asked.wait()
    engine.containers.append({"Names": ["/b"], "State": "running"})
    listing.forget()
    engine.may_answer.set()
    assert await asking is not None
    assert engine.asked == 2
