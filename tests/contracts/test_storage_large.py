"""What every store promises of large objects and large folders (``storage/base.py``)."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator

import pytest

from terraspawner.storage import ABSENT, ANYTHING, Bucket, DirectoryBucket, ObjectChanged, ObjectInfo, Version, find
from terraspawner.storage.errors import KeyRefused, ObjectMissing
from terraspawner.storage.layout import DATA_TRASH
from tests.contracts.stores import ClockThatStands

pytestmark = pytest.mark.feature("H5")

KEY = "data/b/c.csv"
TRASHED = f"{DATA_TRASH}0123456789abcdef"
NEVER = Version("1-0")
EVERY_ZONE = pytest.mark.parametrize("key", [KEY, "notebooks/b/c.ipynb", "uploads/0123456789abcdef/0"])


class Cut(Exception):
    """The sender is gone."""


def cut_off(*pieces: bytes) -> Iterator[bytes]:
    yield from pieces
    raise Cut


def names(found: Iterator[ObjectInfo | str]) -> list[str]:
    return [entry if isinstance(entry, str) else entry.key for entry in found]


@EVERY_ZONE
def test_a_stream_becomes_one_object(bucket: Bucket, key: str) -> None:
    written = bucket.write_stream(key, iter([b"one", b"", b"two" * 100_000]), ABSENT)
    body, info = bucket.read(key)
    assert body == b"one" + b"two" * 100_000
    assert (written.key, written.size, written.version) == (key, len(body), info.version)
    assert written.sha256 in (None, hashlib.sha256(body).hexdigest())
    assert bucket.write_stream("data/empty", [], ABSENT).size == 0


@EVERY_ZONE
def test_a_stream_keeps_to_its_condition(bucket: Bucket, key: str) -> None:
    first = bucket.write_stream(key, [b"one"], ABSENT)
    for expected in (ABSENT, NEVER):
        with pytest.raises(ObjectChanged) as refusal:
            bucket.write_stream(key, [b"two"], expected)
        assert refusal.value.current is not None
        assert refusal.value.current.version == first.version
    second = bucket.write_stream(key, [b"two"], first.version)
    assert second.version != first.version
    assert bucket.write_stream(key, [b"two"], ANYTHING).version != second.version
    assert bucket.read(key)[0] == b"two"


@EVERY_ZONE
def test_a_stream_that_breaks_off_changes_nothing(bucket: Bucket, key: str) -> None:
    first = bucket.write(key, b"one", ABSENT)
    for at in (key, "data/new/file"):
        with pytest.raises(Cut):
            bucket.write_stream(at, cut_off(b"half"), ANYTHING)
    assert [info.version for info in bucket.list()] == [first.version]
    assert bucket.read(key)[0] == b"one"


@EVERY_ZONE
def test_a_part_is_read_of_the_version_that_was_asked_for(bucket: Bucket, key: str) -> None:
    version = bucket.write(key, b"0123456789", ABSENT).version
    assert bucket.read_range(key, 0, 4, version) == b"0123"
    assert bucket.read_range(key, 4, 3, ANYTHING) == b"456"
    assert bucket.read_range(key, 8, 100, version) == b"89"
    later = bucket.write(key, b"abc", version).version
    with pytest.raises(ObjectChanged) as refusal:
        bucket.read_range(key, 0, 4, version)
    assert refusal.value.current is not None
    assert refusal.value.current.version == later
    bucket.delete(key, later)
    with pytest.raises(ObjectMissing):
        bucket.read_range(key, 0, 4, later)


def test_a_folder_is_looked_at_by_pages(bucket: Bucket) -> None:
    for key in ("data/a/x/y", "data/a/z", "data/a b.csv", "data/a.csv", "data/a0", "data/é/1", "notebooks/n"):
        bucket.write(key, b"1", ABSENT)
    whole = ["data/a b.csv", "data/a.csv", "data/a/", "data/a0", "data/é/"]
    assert names(bucket.entries("data/")) == whole
    for at, key in enumerate(whole):
        assert names(bucket.entries("data/", after=key)) == whole[at + 1 :]
    assert names(bucket.entries("data/a/")) == ["data/a/x/", "data/a/z"]
    assert names(bucket.entries("data/nothing/")) == []
    assert {"data/", "notebooks/"} <= set(names(bucket.entries()))


def test_what_changes_between_two_pages_of_a_folder_is_on_the_second(bucket: Bucket) -> None:
    for key in ("data/1.csv", "data/2.csv", "data/3.csv", "data/4.csv"):
        bucket.write(key, b"1", ABSENT)
    assert names(itertools.islice(bucket.entries("data/"), 1)) == ["data/1.csv"]
    bucket.write("data/5.csv", b"1", ABSENT)
    bucket.write("data/a/5.csv", b"1", ABSENT)
    bucket.delete("data/3.csv", ANYTHING)
    bucket.rename("data/4.csv", "data/6.csv", ANYTHING)
    bucket.write_stream("data/7.csv", iter([b"1"]), ABSENT)
    whole = [*(f"data/{name}.csv" for name in (2, 5, 6, 7)), "data/a/"]
    assert names(bucket.entries("data/", after="data/1.csv")) == whole


def test_a_folder_tells_of_objects_what_stat_tells(bucket: Bucket) -> None:
    bucket.write("data/x", b"one", ABSENT)
    (found,) = bucket.entries("data/")
    assert isinstance(found, ObjectInfo)
    assert found.version == bucket.stat("data/x").version
    assert found.size == 3


@pytest.mark.parametrize(("key", "target"), [(KEY, TRASHED), (KEY, "data/d.csv"), ("notebooks/a", "trash/x")])
def test_a_rename_takes_the_expected_version_to_a_free_key(bucket: Bucket, key: str, target: str) -> None:
    first = bucket.write(key, b"one", ABSENT)
    with pytest.raises(ObjectChanged):
        bucket.rename(key, target, NEVER)
    moved = bucket.rename(key, target, first.version)
    assert (moved.key, moved.size, moved.version) == (target, 3, bucket.stat(target).version)
    assert find(bucket, key) is None
    with pytest.raises(ObjectMissing):
        bucket.rename(key, target, ANYTHING)
    again = bucket.write(key, b"two", ABSENT)
    with pytest.raises(ObjectChanged) as refusal:
        bucket.rename(key, target, again.version)
    assert refusal.value.details["key"] == target
    assert (bucket.read(key)[0], bucket.read(target)[0]) == (b"two", b"one")


def test_no_version_comes_back_by_a_rename(bucket: Bucket, clock: ClockThatStands) -> None:
    first = bucket.write(KEY, b"one", ABSENT)
    bucket.rename(KEY, TRASHED, first.version)
    with pytest.raises(ObjectChanged):
        bucket.write(KEY, b"two", first.version)
    bucket.rename(TRASHED, KEY, ANYTHING)
    bucket.write(KEY, b"two", ANYTHING)
    with pytest.raises(ObjectChanged):
        bucket.delete(KEY, first.version)


@pytest.mark.parametrize("key", ["", "../x", "data/../../x", "data//x", ".terra/x", "data/a\nb"])
def test_a_bad_key_is_refused_by_the_verbs_for_large_ones(bucket: Bucket, key: str) -> None:
    with pytest.raises(KeyRefused):
        bucket.write_stream(key, [b""], ANYTHING)
    with pytest.raises(KeyRefused):
        bucket.read_range(key, 0, 1, ANYTHING)
    bucket.write("data/x", b"", ABSENT)
    for one, other in ((key, "data/y"), ("data/x", key)):
        with pytest.raises(KeyRefused):
            bucket.rename(one, other, ANYTHING)
    assert [info.key for info in bucket.list()] == ["data/x"]


@pytest.mark.parametrize("prefix", ["data", "/", "../", "data/../"])
def test_a_bad_folder_is_refused_at_once(bucket: Bucket, prefix: str) -> None:
    with pytest.raises(KeyRefused):
        bucket.entries(prefix)


# The directory store: what lies there past us


def test_a_link_is_neither_read_nor_renamed_nor_shown(directory: DirectoryBucket) -> None:
    secret = directory.path.parent / "secret"
    secret.write_bytes(b"another's")
    (directory.path / "data/link").symlink_to(secret)
    (directory.path / "data/folder").symlink_to(directory.path.parent)
    for key in ("data/link", "data/folder/secret"):
        with pytest.raises(KeyRefused):
            directory.read_range(key, 0, 100, ANYTHING)
        with pytest.raises(KeyRefused):
            directory.rename(key, TRASHED, ANYTHING)
        with pytest.raises(KeyRefused):
            directory.rename(directory.write("data/x", b"", ANYTHING).key, key, ANYTHING)
    assert names(directory.entries("data/")) == ["data/x"]
    assert secret.read_bytes() == b"another's"


def test_a_large_file_goes_into_the_trash_without_being_read(directory: DirectoryBucket) -> None:
    path = directory.path / "data/large"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: reading it would take an hour
    info = directory.rename("data/large", TRASHED, directory.stat("data/large").version)
    assert info.size == 1 << 40
    directory.delete(TRASHED, ANYTHING)
    assert find(directory, TRASHED) is None


def test_a_folder_that_a_user_made_is_told_though_it_is_empty(directory: DirectoryBucket) -> None:
    (directory.path / "data/empty").mkdir()
    assert names(directory.entries("data/")) == ["data/empty/"]


def test_a_rename_goes_over_nothing_that_appears_beside_us(directory: DirectoryBucket) -> None:
    directory.write("data/x", b"mine", ABSENT)
    (directory.path / "data/y").mkdir()
    with pytest.raises(KeyRefused):
        directory.rename("data/x", "data/y", ANYTHING)
    assert directory.read("data/x")[0] == b"mine"
