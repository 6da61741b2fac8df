"""How long a wrong password makes the next try wait. Pure; who counts and keeps is `operations.sign_ins`.

Three things are counted: the pair of account and place, the account from all strange places together, and the
place for all accounts together. A place is a browser that has signed in to this account before, known by a sealed
cookie, or else a network address; a known browser is held up by its own tries alone. So nobody is locked out by
what somebody else tries (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").

Looked for and not taken: `limits` keeps counts in memory, Redis, Memcached or MongoDB; `pyrate-limiter` keeps them
in SQL, but its rates are fixed: no wait that grows, and no place that is exempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Guard(StrEnum):
    """What is counted."""

    PAIR = "pair"
    ACCOUNT = "account"
    PLACE = "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowdown:
    """The first `free` failures cost nothing; from then on the wait is `first`, doubled by each, up to `most`.

    One failure is forgotten each `leak`: many people behind one address mistype all day long. Without one they stay
    until all are forgotten.
    """

    free: int
    first: timedelta
    most: timedelta
    leak: timedelta | None = None


SLOWDOWNS = {
    Guard.PAIR: Slowdown(free=5, first=timedelta(seconds=15), most=timedelta(minutes=15)),
    Guard.ACCOUNT: Slowdown(free=20, first=timedelta(seconds=5), most=timedelta(minutes=1), leak=timedelta(minutes=3)),
    Guard.PLACE: Slowdown(free=50, first=timedelta(seconds=5), most=timedelta(minutes=5), leak=timedelta(minutes=1)),
}
FORGOTTEN_AFTER = timedelta(hours=2)
"""After the last failure. Longer than any wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often it went wrong, and when last. What leaks is a part of a failure."""

    failures: float
    last_at: datetime


def one_more(guard: Guard, tally: Tally | None, now: datetime) -> Tally:
    """The tally with a failure at `now`."""
    if tally is None:
        return Tally(failures=1, last_at=now)
    leak = SLOWDOWNS[guard].leak
    forgotten = (now - tally.last_at) / leak if leak else 0
    return Tally(failures=max(0, tally.failures - forgotten) + 1, last_at=now)


def waits_until(guard: Guard, tally: Tally | None) -> datetime | None:
    """When the next try may be made; None for at once."""
    if tally is None:
        return None
    rule = SLOWDOWNS[guard]
    beyond = round(tally.failures - rule.free)
    if beyond < 0:
        return None
    # 2**20 times the first wait is more than any bound, and a larger number overflows
    wait: timedelta = min(rule.first * 2 ** min(beyond, 20), rule.most)
    return tally.last_at + wait


def in_words(wait: timedelta) -> str:
    """A wait as people read it, never shorter than it is."""
    seconds = max(1, -(-wait // timedelta(seconds=1)))
    if seconds <= 90:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{-(-seconds // 60)} minutes"
