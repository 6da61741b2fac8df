"""What was used and what it cost, from the ledger's intervals (J2). Pure: `now` closes what is still open.

Metered is time in a state, whatever the load. An interval counts as far as it lies in the span that is asked for, the
begin in and the end out, so that spans which follow each other add up to the whole, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_PER_HOUR = Decimal(3_600_000_000)
_SHOWN = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An environment or a disk in one state at one price. `ended_at` None: it still is. `price` is per hour."""

    kind: str
    project: str
    workspace: str
    user: str
    state: str
    price: Decimal
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Account:
    """What is summed up apart. `month` is its first day, as 2026-11."""

    month: str
    project: str
    workspace: str
    user: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """`weighted` is dollars per hour times microseconds: exact, where dollars would be rounded."""

    lasted: timedelta = timedelta()
    weighted: Decimal = Decimal(0)

    def __add__(self, other: Amount) -> Amount:
        return Amount(lasted=self.lasted + other.lasted, weighted=self.weighted + other.weighted)

    @property
    def hours(self) -> Decimal:
        return (Decimal(self.lasted // _MICROSECOND) / _MICROSECONDS_PER_HOUR).quantize(_SHOWN)

    @property
    def dollars(self) -> Decimal:
        return (self.weighted / _MICROSECONDS_PER_HOUR).quantize(_SHOWN)


def amount(interval: Interval, begin: datetime, end: datetime, now: datetime) -> Amount:
    """What of it lies in the span."""
    first = max(interval.started_at, begin)
    last = min(interval.ended_at or now, now, end)
    lasted = max(last - first, timedelta())
    return Amount(lasted=lasted, weighted=interval.price * (lasted // _MICROSECOND))


def sums(intervals: Iterable[Interval], begin: datetime, end: datetime, now: datetime) -> dict[Account, Amount]:
    """By account, in order; those that nothing fell to are left out."""
    found: dict[Account, Amount] = {}
    spans = list(months(begin, min(end, now)))
    for interval in intervals:
        for month, first, last in spans:
            part = amount(interval, first, last, now)
            if part.lasted:
                account = Account(
                    month=month, project=interval.project, workspace=interval.workspace, user=interval.user,
                    kind=interval.kind, state=interval.state,
                )  # fmt: skip
                found[account] = found.get(account, Amount()) + part
    return dict(sorted(found.items()))


def total(amounts: Iterable[Amount]) -> Amount:
    return sum(amounts, Amount())


def months(begin: datetime, end: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """The months of UTC that a span touches, each with what of it lies in the span."""
    first = begin
    while first < end:
        following = min(next_month(first), end)
        yield f"{first:%Y-%m}", first, following
        first = following


def month_of(moment: datetime) -> datetime:
    """Its begin."""
    return datetime(moment.year, moment.month, 1, tzinfo=UTC)


def next_month(moment: datetime) -> datetime:
    """The begin of the month after it."""
    return month_of(month_of(moment) + timedelta(days=32))


def previous_month(moment: datetime) -> datetime:
    """The begin of the month before it."""
    return month_of(month_of(moment) - timedelta(days=1))
