"""Whether an environment works, since when it is counted, and how to say so.

Work is what the facts name, a streak that has not ended, silence, and, where an image has no extension of ours, the
processors' time. What is not known counts as work: only what is known to be idle is idle.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from culler.facts import RUNNING, Facts, Kind, Reports, Work
from culler.words import clock, listed, long

BUSY_CORES = 0.05
"""More than this is work, where nothing else tells."""
REST = timedelta(minutes=5)
"""So long nothing may work until the service takes a streak for ended."""
CPU_HOLDS = timedelta(minutes=10)
"""An older look at the processors tells nothing of now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """`since`: from here the cap is counted. `what` is a clause that says what works.

    `rests`: nothing does since `work_ended_at`, as the environment itself reports, and not for long enough yet.
    """

    since: datetime
    what: str
    rests: bool = False


def streak(facts: Facts, now: datetime) -> Streak | None:
    """None where it is known that nothing works. What is frozen works at nothing."""
    if facts.state != RUNNING:
        return None
    what = _what(facts, now)
    if not what:
        return None
    # without a streak of the service's own the last human input ended the one before: no later one is counted
    rests = facts.reports is Reports.KNOWN and not facts.work and facts.work_ended_at is not None
    return Streak(since=facts.busy_since or last_human(facts), what=what, rests=rests)


def last_human(facts: Facts) -> datetime:
    """Never unknown: a start counts as input."""
    return facts.human_at or facts.started_at or facts.since


def known_cores(facts: Facts, now: datetime) -> float | None:
    if facts.cpu is None or facts.cpu_at is None or now - facts.cpu_at > CPU_HOLDS:
        return None
    return facts.cpu


def _what(facts: Facts, now: datetime) -> str:
    if facts.reports is Reports.SILENT:
        since = f"since {clock(facts.reported_at, now)}" if facts.reported_at else "yet"
        return f"it has not reported {since}, so what it computes is unknown and counts as work"
    if facts.work:
        names = listed([_named(each, facts.cpu) for each in facts.work])
        return f"{names} {'computes' if len(facts.work) == 1 else 'compute'}"
    if facts.reports is Reports.NONE:
        cores = known_cores(facts, now)
        if cores is None:
            return "its image does not say what it computes and the Engine was not heard, which counts as work"
        if cores > BUSY_CORES:
            return f"it uses {cores:.2f} cores; what its kernels do its image does not say"
    if facts.busy_since:
        ended = f"since {clock(facts.work_ended_at, now)}" if facts.work_ended_at else "now"
        return f"nothing computes {ended}, which counts as the end of its work after {long(REST)}"
    return ""


def _named(work: Work, cores: float | None) -> str:
    match work.kind:
        case Kind.TERMINAL:
            return f"“{work.what}” in a terminal"
        case Kind.PROCESS:
            return f"the process “{work.what}”"
        case Kind.CPU:
            return "something on its processors" if cores is None else f"something that uses {cores:.2f} cores"
        case _:
            return work.what


def busy_for(found: Streak, now: datetime) -> str:
    return f"Busy for {long(now - found.since)}, since {clock(found.since, now)}: {found.what}."
