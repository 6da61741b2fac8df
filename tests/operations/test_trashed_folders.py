"""Folders of data files: as one into the trash and back, some at once, whatever comes between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import builders
from terraspawner.db import trash_records
from terraspawner.domain.trash import Item, ItemState, Kind
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import NameTaken, Refused
from terraspawner.errors_files import FileMissing
from terraspawner.operations import (
    files,
    libraries,
    library_room,
    notebooks,
    trash,
    trashed_folders,
    trashed_workspaces,
)
from terraspawner.operations.context import Context
from terraspawner.operations.notebooks import Place
from terraspawner.operations.trashed_folders import COUNTED, Weight
from terraspawner.storage import DirectoryBucket, make_folders
from terraspawner.storage.base import ABSENT, ANYTHING, Bucket, ObjectChanged
from terraspawner.storage.errors import KeyRefused

pytestmark = pytest.mark.feature("H5", "C17")

RAW = {"raw/.keep": b"", "raw/a.csv": b"one", "raw/deep/b.bin": b"seven", "rawer": b"2", "raw.csv": b"3"}
STAYS = {"data/raw.csv": b"3", "data/rawer": b"2"}


def at(path: str = "raw", user: str = "ana") -> Place:
    return Place(user=user, namespace="ana", name="alpha", path=path)


class BucketThatIsSlow:
    """Each file takes its store some seconds."""

    def __init__(self, bucket: Bucket, clock: builders.Clock) -> None:
        self._bucket, self._clock = bucket, clock

    def __getattr__(self, verb: str) -> Callable[..., object]:
        if verb in ("rename", "delete"):
            self._clock.move(seconds=6)
        found: Callable[..., object] = getattr(self._bucket, verb)
        return found


class BucketThatListsNothing(BucketThatIsSlow):
    """To list all of a folder takes its store minutes."""

    def __getattr__(self, verb: str) -> Callable[..., object]:
        assert verb != "list", "somebody waits"
        return super().__getattr__(verb)


class BucketThatKeepsOne:
    """The service may not move one of its files."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def __getattr__(self, verb: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self._bucket, verb)
        return found

    def rename(self, key: str, *words: object) -> object:
        if key.endswith("b.bin"):
            raise KeyRefused
        return self._bucket.rename(key, *words)  # type: ignore[arg-type]


class BucketThatIsWrittenTo(BucketThatKeepsOne):
    """Somebody writes to one of its files whenever that is moved."""

    tries = 0

    def rename(self, key: str, *words: object) -> object:
        if key.endswith("b.bin"):
            self.tries += 1
            raise ObjectChanged(key, self._bucket.stat(key))
        return super().rename(key, *words)


@pytest.fixture(params=["memory", "directory"])
def bucket(request: pytest.FixtureRequest, context: Context, workspace: Workspace, tmp_path: Path) -> Bucket:
    made = context.bucket(workspace.id)
    if request.param == "directory":
        made = DirectoryBucket(make_folders(tmp_path, "b1"))
    for path, body in RAW.items():
        made.write(f"data/{path}", body, ABSENT)
    return made


@pytest.fixture
def here(context: Context, bucket: Bucket) -> Context:
    return over(context, bucket)


def over(context: Context, bucket: object) -> Context:
    return replace(context, bucket=lambda _: bucket)


def contents(bucket: Bucket, folder: str = "data/") -> dict[str, bytes]:
    return {info.key: bucket.read(info.key)[0] for info in bucket.list(folder)}


def settle(context: Context) -> None:
    for item in trashed_folders.under_way(context):
        while not trashed_folders.go_on(context, item.id):
            pass


def item_now(context: Context, item: Item) -> Item:
    with context.database.read() as connection:
        found = trash_records.item_by_id(connection, item.id)
    assert found
    return found


def test_a_folder_goes_and_comes_back_as_one(here: Context, bucket: Bucket) -> None:
    item, weight = trashed_folders.discard(here, at())
    assert weight == trashed_folders.weigh(here, at()) == Weight(files=3, size=8, is_more=False)
    assert contents(bucket) == {f"data/{path}": body for path, body in RAW.items()}  # the request moved nothing
    assert [each.subject for each in trashed_folders.on_the_way(here, at())] == ["raw"]
    settle(here)
    assert contents(bucket) == STAYS
    assert list(bucket.entries("data/")) == [*bucket.list("data/")]  # nor is an empty folder left
    (held,) = trash.list_trash(here, "ana")
    assert (held.item.kind, held.item.name, held.item.size, held.item.state) == (Kind.FOLDER, "raw", 8, ItemState.HELD)
    back = trash.restore(here, user="ana", item_id=item.id)
    assert back.item.state is ItemState.RESTORING
    settle(here)
    assert contents(bucket) == {f"data/{path}": body for path, body in RAW.items()}
    assert (item_now(here, item).state, contents(bucket, "trash/")) == (ItemState.RESTORED, {})


def test_a_large_one_goes_some_at_once_and_whoever_undoes_it_turns_it_round(
    context: Context, bucket: Bucket, clock: builders.Clock
) -> None:
    slow = over(context, BucketThatIsSlow(bucket, clock))
    item, _ = trashed_folders.discard(slow, at())
    assert trashed_folders.discard(slow, at())[0] == item
    assert not trashed_folders.go_on(slow, item.id)
    there = contents(bucket, "trash/")
    assert item_now(slow, item).size == sum(map(len, there.values())) > 0
    assert contents(bucket, "data/raw/")
    with pytest.raises(Refused, match="still on its way"):
        trash.restore(slow, user="ana", item_id=item.id, name="elsewhere")
    trash.restore(slow, user="ana", item_id=item.id)
    settle(slow)
    assert contents(bucket) == {f"data/{path}": body for path, body in RAW.items()}


def test_nobody_waits_until_all_of_a_large_one_is_listed(
    context: Context, bucket: Bucket, clock: builders.Clock
) -> None:
    large = over(context, BucketThatListsNothing(bucket, clock))
    item, weight = trashed_folders.discard(large, at())
    assert (weight.files, weight.size) == (3, 8)
    assert not trashed_folders.go_on(large, item.id)
    assert contents(bucket, "trash/"), "some of it is moved each time"


def test_what_is_there_by_now_is_neither_written_over_nor_in_the_way(here: Context, bucket: Bucket) -> None:
    item, _ = trashed_folders.discard(here, at())
    settle(here)
    bucket.write("data/raw/a.csv", b"theirs", ABSENT)
    with pytest.raises(NameTaken, match="under another name"):
        trash.restore(here, user="ana", item_id=item.id)
    trash.restore(here, user="ana", item_id=item.id, name="old/raw")
    bucket.write("data/old/raw/a.csv", b"mine", ABSENT)
    settle(here)
    assert contents(bucket) == STAYS | {
        "data/raw/a.csv": b"theirs", "data/old/raw/.keep": b"", "data/old/raw/a.csv": b"mine",
        "data/old/raw/a (2).csv": b"one", "data/old/raw/deep/b.bin": b"seven",
    }  # fmt: skip


def test_what_may_not_be_moved_stays_and_is_said(context: Context, bucket: Bucket) -> None:
    shut = over(context, BucketThatKeepsOne(bucket))
    item, _ = trashed_folders.discard(shut, at())
    settle(shut)
    assert item_now(shut, item).name == "raw (but for 1 that the service may not move)"
    assert contents(bucket) == STAYS | {"data/raw/deep/b.bin": b"seven"}


def test_a_file_that_is_written_to_all_the_time_stays_and_is_tried_once(context: Context, bucket: Bucket) -> None:
    """Its place in the trash is not taken, and to copy a large one again and again would take hours."""
    restless = BucketThatIsWrittenTo(bucket)
    item, _ = trashed_folders.discard(over(context, restless), at())
    settle(over(context, restless))
    assert (restless.tries, contents(bucket)) == (1, STAYS | {"data/raw/deep/b.bin": b"seven"})
    assert item_now(context, item).name == "raw (but for 1 that the service may not move)"


def test_what_may_not_be_moved_is_not_all_that_is_ever_looked_at(
    context: Context, bucket: Bucket, clock: builders.Clock
) -> None:
    shut = over(context, BucketThatKeepsOne(BucketThatIsSlow(bucket, clock)))  # type: ignore[arg-type]
    bucket.write("data/raw/deep/a b.bin", b"1", ABSENT)
    trashed_folders.discard(shut, at())
    settle(shut)
    assert contents(bucket, "data/raw/").keys() == {"data/raw/deep/a b.bin", "data/raw/deep/b.bin"}


def test_for_good_it_is_gone_with_all_that_is_in_it(context: Context, bucket: Bucket, clock: builders.Clock) -> None:
    slow = over(context, BucketThatIsSlow(bucket, clock))
    item, _ = trashed_folders.discard(slow, at())
    settle(slow)
    trash.purge(slow, user="ana", item_id=item.id)
    trash.purge_kept(slow)
    assert not trashed_folders.go_on(slow, item.id)
    settle(slow)
    assert (contents(bucket, "trash/"), item_now(slow, item).state) == ({}, ItemState.PURGED)


def test_an_empty_folder_is_removed_and_leaves_nothing_in_the_trash(
    context: Context, workspace: Workspace, tmp_path: Path
) -> None:
    bucket = DirectoryBucket(make_folders(tmp_path, "b1"))
    here = over(context, bucket)
    (bucket.path / "data/raw/deep").mkdir(parents=True)
    trashed_folders.discard(here, at())
    settle(here)
    assert not (bucket.path / "data/raw").exists()
    assert trash.list_trash(here, "ana") == []


@pytest.mark.parametrize(
    ("path", "refusal"), [("", Refused), ("/", Refused), ("none", FileMissing), ("..", KeyRefused)]
)
def test_what_is_no_folder_is_told(here: Context, path: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        trashed_folders.discard(here, at(path))


def test_of_very_many_files_only_some_are_counted(context: Context, workspace: Workspace) -> None:
    for number in range(COUNTED + 1):
        context.bucket(workspace.id).write(f"data/raw/{number}", b"1", ABSENT)
    assert trashed_folders.weigh(context, at()) == Weight(files=COUNTED, size=COUNTED, is_more=True)


def test_it_goes_with_a_workspace_that_is_purged(here: Context, workspace: Workspace) -> None:
    item, _ = trashed_folders.discard(here, at())
    whole = trashed_workspaces.discard(here, actor="ana", namespace="ana", name="alpha")
    trash.purge(here, user="ana", item_id=whole.id)
    trashed_workspaces.finish_purge(here, whole)
    assert item_now(here, item).state is ItemState.PURGED
    assert trashed_folders.go_on(here, item.id)


def test_of_a_library_the_notebooks_stay_and_its_room_is_counted(context: Context, tmp_path: Path) -> None:
    library = libraries.create_library(context, user="ana", name="Survey").library.id
    library_room.set_limit(context, actor="ana", library_id=library, size=1024**2)
    place = Place(user="ana", namespace="library", name=library, path="raw")
    notebooks.create_notebook(context, replace(place, path="raw/first"), "python3")
    files.write(context, replace(place, path="raw/a.csv"), b"x" * 100, ANYTHING)
    before = library_room.measure(context, library)
    item, weight = trashed_folders.discard(context, place)
    settle(context)
    tree = tmp_path / "libraries" / library / "data"
    assert (weight.files, [each.name for each in tree.rglob("*")]) == (1, ["raw", "first.ipynb"])
    seen = libraries.get_library(context, user="ana", library_id=library).library
    assert seen.used == before - 100
    with pytest.raises(NameTaken):
        trash.restore(context, user="ana", item_id=item.id)
    trash.restore(context, user="ana", item_id=item.id, name="again")
    settle(context)
    assert (tree / "again/a.csv").read_bytes() == b"x" * 100
    assert libraries.get_library(context, user="ana", library_id=library).library.used == before
