"""What every store promises (``storage/base.py``). A new store joins by one line in ``stores.py``."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from terraspawner.storage import (
    ABSENT,
    ANYTHING,
    Bucket,
    ObjectChanged,
    ObjectInfo,
    Version,
    copy,
    find,
    move,
    save,
)
from terraspawner.storage.base import TRASH
from terraspawner.storage.drive import LibraryBucket
from terraspawner.storage.errors import KeyRefused, ObjectMissing, VersionMismatch
from tests.contracts.stores import ClockThatStands, is_dated_by_its_server

KEY = "notebooks/a.ipynb"
EVERY_ZONE = pytest.mark.parametrize("key", [KEY, "notebooks/b/c.ipynb", "data/b/c.csv", "top"])
NEVER = Version("1-0")


def keys(bucket: Bucket, prefix: str = "") -> list[str]:
    return [info.key for info in bucket.list(prefix)]


@EVERY_ZONE
def test_what_was_written_is_read_with_its_facts(bucket: Bucket, key: str) -> None:
    written = bucket.write(key, b"one", ABSENT)
    body, info = bucket.read(key)
    assert body == b"one"
    assert info == written
    assert (info.key, info.size, info.sha256) == (key, 3, hashlib.sha256(b"one").hexdigest())
    assert info.modified == datetime(2027, 1, 15, 8, tzinfo=UTC) or is_dated_by_its_server(bucket, key)
    assert info.modified.tzinfo is UTC
    assert not info.is_external


@EVERY_ZONE
def test_stat_and_list_tell_the_version_that_read_tells(bucket: Bucket, key: str) -> None:
    version = bucket.write(key, b"one", ABSENT).version
    assert bucket.stat(key).version == version
    assert [info.version for info in bucket.list()] == [version]
    assert bucket.stat(key).version == version


@EVERY_ZONE
def test_a_hash_is_right_or_unknown(bucket: Bucket, key: str) -> None:
    bucket.write(key, b"one", ABSENT)
    assert bucket.stat(key).sha256 in (None, hashlib.sha256(b"one").hexdigest())


@pytest.mark.parametrize("body", [b"", b"\0" * 3, bytes(range(256)) * 10_000], ids=["empty", "nul", "large"])
def test_bytes_come_back_as_they_were(bucket: Bucket, body: bytes) -> None:
    bucket.write(KEY, body, ABSENT)
    assert bucket.read(KEY)[0] == body


def test_a_version_can_stand_in_an_etag(bucket: Bucket) -> None:
    for key in (KEY, "data/x"):
        version = bucket.write(key, b"one", ABSENT).version
        assert version.isascii()
        assert version.replace("-", "").replace(".", "").isalnum()


@EVERY_ZONE
def test_create_refuses_when_the_object_is_there(bucket: Bucket, key: str) -> None:
    first = bucket.write(key, b"one", ABSENT)
    with pytest.raises(ObjectChanged) as refusal:
        bucket.write(key, b"two", ABSENT)
    assert refusal.value.current is not None
    assert refusal.value.current.version == first.version
    assert refusal.value.details["version"] == first.version
    assert bucket.read(key)[0] == b"one"


@EVERY_ZONE
def test_replace_needs_the_present_version(bucket: Bucket, key: str) -> None:
    first = bucket.write(key, b"one", ABSENT)
    second = bucket.write(key, b"two", first.version)
    assert second.version != first.version
    with pytest.raises(VersionMismatch):
        bucket.write(key, b"three", first.version)
    assert bucket.read(key) == (b"two", second)


def test_replace_refuses_when_nothing_is_there(bucket: Bucket) -> None:
    with pytest.raises(ObjectChanged) as refusal:
        bucket.write(KEY, b"one", NEVER)
    assert refusal.value.current is None
    assert keys(bucket) == []


def test_anything_writes_over_everything(bucket: Bucket) -> None:
    bucket.write(KEY, b"one", ANYTHING)
    bucket.write(KEY, b"two", ANYTHING)
    assert bucket.read(KEY)[0] == b"two"


@EVERY_ZONE
def test_no_version_comes_twice_though_the_clock_stands(bucket: Bucket, key: str) -> None:
    """A-B-A, and delete and create: whoever saw the first A must notice."""
    seen = []
    for body in (b"A", b"B", b"A", b"A"):
        seen.append(bucket.write(key, body, ANYTHING).version)
        bucket.delete(key, ANYTHING)
        seen.append(bucket.write(key, body, ABSENT).version)
    assert len(set(seen)) == len(seen)


@EVERY_ZONE
def test_no_version_comes_twice_though_the_clock_runs_backwards(
    bucket: Bucket, key: str, clock: ClockThatStands
) -> None:
    seen = []
    for _ in range(5):
        seen.append(bucket.write(key, b"A", ANYTHING).version)
        bucket.delete(key, ANYTHING)
        clock.now -= 3_600_000_000_000
    assert len(set(seen)) == len(seen)


@EVERY_ZONE
def test_delete_needs_the_present_version(bucket: Bucket, key: str) -> None:
    first = bucket.write(key, b"one", ABSENT)
    second = bucket.write(key, b"two", first.version)
    with pytest.raises(ObjectChanged) as refusal:
        bucket.delete(key, first.version)
    assert refusal.value.current is not None
    assert refusal.value.current.version == second.version
    bucket.delete(key, second.version)
    assert find(bucket, key) is None
    assert keys(bucket) == []


def test_what_is_not_there_is_missing(bucket: Bucket) -> None:
    bucket.write("notebooks/folder/a", b"", ABSENT)
    for key in (KEY, "nowhere/at/all", "notebooks/folder", "notebooks/folder/a/below"):
        with pytest.raises(ObjectMissing):
            bucket.stat(key)
        with pytest.raises(ObjectMissing):
            bucket.read(key)
        with pytest.raises(ObjectMissing):
            bucket.delete(key, ANYTHING)
        with pytest.raises(ObjectChanged) as refusal:
            bucket.delete(key, NEVER)
        assert refusal.value.current is None


def test_list_is_in_the_order_of_keys(bucket: Bucket) -> None:
    names = ["data/z", "notebooks/a b", "notebooks/a-b", "notebooks/a.x", "notebooks/a/b", "notebooks/a/c/d", "x/é"]
    for name in reversed(names):
        bucket.write(name, b"", ABSENT)
    assert keys(bucket) == sorted(names)
    assert keys(bucket, "notebooks/a/") == ["notebooks/a/b", "notebooks/a/c/d"]
    assert keys(bucket, "notebooks/nothing/") == []
    assert keys(bucket, "notebooks/a b/") == []


def test_list_goes_on_while_objects_come_and_go(bucket: Bucket) -> None:
    for n in range(10):
        bucket.write(f"notebooks/{n}", b"", ABSENT)
    listing = bucket.list("notebooks/")
    first = next(listing)
    for n in range(1, 10):
        bucket.delete(f"notebooks/{n}", ANYTHING)
    assert first.key == "notebooks/0"
    assert {info.key for info in listing} <= {f"notebooks/{n}" for n in range(1, 10)}


def test_an_object_is_no_folder_at_once(bucket: Bucket) -> None:
    bucket.write("notebooks/a/b", b"", ABSENT)
    with pytest.raises(KeyRefused):
        bucket.write("notebooks/a", b"", ABSENT)
    with pytest.raises(KeyRefused):
        bucket.write("notebooks/a/b/c", b"", ABSENT)
    assert keys(bucket) == ["notebooks/a/b"]


def test_a_folder_is_gone_with_its_last_object(bucket: Bucket) -> None:
    bucket.write("notebooks/a/b/c", b"", ABSENT)
    bucket.delete("notebooks/a/b/c", ANYTHING)
    assert keys(bucket) == []
    if isinstance(bucket, LibraryBucket):
        return  # people make folders there by hand: theirs stay
    bucket.write("notebooks/a", b"", ABSENT)
    assert keys(bucket) == ["notebooks/a"]


REFUSED = {
    "empty": "",
    "rooted": "/etc/passwd",
    "parent": "../x",
    "parent inside": "notebooks/../../x",
    "here": "notebooks/./x",
    "empty part": "notebooks//x",
    "folder": "notebooks/x/",
    "only slash": "/",
    "nul": "notebooks/a\0b",
    "line feed": "notebooks/a\nb",
    "delete": "notebooks/a\x7fb",
    "line separator": "notebooks/a\u2028b",
    "half character": "notebooks/\ud800",
    "not NFC": "notebooks/e\u0301",
    "part too long": "notebooks/" + "é" * 128,
    "too long": "/".join(["abcdefg"] * 129),
    "reserved": ".terra/tmp/x",
    "reserved itself": ".terra",
    "reserved in capitals": ".TERRA/x",
}


@pytest.mark.parametrize("key", REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_key_is_refused_by_every_verb(bucket: Bucket, key: str) -> None:
    with pytest.raises(KeyRefused):
        bucket.write(key, b"", ANYTHING)
    with pytest.raises(KeyRefused):
        bucket.stat(key)
    with pytest.raises(KeyRefused):
        bucket.read(key)
    with pytest.raises(KeyRefused):
        bucket.delete(key, ANYTHING)
    assert keys(bucket) == []


@pytest.mark.parametrize("prefix", ["notebooks", "/", "../", "notebooks/../", "notebooks//", ".terra/"])
def test_a_bad_prefix_is_refused_at_once(bucket: Bucket, prefix: str) -> None:
    with pytest.raises(KeyRefused):
        bucket.list(prefix)


@pytest.mark.parametrize(
    "key", ["notebooks/" + "é" * 127, "/".join(["abcdefg"] * 128), "data/.terra/x", "日本/ñ '(1)'"]
)
def test_a_key_at_the_bounds_is_taken(bucket: Bucket, key: str) -> None:
    bucket.write(key, b"x", ABSENT)
    assert keys(bucket) == [key]
    assert bucket.read(key)[0] == b"x"
    bucket.delete(key, ANYTHING)


def test_one_of_many_creators_wins(bucket: Bucket) -> None:
    for n in range(20):
        key = f"notebooks/{n}"
        winners = at_once(8, lambda me, key=key: bucket.write(key, b"%d" % me, ABSENT))  # type: ignore[misc]
        assert len(winners) == 1
        assert bucket.read(key)[0] == b"%d" % winners[0]


@pytest.mark.parametrize("key", [KEY, "data/b/c.csv"])
def test_no_increment_is_lost_between_threads(bucket: Bucket, key: str) -> None:
    bucket.write(key, b"0", ABSENT)

    def count(me: int) -> None:
        for _ in range(25):
            increment(bucket, key)

    at_once(4, count)
    assert bucket.read(key)[0] == b"100"


def test_folders_come_and_go_under_many_hands(bucket: Bucket) -> None:
    def churn(me: int) -> None:
        for _ in range(40):
            bucket.write(f"notebooks/a/b/{me}", b"", ABSENT)
            bucket.delete(f"notebooks/a/b/{me}", ANYTHING)

    assert at_once(4, churn) == [0, 1, 2, 3]
    assert keys(bucket) == []


def increment(bucket: Bucket, key: str) -> None:
    while True:
        body, info = bucket.read(key)
        try:
            bucket.write(key, str(int(body) + 1).encode(), info.version)
        except ObjectChanged:
            continue
        return


def at_once(count: int, deed: Callable[[int], object]) -> list[int]:
    """Run ``deed(n)`` in ``count`` threads that start together; which were not refused by a condition."""
    gate = threading.Barrier(count)
    done: list[int] = []
    failed: list[BaseException] = []

    def run(me: int) -> None:
        gate.wait()
        try:
            deed(me)
        except ObjectChanged:
            return
        except BaseException as error:  # in a thread, where pytest would not see it
            failed.append(error)
            raise
        done.append(me)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    return sorted(done)


# The free functions


@EVERY_ZONE
def test_a_save_sent_twice_is_answered_twice(bucket: Bucket, key: str) -> None:
    first = bucket.write(key, b"one", ABSENT)
    second = save(bucket, key, b"two", first.version)
    assert save(bucket, key, b"two", first.version).version == second.version
    with pytest.raises(ObjectChanged):
        save(bucket, key, b"three", first.version)


class BucketThatLosesAnswers:
    """Another sender's bytes, or our own of a lost answer, arrive between the look and the write."""

    def __init__(self, inner: Bucket, body: bytes) -> None:
        self._inner = inner
        self._body = body
        self.list, self.stat, self.read, self.delete = inner.list, inner.stat, inner.read, inner.delete

    def write(self, key: str, body: bytes, expected: object) -> ObjectInfo:
        self._inner.write(key, self._body, ANYTHING)
        return self._inner.write(key, body, expected)  # type: ignore[arg-type]


@EVERY_ZONE
def test_a_save_whose_answer_was_lost_is_a_success(bucket: Bucket, key: str) -> None:
    first = bucket.write(key, b"one", ABSENT)
    saved = save(BucketThatLosesAnswers(bucket, b"two"), key, b"two", first.version)
    assert saved.version == bucket.stat(key).version
    with pytest.raises(ObjectChanged):
        save(BucketThatLosesAnswers(bucket, b"theirs"), key, b"mine!!", saved.version)


def test_copy_takes_a_free_key_only(bucket: Bucket) -> None:
    bucket.write("notebooks/a", b"one", ABSENT)
    copy(bucket, "notebooks/a", "notebooks/b")
    with pytest.raises(ObjectChanged):
        copy(bucket, "notebooks/a", "notebooks/b")
    with pytest.raises(ObjectMissing):
        copy(bucket, "notebooks/c", "notebooks/d")
    assert keys(bucket) == ["notebooks/a", "notebooks/b"]


def test_move_takes_the_expected_version_to_a_free_key(bucket: Bucket) -> None:
    first = bucket.write("notebooks/a", b"one", ABSENT)
    second = bucket.write("notebooks/a", b"two", first.version)
    bucket.write("notebooks/full", b"", ABSENT)
    for target, version in (("notebooks/b", first.version), ("notebooks/full", second.version)):
        with pytest.raises(ObjectChanged):
            move(bucket, "notebooks/a", target, version)
    assert keys(bucket) == ["notebooks/a", "notebooks/full"]
    move(bucket, "notebooks/a", "notebooks/b/c", second.version)
    assert keys(bucket) == ["notebooks/b/c", "notebooks/full"]
    assert bucket.read("notebooks/b/c")[0] == b"two"


class BucketWithABusyNeighbour:
    """Somebody writes the source while its copy is made."""

    def __init__(self, inner: Bucket) -> None:
        self._inner = inner
        self.list, self.stat, self.read, self.delete = inner.list, inner.stat, inner.read, inner.delete

    def write(self, key: str, body: bytes, expected: object) -> ObjectInfo:
        self._inner.write("notebooks/a", b"theirs", ANYTHING)
        return self._inner.write(key, body, expected)  # type: ignore[arg-type]


def test_move_leaves_what_was_written_meanwhile(bucket: Bucket) -> None:
    bucket.write("notebooks/a", b"one", ABSENT)
    with pytest.raises(ObjectChanged):
        move(BucketWithABusyNeighbour(bucket), "notebooks/a", "notebooks/b", ANYTHING)
    assert keys(bucket) == ["notebooks/a"]
    assert bucket.read("notebooks/a")[0] == b"theirs"


def test_what_is_in_the_trash_is_in_no_list_of_what_is_not(bucket: Bucket) -> None:
    """Deleted notebooks are moved there; a store need know nothing of it but this."""
    first = bucket.write(KEY, b"one", ABSENT)
    move(bucket, KEY, f"{TRASH}0123456789abcdef", first.version)
    assert (keys(bucket, "notebooks/"), keys(bucket, "data/")) == ([], [])
    assert keys(bucket, TRASH) == [f"{TRASH}0123456789abcdef"]
    bucket.write(KEY, b"another", ABSENT)
    with pytest.raises(ObjectChanged):
        move(bucket, f"{TRASH}0123456789abcdef", KEY, ANYTHING)
    move(bucket, f"{TRASH}0123456789abcdef", "notebooks/b.ipynb", ANYTHING)
    assert [bucket.read(key)[0] for key in keys(bucket)] == [b"another", b"one"]
