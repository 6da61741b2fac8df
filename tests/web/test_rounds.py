"""Rounds beside the worker's sweep: one at a time, and one that fails is the end of itself alone."""

from __future__ import annotations

import asyncio

from terraspawner.errors import Unavailable
from terraspawner.web.rounds import Rounds


class Going:
    """A round that waits at its gate."""

    def __init__(self) -> None:
        self.begun = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        await self.gate.wait()


async def test_a_round_begins_and_nobody_waits_for_its_end() -> None:
    going = Going()
    rounds = Rounds("rounds", 30, going)
    await rounds.task.act()
    await asyncio.sleep(0)
    assert going.begun == 1
    await rounds.close()


async def test_no_second_round_begins_while_one_is_under_way() -> None:
    going = Going()
    rounds = Rounds("rounds", 30, going)
    for _ in range(3):
        await rounds.task.act()
        await asyncio.sleep(0)
    assert going.begun == 1
    going.gate.set()
    await rounds.settled()
    await rounds.task.act()
    await rounds.settled()
    assert going.begun == 2


async def test_a_round_that_fails_keeps_no_other_from_beginning() -> None:
    begun: list[int] = []

    async def fails() -> None:
        begun.append(1)
        raise Unavailable("The machine does not answer.")

    rounds = Rounds("rounds", 30, fails)
    for _ in range(2):
        await rounds.task.act()
        await rounds.settled()
    assert len(begun) == 2


async def test_a_round_under_way_is_called_off_at_the_end() -> None:
    going = Going()
    rounds = Rounds("rounds", 30, going)
    await rounds.task.act()
    await asyncio.sleep(0)
    await rounds.close()
    going.gate.set()
    await rounds.task.act()
    await rounds.settled()
    assert going.begun == 2


async def test_what_never_began_is_closed_all_the_same() -> None:
    rounds = Rounds("rounds", 30, Going())
    await rounds.settled()
    await rounds.close()
