"""Which buckets are kept mounted, with keepers by what they do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from builders import NOON
from terraspawner.domain.bucket_mount import MountState, Standing
from terraspawner.host.bucket_mounts.supervisor import Supervisor

pytestmark = pytest.mark.feature("H2")

A, B = "a" * 16, "b" * 16


class KeeperThatMounts:
    """At once; ends when it is not wanted."""

    state = MountState.MOUNTED

    def __init__(self) -> None:
        self.is_up = asyncio.Event()
        self._is_unwanted = asyncio.Event()
        self.was_cancelled = False

    @property
    def standing(self) -> Standing:
        return Standing(state=self.state, since=NOON)

    def want(self, *, is_wanted: bool) -> None:
        self._is_unwanted.clear() if is_wanted else self._is_unwanted.set()

    async def run(self) -> None:
        try:
            await self._mount()
            await self._is_unwanted.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise

    async def _mount(self) -> None:
        self.is_up.set()


class KeeperThatHangs(KeeperThatMounts):
    """Never comes so far."""

    state = MountState.GONE

    async def _mount(self) -> None:
        await asyncio.Event().wait()


class RoomsThatRemember:
    def __init__(self) -> None:
        self.prepared: list[str] = []
        self.forgotten: list[str] = []

    def prepare(self, workspace_id: str) -> None:
        self.prepared.append(workspace_id)

    def forget(self, workspace_id: str) -> None:
        self.forgotten.append(workspace_id)


class Place:
    """A supervisor whose keeper of B hangs, if it is to."""

    def __init__(self, *, grace: float = 0.0) -> None:
        self.rooms = RoomsThatRemember()
        self.keepers: list[KeeperThatMounts] = []
        self.hanging: set[str] = set()
        self.supervisor = Supervisor(self._make, self.rooms, start_seconds=0.01, grace_seconds=grace)

    def _make(self, workspace_id: str) -> KeeperThatMounts:
        self.keepers.append(KeeperThatHangs() if workspace_id in self.hanging else KeeperThatMounts())
        return self.keepers[-1]

    async def settled(self) -> set[str]:
        for _ in range(5):
            await asyncio.sleep(0)
        return set(self.supervisor.standings)


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    made = Place()
    yield made
    await made.supervisor.close()


async def test_a_start_gets_its_bucket_mounted_and_asking_again_is_nothing_new(place: Place) -> None:
    assert (await place.supervisor.ensure(A)).state is MountState.MOUNTED
    assert (await place.supervisor.ensure(A)).state is MountState.MOUNTED
    assert (len(place.keepers), place.rooms.prepared) == (1, [A, A])


async def test_a_bucket_that_hangs_holds_up_neither_its_start_nor_another(place: Place) -> None:
    place.hanging.add(B)
    assert (await place.supervisor.ensure(B)).state is MountState.GONE
    assert (await place.supervisor.ensure(A)).state is MountState.MOUNTED
    assert place.rooms.prepared == [B, A], "its folders are there all the same"


async def test_what_is_not_wanted_any_more_is_let_go_and_can_be_wanted_again(place: Place) -> None:
    place.supervisor.want([A, B])
    assert await place.settled() == {A, B}
    place.supervisor.want([B])
    assert await place.settled() == {B}
    place.supervisor.want([A, B])
    assert await place.settled() == {A, B}
    assert len(place.keepers) == 3


async def test_a_list_that_was_made_before_takes_nothing_away_from_a_start() -> None:
    place = Place(grace=60)
    await place.supervisor.ensure(A)
    place.supervisor.want([])
    assert await place.settled() == {A}
    await place.supervisor.close()


async def test_a_purged_bucket_is_ended_at_once_and_forgotten(place: Place) -> None:
    place.hanging.add(B)
    await place.supervisor.ensure(B)
    await place.supervisor.forget(B)
    assert (await place.settled(), place.keepers[0].was_cancelled, place.rooms.forgotten) == (set(), True, [B])
    await place.supervisor.forget(A)
    assert place.rooms.forgotten == [B, A], "done already is done"
