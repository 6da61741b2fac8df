"""How long and when, as the culler's sentences say it: to the minute, in UTC, by one clock, the service's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def long(span: timedelta) -> str:
    """ "1 h 30 min"; what is below a minute alone in seconds. A clock that was put back makes it "0 s"."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    hours, rest = divmod(seconds, _HOUR)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest // _MINUTE} min"] * bool(rest // _MINUTE)
    return " ".join(parts)


def clock(at: datetime, now: datetime) -> str:
    """ "12:04 UTC", with its day where that is not today's."""
    day = "" if at.date() == now.date() else f"{at:%d %b} "
    return f"{day}{at:%H:%M} UTC"


def days(span: timedelta) -> str:
    """ "90 days"; what is below a day as `long` has it."""
    count = span.days
    return long(span) if count < 1 else f"{count} day{'s' if count > 1 else ''}"


def date(at: datetime) -> str:
    """ "20 Nov 2026", in UTC."""
    return f"{at.day} {at:%b %Y}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """ "a, b and c"; of many the first and how many more."""
    shown = [*names[:most], f"{len(names) - most} more"] if len(names) > most else list(names)
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
