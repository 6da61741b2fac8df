"""A bucket is taken over from a folder into an object store, whole and with its versions, whatever interrupts it."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from stores import servers
from terraspawner.storage import ABSENT, ANYTHING, Bucket, DirectoryBucket, make_folders
from terraspawner.storage.addresses import parse_address
from terraspawner.storage.errors import BucketUnavailable
from terraspawner.storage.moving import Progress, move_all, move_bucket
from terraspawner.storage.objectstore import ObjectStoreBucket
from terraspawner.storage.options import Options
from terraspawner.storage.remote import Client
from terraspawner.storage.store import ObjectStore
from tests.contracts.stores import running

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1")]

KEYS = [
    "data/deep/table.csv",
    "history/ab/abc",
    "notebooks/a.ipynb",
    "notebooks/b c.ipynb",
    "trash/0123",
    "trash/data/1",
]
LARGE = bytes(range(256)) * 80_000


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


class StoreThatSpoils(Client):
    """Keeps other bytes than it is sent."""

    def put_over(self, path: str, body: bytes, note: str) -> None:
        super().put_over(path, body[:-1] + b"?" if b"two" in body else body, note)


@pytest.fixture
def source(tmp_path: Path) -> DirectoryBucket:
    bucket = DirectoryBucket(make_folders(tmp_path, "b1"))
    for key in KEYS:
        bucket.write(key, key.encode(), ABSENT)
    bucket.write("notebooks/a.ipynb", b"two", ANYTHING)
    bucket.write("data/large", LARGE, ABSENT)
    bucket.write("data/empty", b"", ABSENT)
    return bucket


@pytest.fixture(params=[servers.s3, servers.azure], ids=["s3", "azure"])
def place(request: pytest.FixtureRequest) -> tuple[str, Options]:
    server = running(request.param)
    return server.fresh(), server.options()


def target_at(place: tuple[str, Options], kind: type[Client] = Client) -> ObjectStoreBucket:
    address = parse_address(place[0])
    return ObjectStoreBucket(ObjectStore(kind(address.store, address.container, place[1])), "lab/b1/")


def contents(bucket: Bucket) -> dict[str, bytes]:
    return {info.key: bucket.read(info.key)[0] for info in bucket.list()}


def silently(_: Progress) -> None: ...


def test_everything_is_there_with_the_versions_that_others_rely_on(
    source: DirectoryBucket, place: tuple[str, Options]
) -> None:
    heard: list[Progress] = []
    done = move_bucket(source, target_at(place), heard.append)
    target = target_at(place)
    assert contents(target) == contents(source)
    assert (done.total, done.looked_at, done.copied) == (8, 8, 8)
    assert [progress.looked_at for progress in heard] == [*range(1, 9), 8]
    for key in ("notebooks/a.ipynb", "history/ab/abc", "trash/0123"):
        before, now = source.stat(key), target.stat(key)
        assert (now.version, now.sha256, now.modified) == (before.version, before.sha256, before.modified)
        assert not now.is_external
    first = target.stat("notebooks/a.ipynb")
    second = target.write("notebooks/a.ipynb", b"three", first.version)
    assert second.version != target.write("notebooks/a.ipynb", b"two", second.version).version != first.version


def test_a_later_round_brings_what_changed_and_takes_away_what_is_gone(
    source: DirectoryBucket, place: tuple[str, Options]
) -> None:
    move_bucket(source, target_at(place), silently)
    source.write("notebooks/a.ipynb", b"newer", ANYTHING)
    source.write("data/new", b"new", ABSENT)
    source.delete("data/deep/table.csv", ANYTHING)
    done = move_bucket(source, target_at(place), silently)
    assert (done.copied, done.size, done.removed) == (2, len(b"newer" + b"new"), 1)
    assert contents(target_at(place)) == contents(source)
    assert move_bucket(source, target_at(place), silently).copied == 0


@pytest.mark.parametrize("name", [b"\xff", b"a\nb", unicodedata.normalize("NFD", "caf\u00e9").encode()])
def test_a_file_that_no_list_has_stops_the_move_before_anything_is_sent(
    source: DirectoryBucket, tmp_path: Path, name: bytes
) -> None:
    (source.path / "data/deep" / os.fsdecode(name)).write_bytes(b"theirs")
    with pytest.raises(BucketUnavailable, match=r"^1 files of the bucket b1 cannot come along.*'data/deep/"):
        move_all(f"file://{tmp_path}", "s3://there-is-none/lab", Options(), lambda *_: None)


def test_links_and_empty_folders_are_told_as_what_stays_behind(
    source: DirectoryBucket, tmp_path: Path, place: tuple[str, Options]
) -> None:
    (source.path / "data/empty folder/deeper").mkdir(parents=True)
    (source.path / "data/deep/link").symlink_to("table.csv")
    (source.path / "data/folder link").symlink_to("deep")
    os.mkfifo(source.path / "data/deep/pipe")
    (moved,) = move_all(f"file://{tmp_path}", place[0], place[1], lambda *_: None)
    there = {"data/empty folder/deeper/", "data/deep/link", "data/folder link", "data/deep/pipe"}
    assert (moved.id, set(moved.left)) == ("b1", there)


@pytest.mark.parametrize("after", [1, 4, 7])
def test_an_interrupted_round_goes_on_where_it_was(
    source: DirectoryBucket, place: tuple[str, Options], after: int
) -> None:
    def interrupts(progress: Progress) -> None:
        if progress.looked_at == after:
            raise Interrupted

    with pytest.raises(Interrupted):
        move_bucket(source, target_at(place), interrupts)
    assert move_bucket(source, target_at(place), silently).copied == 8 - after
    assert contents(target_at(place)) == contents(source)


def test_bytes_that_arrive_as_others_are_noticed_and_not_left_there(
    source: DirectoryBucket, place: tuple[str, Options]
) -> None:
    with pytest.raises(BucketUnavailable, match="other bytes than were sent"):
        move_bucket(source, target_at(place, StoreThatSpoils), silently)
    assert "notebooks/a.ipynb" not in contents(target_at(place))
    move_bucket(source, target_at(place), silently)
    assert contents(target_at(place)) == contents(source)


def test_where_others_have_written_nothing_is_touched(source: DirectoryBucket, place: tuple[str, Options]) -> None:
    target_at(place).write("notebooks/theirs.ipynb", b"theirs", ABSENT)
    with pytest.raises(BucketUnavailable, match="not brought there from here"):
        move_bucket(source, target_at(place), silently)
    assert contents(target_at(place)) == {"notebooks/theirs.ipynb": b"theirs"}
