"""Rounds beside the worker's sweep: one at a time, and one that fails is the end of itself alone."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import NoReturn

import pytest

from terraspawner.errors import Unavailable
from terraspawner.operations import files, libraries, library_room, trashed_folders
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT, Bucket
from terraspawner.web.deeds import Deeds
from terraspawner.web.notices import Notices
from terraspawner.web.rounds import Rounds
from terraspawner.web.upkeep import Upkeep
from tests.web.sites import Site


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


@pytest.mark.parametrize("error", [Unavailable("The machine does not answer."), KeyError("of nobody's making")])
async def test_a_round_that_fails_keeps_no_other_from_beginning_and_nobody_from_ending(error: Exception) -> None:
    begun: list[int] = []

    async def fails() -> None:
        begun.append(1)
        raise error

    rounds = Rounds("rounds", 30, fails)
    for _ in range(2):
        await rounds.task.act()
        await rounds.settled()
    assert len(begun) == 2
    await rounds.close()


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


class BucketThatNobodyThoughtOf:
    """A program put there what no error of ours is about."""

    def __getattr__(self, verb: str) -> NoReturn:
        raise ValueError(verb)


async def test_what_nobody_thought_of_in_one_library_is_no_trouble_of_the_others(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.workspace()
    context = site.context
    first, other = sorted(libraries.create_library(context, user="ana", name=name).library.id for name in "AB")
    for each in (first, other):
        place = Place(user="ana", namespace="library", name=each, path="raw/a.csv")
        files.write(context, place, b"12345", ABSENT)
        trashed_folders.discard(context, replace(place, path="raw"))

    def bucket(library_id: str) -> Bucket:
        return BucketThatNobodyThoughtOf() if library_id == first else context.bucket(library_id)  # type: ignore[return-value]

    deeds = Deeds(replace(context, bucket=bucket))
    caplog.set_level(logging.CRITICAL)  # it is told there with all its lines
    try:
        await Notices(deeds, deeds).measure()
        assert libraries.get_library(context, user="ana", library_id=other).library.used == 5
        await Upkeep(deeds, deeds)._move_folders()
        assert library_room.measure(context, other) == 0, "its folder has gone"
    finally:
        deeds.close()
