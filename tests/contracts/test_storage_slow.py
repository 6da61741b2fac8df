"""A real store whose answers come late or by drops: what can be waited for is right, the rest is told in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from stores import servers
from stores.late import AnswersThatComeLate, late
from stores.servers import Server
from terraspawner.storage import ABSENT, ANYTHING, Bucket, ObjectChanged, create_bucket
from terraspawner.storage.errors import BucketUnavailable
from tests.contracts.stores import running
from waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1")]

KEY = "notebooks/a.ipynb"
LAG = 0.2


@pytest.fixture(params=[servers.s3, servers.azure], ids=["s3", "azure"])
def server(request: pytest.FixtureRequest) -> Server:
    return running(request.param)


@pytest.fixture
def between(server: Server) -> Iterator[AnswersThatComeLate]:
    with late(server.endpoint) as made:
        yield made


def made(server: Server, between: AnswersThatComeLate, seconds: float) -> Bucket:
    """`seconds` may one request take."""
    bucket = create_bucket(f"{server.fresh()}/x", "b1", server.options(seconds=seconds, endpoint=between.endpoint))
    bucket.write(KEY, b"one", ABSENT)
    return bucket


@pytest.fixture
def bucket(server: Server, between: AnswersThatComeLate) -> Bucket:
    return made(server, between, seconds=3)


def test_every_verb_is_right_though_each_answer_is_late(server: Server, between: AnswersThatComeLate) -> None:
    bucket = made(server, between, seconds=30)
    between.lag = LAG
    first = bucket.stat(KEY)
    second = bucket.write(KEY, b"two", first.version)
    with pytest.raises(ObjectChanged):
        bucket.write(KEY, b"three", first.version)
    assert bucket.read(KEY) == (b"two", second)
    bucket.write_stream("data/x", iter([b"1" * 20_000_000, b"2"]), ABSENT)
    assert bucket.read_range("data/x", 19_999_999, 10, ANYTHING) == b"12"
    bucket.rename("data/x", "data/y", ANYTHING)
    bucket.delete(KEY, second.version)
    assert [info.key for info in bucket.list()] == ["data/y"]
    (found,) = bucket.entries("data/")
    assert not isinstance(found, str)
    assert found.key == "data/y"


VERBS: dict[str, Callable[[Bucket], object]] = {
    "read": lambda bucket: bucket.read(KEY),
    "list": lambda bucket: list(bucket.list()),
}


@pytest.mark.parametrize("verb", VERBS)
def test_answers_that_come_by_drops_are_given_up_on(bucket: Bucket, between: AnswersThatComeLate, verb: str) -> None:
    between.drips = True
    with pytest.raises(BucketUnavailable):
        VERBS[verb](bucket)
    between.drips = False
    assert found_again(bucket)[0] == b"one"


def test_a_write_whose_answer_was_given_up_on_was_made_whole_and_is_not_made_again_over_anothers(
    bucket: Bucket, between: AnswersThatComeLate
) -> None:
    first, long = bucket.stat(KEY), b"two" * 100_000
    between.method, between.drips = "PUT", True
    with pytest.raises(BucketUnavailable):
        bucket.write(KEY, long, first.version)
    between.drips = False
    body, present = found_again(bucket)
    assert body == long
    theirs = bucket.write(KEY, b"theirs", present.version)
    with pytest.raises(ObjectChanged):
        bucket.write(KEY, long, first.version)
    assert bucket.read(KEY) == (b"theirs", theirs)


def found_again(bucket: Bucket):  # type: ignore[no-untyped-def]
    """The notebook and its facts, once the store is asked again: who was told of a silence is, after a moment."""

    def look():  # type: ignore[no-untyped-def]
        try:
            return bucket.read(KEY)
        except BucketUnavailable:
            return None

    return until(look, "the store is asked again")
