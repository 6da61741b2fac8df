"""A data file on its way into the trash, whose process ends in the middle; and the trash of a workspace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import builders
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import files, trash
from terraspawner.operations.context import Context
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT, Bucket, find
from terraspawner.storage.errors import BucketUnavailable, KeyRefused

pytestmark = pytest.mark.feature("H5", "C17")

PLACE = Place(user="ana", namespace="ana", name="alpha", path="t/x.csv")


class Killed(BaseException):
    """The process ended here."""


class BucketThatRenamesNothing:
    """The process ends before its store renames, or its store refuses to."""

    def __init__(self, bucket: Bucket, why: BaseException) -> None:
        self._bucket, self._why = bucket, why

    def __getattr__(self, verb: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self._bucket, verb)
        return found

    def rename(self, *_: object) -> object:
        raise self._why


class BucketThatTellsNobody(BucketThatRenamesNothing):
    """Its store renames, and the answer is lost."""

    def rename(self, *words: object) -> object:
        self._bucket.rename(*words)  # type: ignore[arg-type]
        raise self._why


class BucketThatIsAway:
    """Nothing of it answers."""

    def __getattr__(self, verb: str) -> Callable[..., object]:
        raise BucketUnavailable


@pytest.fixture
def bucket(context: Context, workspace: Workspace) -> Bucket:
    made = context.bucket(workspace.id)
    made.write("data/t/x.csv", b"one", ABSENT)
    return made


def shown(context: Context) -> list[str]:
    return [each.item.name for each in trash.list_trash(context, "ana")]


def test_a_deletion_that_is_refused_leaves_the_file_where_it_was(context: Context, bucket: Bucket) -> None:
    refusing = BucketThatRenamesNothing(bucket, KeyRefused())
    with pytest.raises(KeyRefused):
        files.delete(replace(context, bucket=lambda _: refusing), PLACE)  # type: ignore[arg-type, return-value]
    assert bucket.read("data/t/x.csv")[0] == b"one"
    assert shown(context) == []


@pytest.mark.parametrize("kind", [BucketThatRenamesNothing, BucketThatTellsNobody])
@pytest.mark.parametrize("why", [Killed(), BucketUnavailable()])
def test_a_deletion_of_which_nothing_was_heard_can_be_taken_back(
    context: Context, bucket: Bucket, kind: type[BucketThatRenamesNothing], why: BaseException
) -> None:
    with pytest.raises(type(why)):
        files.delete(replace(context, bucket=lambda _: kind(bucket, why)), PLACE)  # type: ignore[arg-type, return-value]
    (item,) = trash.list_trash(context, "ana")
    trash.restore(context, user="ana", item_id=item.item.id)
    assert bucket.read("data/t/x.csv")[0] == b"one"
    assert shown(context) == []


@pytest.mark.parametrize("away", ["alpha", "beta"])
def test_a_bucket_that_is_away_holds_up_the_purge_of_no_other(
    context: Context, bucket: Bucket, workspace: Workspace, away: str
) -> None:
    ids = {"alpha": workspace.id, "beta": builders.workspace(context, name="beta").id}
    context.bucket(ids["beta"]).write("data/t/x.csv", b"one", ABSENT)
    for name in ids:
        trash.purge(context, user="ana", item_id=files.delete(context, replace(PLACE, name=name)).id)

    def partly(workspace_id: str) -> Bucket:
        return BucketThatIsAway() if workspace_id == ids[away] else context.bucket(workspace_id)  # type: ignore[return-value]

    with pytest.raises(BucketUnavailable):
        trash.purge_kept(replace(context, bucket=partly))
    left = [name for name, identifier in ids.items() if [*context.bucket(identifier).list("trash/")]]
    assert left == [away]


class BucketThatIsSlow:
    """To delete a file takes its store some seconds."""

    def __init__(self, bucket: Bucket, clock: builders.Clock) -> None:
        self._bucket, self._clock = bucket, clock

    def __getattr__(self, verb: str) -> Callable[..., object]:
        if verb == "delete":
            self._clock.move(seconds=6)
        found: Callable[..., object] = getattr(self._bucket, verb)
        return found


def test_a_purge_of_much_goes_on_in_the_next_sweep(context: Context, bucket: Bucket, clock: builders.Clock) -> None:
    """One that goes on for longer than anybody waits would be begun again beside itself, until no thread is left."""
    for number in range(5):
        bucket.write(f"data/t/{number}", b"one", ABSENT)
        item = files.delete(context, replace(PLACE, path=f"t/{number}"))
        trash.purge(context, user="ana", item_id=item.id)
    slow = replace(context, bucket=lambda _: BucketThatIsSlow(bucket, clock))  # type: ignore[arg-type, return-value]
    left = []
    for _ in range(3):
        trash.purge_kept(slow)
        left.append(len([*bucket.list("trash/")]))
    assert left == [3, 1, 0]


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
