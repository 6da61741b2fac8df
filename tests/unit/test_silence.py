"""A store without answers: one tries, the others are told at once."""

from __future__ import annotations

import pytest

from terraspawner.storage.answers import NoSuchPart, translated
from terraspawner.storage.errors import BucketUnavailable
from terraspawner.storage.silence import Silence

pytestmark = pytest.mark.feature("H1")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def silence(clock: Clock) -> Silence:
    return Silence(8, clock=clock)


def test_a_store_that_answers_is_asked_by_everybody(silence: Silence) -> None:
    for _ in range(3):
        silence.check()
        silence.end()


def test_after_a_request_without_an_answer_the_others_are_told_at_once(silence: Silence) -> None:
    silence.begin()
    with pytest.raises(BucketUnavailable, match="does not answer"):
        silence.check()


def test_after_a_moment_one_tries_and_the_others_do_not_wait_for_it(silence: Silence, clock: Clock) -> None:
    silence.begin()
    clock.now += 2
    silence.check()
    with pytest.raises(BucketUnavailable):
        silence.check()
    clock.now += 8
    silence.check()


def test_an_answer_opens_it_for_everybody(silence: Silence, clock: Clock) -> None:
    silence.begin()
    clock.now += 2
    silence.check()
    silence.end()
    for _ in range(3):
        silence.check()


def test_that_an_object_ends_before_a_part_of_it_is_an_answer(silence: Silence, clock: Clock) -> None:
    silence.begin()
    clock.now += 2
    with pytest.raises(NoSuchPart), translated(silence):
        raise ValueError("Generic S3 error: 416 Range Not Satisfiable")
    silence.check()
