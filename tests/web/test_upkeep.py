"""Upkeep of buckets beside everything else: large things keep no small ones waiting, and one's trouble is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import builders
from terraspawner.domain.workspace import DRIVE
from terraspawner.operations import (
    environments,
    files,
    histories,
    libraries,
    library_room,
    noticing,
    settling,
    trash,
    trashed_folders,
    unused_versions,
    uploads,
    workspaces,
)
from terraspawner.operations.context import Context
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT, Bucket
from terraspawner.web.deeds import Deeds
from terraspawner.web.notices import Notices
from terraspawner.web.upkeep import Upkeep

pytestmark = pytest.mark.feature("H5", "C17")


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
def context(tmp_path: Path, clock: builders.Clock) -> AsyncIterator[Context]:
    made = builders.context(tmp_path, clock)
    yield made
    made.database.close()


class BucketThatIsSlow:
    """Each file takes its store some seconds. `comes` is what happens while the first is moved."""

    def __init__(self, bucket: Bucket, clock: builders.Clock, comes: Callable[[], object]) -> None:
        self._bucket, self._clock, self._comes = bucket, clock, [comes]
        self.moved: list[str] = []

    def __getattr__(self, verb: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self._bucket, verb)
        return found

    def rename(self, key: str, *words: object) -> object:
        self._clock.move(seconds=6)
        while self._comes:
            self._comes.pop()()
        self.moved.append(key)
        return self._bucket.rename(key, *words)  # type: ignore[arg-type]


class DeedsThatRemember(Deeds):
    """What they were asked for."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.asked: set[object] = set()

    async def __call__(self, deed: Any, *args: Any, **kwargs: Any) -> Any:
        self.asked.add(deed)
        return await super().__call__(deed, *args, **kwargs)


def at(path: str) -> Place:
    return Place(user="ana", namespace="ana", name="alpha", path=path)


async def test_a_small_folder_waits_for_no_large_one_that_was_begun_before(
    context: Context, clock: builders.Clock
) -> None:
    workspace = builders.workspace(context)
    for path in (*(f"large/{number}" for number in range(8)), "small/a"):
        files.write(context, at(path), b"1", ABSENT)
    trashed_folders.discard(context, at("large"))
    slow = BucketThatIsSlow(context.bucket(workspace.id), clock, lambda: trashed_folders.discard(context, at("small")))
    deeds = Deeds(replace(context, bucket=lambda _: slow))
    upkeep = Upkeep(deeds, deeds)
    await upkeep.folders.task.act()
    await upkeep.folders.settled()
    assert slow.moved.index("data/small/a") < len(slow.moved) - 2
    assert sorted(each.item.name for each in trash.list_trash(context, "ana")) == ["large", "small"]
    await upkeep.close()
    deeds.close()


@pytest.mark.feature("H4")
async def test_what_looks_through_all_of_a_bucket_is_not_given_up_and_begun_again_beside_itself(
    context: Context,
) -> None:
    """It may take minutes, and each thread that nobody waits for any more is one less for who does."""
    desk = workspaces.create_workspace(context, user="ana", namespace="ana", name="desk", storage=DRIVE).workspace
    ticket = environments.admit(context, user="ana", slug=desk.slug)
    environments.started(context, ticket.environment.id, ticket.environment.start_number, "c" * 64)
    libraries.create_library(context, user="ana", name="Survey")
    short, long = DeedsThatRemember(context), DeedsThatRemember(context)
    upkeep, notices = Upkeep(short, long), Notices(short, long)
    await upkeep.rounds.task.act()
    await upkeep.rounds.settled()
    await notices.measure()
    await notices.look()
    looks = {histories.thin, library_room.measure, noticing.notice, settling.heal, unused_versions.forget_blobs}
    assert (looks & short.asked, looks & long.asked) == (set(), looks)
    short.close()
    long.close()


class BucketThatBreaks:
    """What it raises is of nobody's making."""

    def __getattr__(self, verb: str) -> Callable[..., object]:
        raise KeyError(verb)


@pytest.mark.feature("H4")
async def test_a_bucket_that_breaks_keeps_no_other_from_being_looked_through(context: Context) -> None:
    for name in ("One", "Another"):
        libraries.create_library(context, user="ana", name=name)
    broken, whole = library_room.libraries_here(context)
    partly = replace(context, bucket=lambda each: BucketThatBreaks() if each == broken else context.bucket(each))
    deeds = Deeds(partly)
    await Notices(deeds, deeds).measure()
    assert libraries.get_library(context, user="ana", library_id=whole).library.used == 0
    remembering = DeedsThatRemember(partly)
    upkeep = Upkeep(remembering, remembering)
    await upkeep.rounds.task.act()
    await upkeep.rounds.settled()
    assert uploads.forget_old in remembering.asked
    deeds.close()
    remembering.close()
