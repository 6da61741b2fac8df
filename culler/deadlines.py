"""The named deadlines of an environment, each with its reason: when which rule would act.

`at` is the effective one: a rule that waits for work has the end of its waiting, and `waits` says so. What ends the
waiting sooner, the end of the work, is a change of the facts, after which all is reckoned anew.

| deadline | when | what | waits for work | kept alive |
|---|---|---|---|---|
| idle | last input + idle, or last work's end + grace | as said | none while something works | later, up to the cap |
| idle, of what is paused and would be destroyed | the same, or the pause + idle | destroy | | |
| busy-too-long | the streak's beginning + cap | pause | no | no |
| too-old | the start + maximum age | pause | up to the cap, unless forced | likewise |
| daily-stop | its time | pause | up to the cap, unless forced | likewise |
| frozen-too-long | the freeze + frozen at most | pause | | |
| memory-short | at once, of what is frozen | pause | | |
| unreachable | the last report + three reports' time | alarm | | |
| dormant | the pause + dormancy, of what is paused (`culler.dormancy`) | trash | | |
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from culler.facts import FROZEN, PAUSED, RUNNING, Facts, Reports
from culler.policy import AtIdle, Policy, span
from culler.streak import REST, busy_for, known_cores, last_human, streak
from culler.words import clock, long

REPORT_EVERY = timedelta(seconds=30)
REPORTS_MISSED = 3
"""So many reports in a row that did not come make an alarm."""


class Act(enum.StrEnum):
    KEEP = "keep"
    FREEZE = "freeze"
    PAUSE = "pause"
    DESTROY = "destroy"
    TRASH = "trash"
    ALARM = "alarm"
    NOTICE = "notice"


TELLS_ONLY = frozenset({Act.ALARM, Act.NOTICE})
"""What stops nothing."""


class Name(enum.StrEnum):
    IDLE = "idle"
    BUSY_TOO_LONG = "busy-too-long"
    TOO_OLD = "too-old"
    DAILY_STOP = "daily-stop"
    BUDGET = "budget"
    """Kept for the budgets of projects."""
    FROZEN_TOO_LONG = "frozen-too-long"
    MEMORY_SHORT = "memory-short"
    UNREACHABLE = "unreachable"
    DORMANT = "dormant"
    DORMANT_NOTICE = "dormant-notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    name: Name
    at: datetime
    act: Act
    why: str
    waits: bool = False


def deadlines(facts: Facts, policy: Policy, now: datetime) -> tuple[Deadline, ...]:
    """All that hold now, the weightiest first; none in a state that ends by itself, or where nothing runs."""
    if facts.state == RUNNING:
        found = (_busy(facts, policy, now), _age(facts, policy, now), _daily(facts, policy, now))
        return tuple(each for each in (*found, _idle(facts, policy, now), _unreachable(facts, now)) if each)
    if facts.state == FROZEN:
        return tuple(_of_frozen(facts, policy, now))
    if facts.state == PAUSED and policy.at_idle is AtIdle.DESTROY:
        return tuple(_of_paused(facts, policy, now))
    return ()


def kept_until(facts: Facts, now: datetime) -> datetime | None:
    """Until when a person keeps it alive; with a process, whose end is not known, for ever."""
    kept = facts.keep_alive
    if kept is None or (kept.until and kept.until <= now):
        return None
    return kept.until or datetime.max.replace(tzinfo=now.tzinfo)


def _idle(facts: Facts, policy: Policy, now: datetime) -> Deadline | None:
    found = streak(facts, now)
    if policy.idle is None or (found and not found.rests):
        return None
    at = _idle_at(facts, policy, policy.idle, now)
    if found and facts.work_ended_at:
        at = max(at, facts.work_ended_at + REST)
    why = _why_idle(facts, policy, now)
    if policy.at_idle is AtIdle.DESTROY and facts.outbox_pending:
        return _outbox_first(facts, policy, at, why)
    act, done = _AT_IDLE[policy.at_idle]
    return Deadline(
        name=Name.IDLE, at=at, act=act, why=f"{why} What is idle is {done} after {long(span(policy.idle))}."
    )


def _idle_at(facts: Facts, policy: Policy, idle: int, now: datetime) -> datetime:
    """When it has been idle for long enough, whatever works in it now."""
    human, ended, kept = last_human(facts), facts.work_ended_at, kept_until(facts, now)
    at = human + span(idle)
    if ended:
        at = max(at, ended + span(max(policy.grace, idle)))
    return max(at, min(kept, human + span(policy.busy_cap))) if kept else at


_AT_IDLE = {
    AtIdle.FREEZE_THEN_PAUSE: (Act.FREEZE, "frozen"),
    AtIdle.PAUSE: (Act.PAUSE, "paused"),
    AtIdle.DESTROY: (Act.DESTROY, "stopped and destroyed"),
}


def _why_idle(facts: Facts, policy: Policy, now: datetime) -> str:
    human, ended = last_human(facts), facts.work_ended_at
    work = f"nothing has computed since {clock(ended, now)}" if ended else "nothing computes"
    if facts.reports is Reports.NONE:
        work = (
            f"it uses {known_cores(facts, now) or 0:.2f} cores, and what its kernels do its image does not say"
            f"{f'; nothing has computed since {clock(ended, now)}' if ended else ''}"
        )
    idle_for = long(now - max(human, ended or human))
    is_grace = ended and policy.idle is not None and ended + span(policy.grace) > max(human, ended) + span(policy.idle)
    grace = f" After work has ended it stays {long(span(policy.grace))}." if is_grace else ""
    return f"Idle for {idle_for}: last input at {clock(human, now)}; {work}.{grace}"


def _outbox_first(facts: Facts, policy: Policy, at: datetime, why: str) -> Deadline:
    """What is destroyed takes its outbox with it, so somebody is told; if that changed nothing for as long as the
    grace, it is paused, which keeps the disk."""
    pending = _pending(facts)
    told = facts.alarmed.get(Name.IDLE)
    if told is None:
        text = f"{why} It would be destroyed, but {pending}: replay first."
        return Deadline(name=Name.IDLE, at=at, act=Act.ALARM, why=text)
    text = f"{why} It would be destroyed, but {pending}, so it is paused, which keeps its disk."
    return Deadline(name=Name.IDLE, at=max(at, told + span(policy.grace)), act=Act.PAUSE, why=text)


def _busy(facts: Facts, policy: Policy, now: datetime) -> Deadline | None:
    found = streak(facts, now)
    if found is None:
        return None
    why = f"{busy_for(found, now)} Without human input what is busy is paused after {long(span(policy.busy_cap))}."
    return Deadline(name=Name.BUSY_TOO_LONG, at=found.since + span(policy.busy_cap), act=Act.PAUSE, why=why)


def _age(facts: Facts, policy: Policy, now: datetime) -> Deadline | None:
    if policy.age_most is None or facts.started_at is None:
        return None
    due = facts.started_at + span(policy.age_most)
    text = (
        f"It runs for {long(now - facts.started_at)}, since {clock(facts.started_at, now)};"
        f" the maximum age is {long(span(policy.age_most))}."
    )
    return _waiting(facts, policy, now, Name.TOO_OLD, due, text, force=policy.age_force)


def _daily(facts: Facts, policy: Policy, now: datetime) -> Deadline | None:
    if facts.stop_due:
        due, force = facts.stop_due.at, facts.stop_due.force
    elif facts.next_stop_at and facts.next_stop_at > now:  # when it has come, the service judges it first
        due, force = facts.next_stop_at, facts.next_stop_force
    else:
        return None
    text = f"Its daily stop {'was' if due <= now else 'is'} at {clock(due, now)}."
    return _waiting(facts, policy, now, Name.DAILY_STOP, due, text, force=force)


def _waiting(
    facts: Facts, policy: Policy, now: datetime, name: Name, due: datetime, why: str, *, force: bool
) -> Deadline:
    """A pause at `due`, or, for what is busy or kept alive, at the cap after it at the latest."""
    found, kept = streak(facts, now), kept_until(facts, now)
    capped = due + span(policy.busy_cap)
    if force or not (found or (kept and kept > due)):
        forced = " It waits for no work." if force and found else ""
        return Deadline(name=name, at=due, act=Act.PAUSE, why=why + forced)
    if found:
        text = f"{why} It waits for work, until {clock(capped, now)} at most: {found.what}."
        return Deadline(name=name, at=capped, act=Act.PAUSE, why=text, waits=True)
    at = min(kept or capped, capped)
    text = f"{why} It waits until {clock(at, now)}, as it is kept alive."
    return Deadline(name=name, at=at, act=Act.PAUSE, why=text, waits=True)


def _unreachable(facts: Facts, now: datetime) -> Deadline | None:
    if facts.reports is not Reports.SILENT or Name.UNREACHABLE in facts.alarmed:
        return None
    heard = facts.reported_at or facts.started_at or facts.since
    why = (
        f"It has not reported since {clock(heard, now)} ({facts.missed} missed). It is not paused for that: what it"
        " computes is unknown, and counts as work."
    )
    return Deadline(name=Name.UNREACHABLE, at=heard + REPORTS_MISSED * REPORT_EVERY, act=Act.ALARM, why=why)


def _of_frozen(facts: Facts, policy: Policy, now: datetime) -> Iterator[Deadline]:
    if facts.memory_short:
        yield Deadline(name=Name.MEMORY_SHORT, at=min(now, facts.now), act=Act.PAUSE, why=facts.memory_short)
    yield from (each for each in (_age(facts, policy, now), _daily(facts, policy, now)) if each)
    frozen = (
        f"Frozen for {long(now - facts.since)}, since {clock(facts.since, now)}; what is frozen is paused after"
        f" {long(span(policy.frozen_most))}."
    )
    yield Deadline(name=Name.FROZEN_TOO_LONG, at=facts.since + span(policy.frozen_most), act=Act.PAUSE, why=frozen)


def _of_paused(facts: Facts, policy: Policy, now: datetime) -> Iterator[Deadline]:
    """What is destroyed is stopped first, so that all of it is saved, and this is the rest. What was stopped before it
    was idle for long enough, or at work, waits for somebody to come back for as long as it would have run."""
    if policy.idle is None:
        return
    at = _idle_at(facts, policy, policy.idle, now)
    if facts.busy_since or at > facts.since:
        at = max(at, facts.since + span(policy.idle))
    why = (
        f"Stopped for {long(now - facts.since)}, since {clock(facts.since, now)}; last input at"
        f" {clock(last_human(facts), now)}. What nobody uses for {long(span(policy.idle))} is destroyed with its disk."
    )
    if not facts.outbox_pending:
        yield Deadline(name=Name.IDLE, at=at, act=Act.DESTROY, why=why)
    elif Name.IDLE not in facts.alarmed:
        text = f"{why} It stays, as {_pending(facts)}: resume it once, and that is sent."
        yield Deadline(name=Name.IDLE, at=at, act=Act.ALARM, why=text)


def _pending(facts: Facts) -> str:
    count = facts.outbox_pending
    return f"{count} save{'s have' if count > 1 else ' has'} not reached the workspace"
