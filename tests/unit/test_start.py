"""The steps of a start, and who of those that wait starts next."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON
from terraspawner.domain.start import (
    MESSAGES,
    PERCENT,
    Step,
    StepName,
    begun,
    ended,
    in_turn,
    under_way,
    waiting_words,
)


def later(seconds: float):  # type: ignore[no-untyped-def]
    return NOON + timedelta(seconds=seconds)


def test_every_step_has_words_and_a_place_on_the_bar() -> None:
    assert set(MESSAGES) == set(PERCENT) == set(StepName)
    assert list(PERCENT.values()) == sorted(PERCENT.values())


@pytest.mark.feature("C12")
def test_each_step_ends_when_the_next_begins() -> None:
    steps = begun((), StepName.CHECK, NOON)
    steps = begun(steps, StepName.DISK, later(1))
    steps = begun(steps, StepName.CONTAINER, later(3))
    assert [(step.name, step.started_at, step.ended_at) for step in steps] == [
        ("check", NOON, later(1)),
        ("disk", later(1), later(3)),
        ("container", later(3), None),
    ]
    assert under_way(steps) == steps[-1]
    assert under_way(ended(steps, later(4))) is None


def test_the_same_step_keeps_its_time_and_changes_its_words() -> None:
    steps = begun((), StepName.QUEUE, NOON, waiting_words(2))
    steps = begun(steps, StepName.QUEUE, later(5), waiting_words(1))
    assert [(step.message, step.started_at) for step in steps] == [
        ("Waiting for its turn: 1 other start is before it", NOON)
    ]
    # what was true while it lasted is not told afterwards
    assert ended(steps, later(6))[0].message == "Waiting for its turn"


def test_a_step_is_the_same_after_it_was_stored() -> None:
    for step in (*begun((), StepName.QUEUE, NOON, "Waiting"), *ended(begun((), StepName.START, NOON), later(2))):
        assert Step.from_json(step.as_json()) == step


@pytest.mark.parametrize(
    ("waiting", "starting", "served", "order"),
    [
        ("", "", "", ""),
        ("ab", "", "", "ab"),
        ("aaab", "", "", "abaa"),
        ("aaab", "aa", "", "baaa"),
        ("aab", "b", "", "aab"),
        ("aabbc", "a", "", "bcaba"),
        ("aab", "", "a", "baa"),
        ("abc", "", "abc", "abc"),
        ("abc", "", "cba", "cba"),
    ],
)
def test_whoever_has_least_under_way_is_next(waiting: str, starting: str, served: str, order: str) -> None:
    assert "".join(waiting[position] for position in in_turn(waiting, starting, served)) == order


@given(waiting=st.text("abc", max_size=30), starting=st.text("abc", max_size=10))
def test_nobody_is_left_out_and_ones_own_starts_keep_their_order(waiting: str, starting: str) -> None:
    order = in_turn(waiting, starting)
    assert sorted(order) == list(range(len(waiting)))
    for person in set(waiting):
        mine = [position for position in order if waiting[position] == person]
        assert mine == sorted(mine)
