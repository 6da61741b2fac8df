"""A data file on its way into the trash, whose process ends in the middle; and the trash of a workspace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from terraspawner.domain.workspace import Workspace
from terraspawner.operations import files, trash
from terraspawner.operations.context import Context
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT, Bucket, find

pytestmark = pytest.mark.feature("H5", "C17")

PLACE = Place(user="ana", namespace="ana", name="alpha", path="t/x.csv")


class Killed(BaseException):
    """The process ended here."""


class BucketThatRenamesNothing:
    """The process ends before its store renames."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def __getattr__(self, verb: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self._bucket, verb)
        return found

    def rename(self, *_: object) -> object:
        raise Killed


@pytest.fixture
def bucket(context: Context, workspace: Workspace) -> Bucket:
    made = context.bucket(workspace.id)
    made.write("data/t/x.csv", b"one", ABSENT)
    return made


def shown(context: Context) -> list[str]:
    return [each.item.name for each in trash.list_trash(context, "ana")]


def test_a_deletion_that_failed_leaves_the_file_where_it_was(context: Context, bucket: Bucket) -> None:
    failing = replace(context, bucket=lambda _: BucketThatRenamesNothing(bucket))  # type: ignore[arg-type, return-value]
    with pytest.raises(Killed):
        files.delete(failing, PLACE)
    assert bucket.read("data/t/x.csv")[0] == b"one"
    assert shown(context) == []


def test_a_file_that_was_put_back_before_its_row_was_told_counts_as_restored(context: Context, bucket: Bucket) -> None:
    item = files.delete(context, PLACE)
    bucket.rename(f"trash/data/{item.id}", "data/t/x.csv", bucket.stat(f"trash/data/{item.id}").version)
    trash.restore(context, user="ana", item_id=item.id)
    assert bucket.read("data/t/x.csv")[0] == b"one"
    assert shown(context) == []


def test_a_purge_twice_is_one(context: Context, bucket: Bucket) -> None:
    item = files.delete(context, PLACE)
    assert shown(context) == ["t/x.csv"]
    trash.purge(context, user="ana", item_id=item.id)
    trash.purge_kept(context)
    trash.purge_kept(context)
    assert find(bucket, f"trash/data/{item.id}") is None
    assert shown(context) == []
