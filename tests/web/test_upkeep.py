"""Upkeep of buckets beside everything else: large things keep no small ones waiting, and one's trouble is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

import builders
from terraspawner.operations import files, trash, trashed_folders
from terraspawner.operations.context import Context
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT, Bucket
from terraspawner.web.deeds import Deeds
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
