"""Whatever happens in whatever order, one session at most may save, and no fence is ever given twice."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from lease_world import ACTS, World, walk

NUMBERS = st.integers(min_value=0, max_value=5999)


class OneLease(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(act=st.sampled_from(sorted(set(ACTS))), which=NUMBERS, other=NUMBERS, amount=NUMBERS)
    def something_happens(self, act: str, which: int, other: int, amount: int) -> None:
        self.world.step(act, which, other, amount)


def test_one_at_most_may_save_whatever_hypothesis_thinks_of() -> None:
    chosen = settings(
        max_examples=settings().max_examples // 4, stateful_step_count=30, derandomize=True, database=None
    )
    run_state_machine_as_test(OneLease, settings=chosen)


@pytest.mark.parametrize("seed", range(3))
def test_one_at_most_may_save_in_a_thousand_steps(seed: int) -> None:
    world = walk(1_000, seed)
    assert len(Counter(tab.user for tab in world.grants)) == 3  # everybody had it
    assert world.crashed


@pytest.mark.feature("F1")
@pytest.mark.full
def test_one_at_most_may_save_in_a_million_steps() -> None:
    assert sum(len(walk(10_000, seed).grants) for seed in range(100)) > 1_000
