"""A rota: nobody waits for ever, and nobody is asked after twice before all the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from terraspawner.web.rota import Rota

IDS = st.frozensets(st.text("abc", min_size=1, max_size=3), max_size=12)


def test_all_are_asked_after_when_there_are_few() -> None:
    rota = Rota(3)
    for _ in range(3):
        assert rota.next({"a", "b", "c"}) == {"a", "b", "c"}
    assert rota.next(set()) == set()


@given(ids=IDS, at_once=st.integers(1, 5), begun=st.integers(0, 12))
def test_each_has_its_turn_once_in_a_round(ids: frozenset[str], at_once: int, begun: int) -> None:
    rota = Rota(at_once)
    for _ in range(begun):
        rota.next(ids)
    rounds = [rota.next(ids) for _ in range(-(-len(ids) // at_once))]
    assert frozenset().union(*rounds) == ids
    assert all(len(each) == min(at_once, len(ids)) for each in rounds)


@given(stays=IDS, others=st.lists(IDS, max_size=20), at_once=st.integers(1, 3))
def test_who_comes_and_goes_puts_nobody_off_for_more_than_a_round(
    stays: frozenset[str], others: list[frozenset[str]], at_once: int
) -> None:
    rota, waited = Rota(at_once), dict.fromkeys(stays, 0)
    most = len(stays.union(*others))
    for each in others:
        asked = rota.next(stays | each)
        waited = {name: 0 if name in asked else count + 1 for name, count in waited.items()}
        assert all(count <= most for count in waited.values())
