"""How long a bucket is kept mounted that nobody wants any more, with rclones by what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from builders import NOON
from terraspawner.domain.bucket_mount import Answer
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.bucket_mounts.keeper import Bucket, Keeper, Pace

pytestmark = pytest.mark.feature("H2")

QUICK = Pace(look=0.01, question=0.01, silence=5.0)


class RcloneThatSends:
    """What waits is sent after `looks` looks at it."""

    has_ended = False

    def __init__(self, looks: int) -> None:
        self.left = looks

    async def mount(self, request: Mapping[str, Any]) -> None:
        return

    async def ask_store(self, question: Mapping[str, Any]) -> Answer:
        return Answer.WELL

    async def unsent(self, file_system: Mapping[str, str]) -> tuple[int, bool]:
        self.left = max(0, self.left - 1)
        return self.left, False

    async def end(self) -> None:
        return


class RcloneThatEnds(RcloneThatSends):
    """Between two looks, and with it what was known of its files."""

    async def unsent(self, file_system: Mapping[str, str]) -> tuple[int, bool]:
        self.has_ended = True
        return await super().unsent(file_system)


class PlacesThatAreThere:
    def prepare(self) -> None:
        return

    show = hide = pulse = prepare


class Place:
    """A keeper whose rclones come one after the other; None does not come up."""

    def __init__(self, *rclones: RcloneThatSends | None) -> None:
        self.coming = [*rclones]
        bucket = Bucket(start=self._start, places=PlacesThatAreThere(), mounts=(), question={}, data={})
        self.keeper = Keeper("bucket", bucket, lambda: NOON, QUICK)

    async def _start(self) -> RcloneThatSends:
        made = self.coming.pop(0)
        if made is None:
            raise MountFailed
        return made

    async def run_unwanted(self) -> None:
        self.keeper.want(is_wanted=False)
        async with asyncio.timeout(20):
            await self.keeper.run()


async def test_what_an_earlier_life_left_is_sent_although_nobody_wants_the_bucket() -> None:
    rclone = RcloneThatSends(3)
    await Place(rclone).run_unwanted()
    assert rclone.left == 0


async def test_an_rclone_that_does_not_come_up_is_no_proof_that_all_is_sent() -> None:
    rclone = RcloneThatSends(3)
    await Place(None, rclone).run_unwanted()
    assert rclone.left == 0


async def test_an_rclone_that_ended_may_have_left_files() -> None:
    place = Place(RcloneThatEnds(1), after := RcloneThatSends(3))
    running = asyncio.create_task(place.keeper.run())
    await place.keeper.is_up.wait()
    place.keeper.want(is_wanted=False)
    async with asyncio.timeout(20):
        await running
    assert after.left == 0


async def test_what_is_sent_and_not_wanted_is_let_go() -> None:
    place = Place(RcloneThatSends(1))
    await place.run_unwanted()
    assert place.coming == []
