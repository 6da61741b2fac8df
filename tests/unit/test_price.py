"""Prices per hour and month."""

from decimal import Decimal

import pytest

from terraspawner.domain.environment import State
from terraspawner.domain.price import Prices, disk_per_hour, disk_per_month, per_hour

PRICES = Prices(running=Decimal("0.06"), frozen=Decimal("0.02"), paused=Decimal("0.01"), disk=Decimal("2.00"))
GIB = 1024**3


@pytest.mark.feature("J2")
@pytest.mark.parametrize(
    ("state", "price"),
    [
        (State.NONE, "0"),
        (State.CREATING, "0.06"),
        (State.STARTING, "0.06"),
        (State.RUNNING, "0.06"),
        (State.FREEZING, "0.06"),
        (State.FROZEN, "0.02"),
        (State.PAUSING, "0.06"),
        (State.PAUSED, "0.01"),
        (State.DELETING, "0"),
        (State.TRASHED, "0.01"),
        (State.PURGING, "0"),
    ],
)
def test_an_environment_costs_by_its_state(state: State, price: str) -> None:
    assert per_hour(PRICES, state) == Decimal(price)


@pytest.mark.parametrize("state", [State.CREATING, State.STARTING])
def test_a_start_that_waits_for_its_turn_costs_no_more_than_a_pause(state: State) -> None:
    assert per_hour(PRICES, state, waits_for_turn=True) == PRICES.paused


@pytest.mark.parametrize(("size", "price"), [(50 * GIB, "2.00"), (100 * GIB, "4.00"), (10 * GIB, "0.40")])
def test_a_disk_costs_in_proportion(size: int, price: str) -> None:
    assert disk_per_month(PRICES, size) == Decimal(price)


def test_a_month_of_hours_is_a_month() -> None:
    assert disk_per_hour(PRICES, 50 * GIB) * 730 == pytest.approx(Decimal("2.00"), abs=Decimal("0.01"))
