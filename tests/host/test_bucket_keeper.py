"""How long a bucket is kept mounted that nobody wants any more, with rclones by what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from builders import NOON
from terraspawner.domain.bucket_mount import Answer
from terraspawner.domain.mount_words import OF_BUCKET
from terraspawner.errors_mounts import MountFailed
from terraspawner.host.bucket_mounts.keeper import Keeper, Pace, Remote
from terraspawner.host.bucket_mounts.rclone import Unsent

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

    async def unsent(self, file_system: Mapping[str, str]) -> Unsent:
        self.left = max(0, self.left - 1)
        return Unsent(waiting=self.left)

    async def end(self) -> None:
        return


class RcloneThatEnds(RcloneThatSends):
    """Between two looks, and with it what was known of its files."""

    async def unsent(self, file_system: Mapping[str, str]) -> Unsent:
        self.has_ended = True
        return await super().unsent(file_system)


class PlacesThatAreThere:
    def prepare(self) -> None:
        return

    show = hide = pulse = prepare


class Place:
    """A keeper whose rclones come one after the other; None does not come up. `told`: why nothing was mounted before
    each of them."""

    def __init__(self, *rclones: RcloneThatSends | None, mounts: tuple[Mapping[str, Any], ...] = ()) -> None:
        self.coming = [*rclones]
        self.told: list[str] = []
        self.remote = Remote(
            start=self._start, places=PlacesThatAreThere(), mounts=mounts, question={}, data={}, words=OF_BUCKET
        )
        self.keeper = Keeper("bucket", self.remote, lambda: NOON, QUICK)

    async def _start(self) -> RcloneThatSends:
        self.told.append(self.keeper.standing.reason)
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


async def test_what_is_said_otherwise_is_mounted_anew_from_then_on() -> None:
    place = Place(RcloneThatSends(0))
    running = asyncio.create_task(place.keeper.run())
    await place.keeper.is_up.wait()
    other = Place(after := RcloneThatSends(3))
    place.keeper.renew(other.remote)
    assert place.keeper.standing.reason == OF_BUCKET.being_made  # and no more of what was wrong with the one before
    place.keeper.want(is_wanted=False)
    async with asyncio.timeout(20):
        await running
    assert (other.coming, after.left) == ([], 0)


class RcloneThatIsRefused(RcloneThatSends):
    """Before it has mounted anything, as stores are that are asked at the start."""

    async def mount(self, request: Mapping[str, Any]) -> None:
        raise MountFailed("rclone could not do this: couldn't list files: 401 Unauthorized")


async def test_a_store_that_refuses_before_it_is_mounted_is_told_as_one_that_refuses() -> None:
    place = Place(RcloneThatIsRefused(0), RcloneThatSends(0), mounts=({},))
    await place.run_unwanted()
    assert place.told == [OF_BUCKET.being_made, OF_BUCKET.refusing]


class RcloneThatIsSlowToEnd(RcloneThatEnds):
    """Is killed only when it did not end by itself."""

    def __init__(self) -> None:
        super().__init__(0)
        self.is_asked_to, self.is_killed = asyncio.Event(), False
        self.patience = asyncio.Event()

    async def end(self) -> None:
        self.is_asked_to.set()
        await self.patience.wait()
        self.is_killed = True


async def test_an_rclone_that_is_ended_already_as_its_bucket_is_purged_is_ended_all_the_same() -> None:
    place = Place(rclone := RcloneThatIsSlowToEnd())
    running = asyncio.create_task(place.keeper.run())
    await rclone.is_asked_to.wait()
    running.cancel()
    await asyncio.sleep(0)
    rclone.patience.set()
    await asyncio.wait({running})
    assert (running.cancelled(), rclone.is_killed) == (True, True)
