"""What was used and what it cost, from the ledger's intervals (J2). Pure: `now` closes what is still open.

Metered is time in a state, whatever the load. An interval counts as far as it lies in the span that is asked for, the
begin in and the end out, so that spans which follow each other add up to the whole, to the last digit.

Tags are those that a thing has now, or had last, for the past too: a tag says how one sorts the costs today. Who tags
the machines of a course in its third week wants the cost of the whole course, and a misspelt value that was put right
shall not stay a line of its own. Clouds report a tag only from when it was set, since their bills are closed by then,
and add ways to fill it in afterwards; here a tag moves no bill, and the audit tells what it was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from terraspawner.domain import tags as rules
from terraspawner.domain.tags import UNTAGGED, Tags

_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_PER_HOUR = Decimal(3_600_000_000)
_SHOWN = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An environment or a disk in one state at one price. `ended_at` None: it still is. `price` is per hour; `tags`
    those that it has now."""

    kind: str
    project: str
    workspace: str
    user: str
    state: str
    price: Decimal
    started_at: datetime
    ended_at: datetime | None
    tags: Tags = field(default_factory=dict)

    @property
    def all_tags(self) -> Tags:
        """With those that nobody sets."""
        known = rules.of_place(self.kind, project=self.project, workspace=self.workspace, owner=self.user)
        return {**self.tags, **known}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Account:
    """What is summed up apart. `month` is its first day, as 2026-11; `tags` are in one line. `group` is the value of
    the tag that is asked for, `UNTAGGED` for what lacks it, empty where none is asked for."""

    group: str = ""
    month: str
    project: str
    workspace: str
    user: str
    kind: str
    state: str
    tags: str = ""


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


def sums(
    intervals: Iterable[Interval], begin: datetime, end: datetime, now: datetime, *, by: str = ""
) -> dict[Account, Amount]:
    """By account, in order; those that nothing fell to are left out. `by` is the key of a tag to group by."""
    found: dict[Account, Amount] = {}
    spans = list(months(begin, min(end, now)))
    for interval in intervals:
        for month, first, last in spans:
            part = amount(interval, first, last, now)
            if part.lasted:
                account = Account(
                    month=month, project=interval.project, workspace=interval.workspace, user=interval.user,
                    kind=interval.kind, state=interval.state, tags=rules.written(interval.tags),
                    group=interval.all_tags.get(by, UNTAGGED) if by else "",
                )  # fmt: skip
                found[account] = found.get(account, Amount()) + part
    return dict(sorted(found.items()))


def total(amounts: Iterable[Amount]) -> Amount:
    return sum(amounts, Amount())


def groups(lines: Mapping[Account, Amount]) -> dict[str, Amount]:
    """What each value of the tag comes to, in order; what lacks the tag is the last."""
    found: dict[str, Amount] = {}
    for account, part in lines.items():
        found[account.group] = found.get(account.group, Amount()) + part
    return dict(sorted(found.items(), key=lambda line: (line[0] == UNTAGGED, line[0])))


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
