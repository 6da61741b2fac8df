"""Sums of the ledger: cut at the bounds, open intervals count to now, and parts add up to the whole (J2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraspawner.domain.usage import Amount, Interval, amount, months, next_month, previous_month, sums, total

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
NOW = FIRST + timedelta(days=70)
MOMENTS = st.datetimes(datetime(2026, 10, 1), datetime(2027, 1, 20), timezones=st.just(UTC))  # noqa: DTZ001 - aware by the strategy
PRICES = st.decimals(0, 10, places=6)


def interval(started_at: datetime, ended_at: datetime | None, price: str = "0.06", state: str = "running") -> Interval:
    return Interval(
        kind="environment", project="lab", workspace="lab/heart", user="ana", state=state, price=Decimal(price),
        started_at=started_at, ended_at=ended_at,
    )  # fmt: skip


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.mark.feature("J2")
@pytest.mark.parametrize(
    ("started", "ended", "counted"),
    [
        (0, 2, 2),  # within
        (-5, 2, 2),  # begun before
        (22, 30, 2),  # goes on after
        (-5, 30, 24),  # covers it
        (-5, 0, 0),  # ends where it begins
        (24, 30, 0),  # begins where it ends
        (3, 3, 0),  # no time at all
        (4, None, 6),  # still is, at the tenth hour
        (11, None, 0),  # of a clock that was put back
    ],
)
def test_an_interval_counts_as_far_as_it_lies_in_the_span(started: float, ended: float | None, counted: float) -> None:
    here = interval(FIRST + hours(started), None if ended is None else FIRST + hours(ended))
    found = amount(here, FIRST, FIRST + hours(24), now=FIRST + hours(10 if ended is None else 40))
    assert (found.lasted, found.dollars) == (hours(counted), Decimal("0.06") * Decimal(counted))


@pytest.mark.feature("J2")
@given(
    intervals=st.lists(st.tuples(MOMENTS, st.none() | MOMENTS, PRICES), max_size=6),
    cuts=st.lists(MOMENTS, min_size=2, max_size=8),
)
def test_parts_add_up_to_the_whole_to_the_last_digit(
    intervals: list[tuple[datetime, datetime | None, Decimal]], cuts: list[datetime]
) -> None:
    there = [
        interval(started, None if ended is None else max(started, ended), str(price))
        for started, ended, price in intervals
    ]
    bounds = sorted(cuts)
    whole = total(amount(each, bounds[0], bounds[-1], NOW) for each in there)
    parts = total(amount(each, first, last, NOW) for each in there for first, last in pairwise(bounds))
    by_account = total(sums(there, bounds[0], bounds[-1], NOW).values())
    assert whole == parts == by_account


@pytest.mark.feature("J2")
def test_what_is_alike_is_one_line_and_months_are_apart() -> None:
    end_of_month = next_month(FIRST)
    found = sums(
        [
            interval(FIRST, FIRST + hours(1)),
            interval(FIRST + hours(5), FIRST + hours(6)),
            interval(end_of_month - hours(1), end_of_month + hours(2)),
            interval(FIRST, FIRST + hours(3), price="0", state="paused"),
        ],
        FIRST,
        NOW,
        NOW,
    )
    assert [(account.month, account.state, amount.hours) for account, amount in found.items()] == [
        ("2026-11", "paused", Decimal(3)),
        ("2026-11", "running", Decimal(3)),
        ("2026-12", "running", Decimal(2)),
    ]
    assert total(found.values()).dollars == Decimal("0.3")
    assert total([]) == Amount()


def test_months_follow_each_other_over_the_year() -> None:
    spans = list(months(FIRST + hours(5), datetime(2027, 1, 2, tzinfo=UTC)))
    assert [name for name, _, _ in spans] == ["2026-11", "2026-12", "2027-01"]
    assert all(before[2] == after[1] for before, after in pairwise(spans))
    assert previous_month(next_month(FIRST)) == FIRST
