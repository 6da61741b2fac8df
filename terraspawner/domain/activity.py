"""What an environment does, as clocks that limit it: every instant is the service's own, whatever is claimed.

A claim can be forged by whoever owns the environment, so each has a bound:

- "something works" and silence: a busy streak goes on until human input or `REST` of idleness without a gap, and the
  cap counts from its beginning. Flickering, resting for a second and saying nothing move nothing.
- "nothing works", for `REST` and longer, and work again: that is another streak, as of a job that comes round every ten
  minutes; "somebody typed a moment ago": the person's own word. Both are ended by the maximum age of a start, which
  counts from `started_at`, and that no claim moves.
- "somebody typed": lies between what is known already and now.

What is not known is not idle: after `REPORTS_MISSED` reports that did not come the environment counts as busy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from culler.deadlines import REPORT_EVERY, REPORTS_MISSED
from culler.facts import Kind, Reports
from culler.streak import BUSY_CORES, REST

__all__ = ["BUSY_CORES", "REPORT", "REST", "SILENCE", "Kind", "Reports"]

REPORT = REPORT_EVERY
"""Between two reports; between two looks at its CPU where there are none."""
SILENCE = REPORT_EVERY * REPORTS_MISSED
LONGEST = 200
MOST_TOLD = 50
"""Pieces of work that are kept; one is enough to be busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Something that works; `since` is when it was first seen to. `pid` tells programs of one name apart."""

    kind: Kind
    what: str
    since: datetime
    pid: int | None = None

    def as_json(self) -> dict[str, object]:
        return {"kind": str(self.kind), "what": self.what, "since": self.since.isoformat(), "pid": self.pid}

    @classmethod
    def from_json(cls, said: dict[str, object]) -> Work:
        since, pid = datetime.fromisoformat(str(said["since"])), said.get("pid")
        return cls(
            kind=Kind(str(said["kind"])), what=str(said["what"]), since=since, pid=pid if isinstance(pid, int) else None
        )


def shown(text: str) -> str:
    """A name or a command line as it can stand on a page, in a log and in a sentence."""
    clean = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that is said to work; `what` as `shown` makes it."""

    kind: Kind
    what: str
    pid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an environment says of itself. `human`: how long ago somebody typed or clicked, None where nobody has;
    `hears_humans`: it would say so, which an older image does not."""

    work: tuple[Claim, ...] = ()
    human: timedelta | None = None
    hears_humans: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Of one start. `busy_since`: the streak; `rests_since`: since when nothing works, None while something does or is
    not known to rest; `work_ended_at`: when the last work did. `cores` of CPU, a mean; None where it was only looked
    at."""

    started_at: datetime
    human_at: datetime
    reported_at: datetime | None = None
    hears_humans: bool = False
    busy_since: datetime | None = None
    rests_since: datetime | None = None
    work: tuple[Work, ...] = ()
    work_ended_at: datetime | None = None
    cores: float | None = None
    sampled_at: datetime | None = None

    @property
    def seen_at(self) -> datetime:
        """When it was last known what it does; its CPU tells that where no report ever did."""
        return self.reported_at or self.sampled_at or self.started_at


_INSTANTS = [each.name for each in fields(Clocks) if each.name.endswith("_at") or each.name.endswith("_since")]


def begun(now: datetime) -> Clocks:
    """A start is asked for by a person, or in the name of one."""
    return Clocks(started_at=now, human_at=now)


def woken(before: Clocks, now: datetime) -> Clocks:
    """It stood still and goes on: a person asked for that. What it does is heard with the next report."""
    return replace(
        before,
        human_at=now,
        reported_at=now if before.reported_at else None,
        busy_since=None,
        rests_since=None,
        work=(),
        work_ended_at=None,
        cores=None,
        sampled_at=now,
    )


def rested(before: Clocks, now: datetime) -> Clocks:
    """Nothing of it runs any more; when its person was there last goes on to be known."""
    return replace(begun(now), started_at=before.started_at, human_at=before.human_at)


def reports(here: Clocks, now: datetime) -> Reports:
    if here.reported_at is None:
        return Reports.NONE
    return Reports.SILENT if now - here.reported_at >= SILENCE else Reports.KNOWN


def missed(here: Clocks, now: datetime) -> int:
    """Reports that should have come since the last one."""
    return max(0, (now - here.reported_at) // REPORT) if here.reported_at else 0


def settled(before: Clocks, now: datetime) -> Clocks:
    """What time alone has changed since: a streak ended by rest, or begun by silence. Of a running one.

    Asking again, sooner or later, changes nothing but what came meanwhile.
    """
    return _passed(clipped(before, now), now)


def _passed(here: Clocks, now: datetime) -> Clocks:
    falls_silent = here.seen_at + SILENCE
    rested = here.rests_since + REST if here.rests_since else None
    if rested and rested <= min(now, falls_silent):
        here = replace(here, busy_since=None)
    if now >= falls_silent:
        here = replace(here, busy_since=here.busy_since or falls_silent, rests_since=None)
    return here


def clipped(here: Clocks, now: datetime) -> Clocks:
    """What a clock wrote that was ahead of this one has not come yet: it is now."""
    ahead = {name: now for name in _INSTANTS if (at := getattr(here, name)) and at > now}
    work = tuple(replace(each, since=min(each.since, now)) for each in here.work)
    return replace(here, work=work, **ahead) if ahead or work != here.work else here  # type: ignore[arg-type]


def reported(before: Clocks, said: Report, now: datetime) -> Clocks:
    here = replace(settled(before, now), reported_at=now, hears_humans=said.hears_humans)
    here = _doing(here, said.work, now)
    return here if said.human is None else human(here, _ago(now, said.human), now)


def sampled(before: Clocks, cores: float, now: datetime) -> Clocks:
    """The Engine's word of its CPU. Where its extension speaks, that knows better what is work."""
    here = replace(settled(before, now), cores=cores, sampled_at=now)
    if here.reported_at is not None:
        return here
    return _doing(here, [Claim(kind=Kind.CPU, what="")] if cores > BUSY_CORES else [], now)


def human(before: Clocks, at: datetime, now: datetime) -> Clocks:
    """A person did something at `at`, or says so. It ends a streak; what goes on to work begins another one."""
    at = min(at, now)
    if at <= before.human_at:
        return before
    here = replace(before, human_at=at)
    if here.busy_since is None or at <= here.busy_since:
        return here
    return replace(here, busy_since=at if here.rests_since is None else None)


def visited(before: Clocks, at: datetime, now: datetime) -> Clocks:
    """Something was sent to it at `at`, by a person or by a page that was left open: it is not idle for that, but a
    streak is not ended by what may be nobody."""
    return replace(before, human_at=max(before.human_at, min(at, now)))


def after_outage(before: Clocks, last: datetime, now: datetime) -> Clocks:
    """Nobody could report between `last` and `now`: that was no silence, and nobody knows that it was rest."""
    here, gap = clipped(before, now), now - last
    here = _passed(here, max(last, here.seen_at))
    return replace(
        here,
        reported_at=here.reported_at and min(here.reported_at + gap, now),
        sampled_at=min((here.sampled_at or here.started_at) + gap, now),
        rests_since=here.rests_since and min(here.rests_since + gap, now),
    )


def _doing(here: Clocks, claims: Iterable[Claim], now: datetime) -> Clocks:
    known = {(each.kind, each.what, each.pid): each.since for each in here.work}
    work = tuple(
        Work(kind=each.kind, what=each.what, pid=each.pid, since=known.get((each.kind, each.what, each.pid), now))
        for each in list(dict.fromkeys(claims))[:MOST_TOLD]
    )
    if work:
        return replace(here, work=work, busy_since=here.busy_since or now, rests_since=None)
    ends = here.busy_since is not None and here.rests_since is None
    return replace(
        here, work=(), rests_since=here.rests_since or now, work_ended_at=now if ends else here.work_ended_at
    )


def _ago(now: datetime, time: timedelta) -> datetime:
    try:
        return now - max(time, timedelta(0))
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)
