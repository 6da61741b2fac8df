"""Times of day in a person's own zone, and the instants that they mean.

Where clocks are put forward and a local time does not exist, it is taken with the offset that held before, as RFC 5545
(3.3.5) reads it: 02:30 is then 03:30. Where they are put back and it comes twice, the first one counts. A day that a
zone leaves out altogether (Apia had no 30 December 2011) has no instant. So there is one instant a day at most.
"""

from __future__ import annotations

import difflib
import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from terraspawner.errors import Refused

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_AHEAD_DAYS = 16
"""Two weeks and what a zone may leave out: every weekday comes in that time."""
_NO_PLACES = frozenset({"localtime", "posixrules", "Factory"})
_SUGGESTED = 5


class Day(enum.StrEnum):
    """In the order of `date.weekday`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


EVERY_DAY = frozenset(Day)
WEEKDAYS = EVERY_DAY - {Day.SAT, Day.SUN}
_ORDER = tuple(Day)
NAMES = dict(zip(Day, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A time of day in a zone of the IANA database, on some days of the week."""

    at: time
    zone: str
    days: frozenset[Day]

    def __str__(self) -> str:
        return f"{said_days(self.days)} at {self.at:%H:%M} {self.zone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From `start` on these days until `end`, on the next day where that is not later."""

    start: time
    end: time
    zone: str
    days: frozenset[Day]

    def __str__(self) -> str:
        return f"{said_days(self.days)} from {self.start:%H:%M} to {self.end:%H:%M} {self.zone}"


def schedule_of(field: str, *, at: str, zone: str, days: Iterable[str]) -> Schedule:
    """Checked. Raises `Refused`, which names `field`."""
    return Schedule(at=_time_of(f"{field}.at", at), zone=zone_of(field, zone), days=_days_of(field, days))


def quiet_hours_of(field: str, *, start: str, end: str, zone: str, days: Iterable[str]) -> QuietHours:
    """Checked. Raises `Refused`, which names `field`."""
    quiet = QuietHours(
        start=_time_of(f"{field}.start", start),
        end=_time_of(f"{field}.end", end),
        zone=zone_of(field, zone),
        days=_days_of(field, days),
    )
    if quiet.start == quiet.end:
        raise Refused("Quiet hours that begin and end at the same time are none. Choose another end.", field=field)
    return quiet


def zone_of(field: str, name: str) -> str:
    """`name`, if it is a zone. Raises `Refused` with those that are called like it."""
    if name in zones():
        return name
    like = zones_like(name)
    hint = f" Do you mean {' or '.join(like)}?" if like else " Zones are called Europe/Berlin or Asia/Kathmandu."
    raise Refused(f"There is no time zone {name[:60]!r}.{hint}", field=f"{field}.zone", like=like)


@cache
def zones() -> frozenset[str]:
    """Every zone of the IANA database, by name."""
    return frozenset(available_timezones() - _NO_PLACES)


def zones_like(name: str) -> list[str]:
    """Zones that somebody may mean by `name`: a city, or a slip of the pen."""
    wanted = name.strip().replace(" ", "_").casefold()[:60]
    if not wanted:
        return []
    folded = {zone.casefold(): zone for zone in sorted(zones())}
    if wanted in folded:
        return [folded[wanted]]
    city = wanted.rpartition("/")[2]
    cities = [zone for lower, zone in folded.items() if city and lower.rpartition("/")[2] == city]
    return cities[:_SUGGESTED] or [folded[each] for each in difflib.get_close_matches(wanted, folded, _SUGGESTED, 0.7)]


def next_at(schedule: Schedule, after: datetime) -> datetime:
    """The first instant after `after`, in UTC."""
    return next(_instants(schedule, after))


def last_at(schedule: Schedule, after: datetime, until: datetime) -> datetime | None:
    """The last instant after `after` and not after `until`; None where there is none."""
    last = None
    for instant in _instants(schedule, after) if after < until else ():
        if instant > until:
            break
        last = instant
    return last


def is_quiet(quiet: QuietHours, instant: datetime) -> bool:
    """Whether `instant` lies in these hours: the first moment does, the last does not."""
    zone = ZoneInfo(quiet.zone)
    today = instant.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        if _ORDER[day.weekday()] in quiet.days:
            over = day if quiet.start < quiet.end else day + timedelta(days=1)
            if _utc(day, quiet.start, zone) <= instant < _utc(over, quiet.end, zone):
                return True
    return False


def next_loud_at(schedule: Schedule, after: datetime, quiet: QuietHours | None) -> datetime | None:
    """As `next_at`, outside quiet hours; None where all of two weeks lie in them."""
    instants = (instant for instant in _instants(schedule, after) if quiet is None or not is_quiet(quiet, instant))
    return next(instants, None)


def said_days(days: frozenset[Day]) -> str:
    """In words, to follow a verb: "every weekday"."""
    if days == EVERY_DAY:
        return "every day"
    if days == WEEKDAYS:
        return "every weekday"
    *first, last = (NAMES[day] for day in _ORDER if day in days)
    return f"every {', '.join(first)} and {last}" if first else f"every {last}"


def shown_at(instant: datetime, zone: str) -> str:
    """As a person in this zone reads it: "Mon 23 Nov 19:00"."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def _instants(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """All of about two weeks, in their order."""
    zone = ZoneInfo(schedule.zone)
    first = after.astimezone(zone).date() - timedelta(days=1)
    for ahead in range(_AHEAD_DAYS):
        day = first + timedelta(days=ahead)
        instant = _utc(day, schedule.at, zone)
        is_there = instant.astimezone(zone).date() == day
        if instant > after and is_there and _ORDER[day.weekday()] in schedule.days:
            yield instant


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def _time_of(field: str, text: str) -> time:
    found = _TIME.fullmatch(text)
    if not found:
        raise Refused(f"{text[:20]!r} is no time of day. Write it as 19:00, from 00:00 to 23:59.", field=field)
    return time(int(found[1]), int(found[2]))


def _days_of(field: str, days: Iterable[str]) -> frozenset[Day]:
    try:
        found = frozenset(Day(day) for day in days)
    except ValueError:
        raise Refused(f"Days are {', '.join(Day)}.", field=f"{field}.days", allowed=list(Day)) from None
    if not found:
        raise Refused("Choose a day at least, or turn it off.", field=f"{field}.days", allowed=list(Day))
    return found
