"""Whether an environment's daily stop or autostart is due: one decision, of values.

Each instant is judged once, by the first look after it, and what was judged is kept with the environment: a restart of
the service, a second one beside it, or a clock that is put back repeats nothing. An instant that nobody looked at for
half an hour is passed over: who has come back to work meanwhile is not stopped for a time long gone. A daily stop that
was seen in time is not lost: it waits for what is busy, and for a Hub that does not answer, until it is done.

A daily stop ends what ran when its time came. What was asked for just before and is still on its way is let be, as its
person wants to work; so is what its person resumed or woke since. What stands still frozen is busy with nothing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from terraspawner.domain.durations import said
from terraspawner.domain.environment import State
from terraspawner.domain.policy import DailyStop, Policy
from terraspawner.domain.schedule import Schedule, is_quiet, last_at, next_at, next_loud_at

MISSED = timedelta(minutes=30)
"""An instant that is first looked at later than this is passed over."""

_WORTH_TELLING = 5
"""Minutes."""


class Act(enum.StrEnum):
    STOP = "stop"
    START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointments:
    """What was judged of one environment: the last instants seen, and the daily stop that is not done yet."""

    stop_seen: datetime | None = None
    start_seen: datetime | None = None
    stop_due: datetime | None = None


NOTHING_SEEN = Appointments()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How the environment stands. `busy`: kernels that compute, as it says itself: that can put a stop off up to the
    cap, never longer."""

    state: State
    since: datetime
    busy: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do now, if anything, and why, as people read it; `appointments` are to be kept before it is done."""

    appointments: Appointments
    act: Act | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What comes next, for people. `stop_due`: the daily stop that waits, and `waits` for what."""

    stops_at: datetime | None = None
    starts_at: datetime | None = None
    stop_due: datetime | None = None
    waits: str = ""


def decide(policy: Policy, said_at: datetime, before: Appointments, facts: Facts, now: datetime) -> Verdict:
    """`said_at` is when the rules were last changed: they hold for what comes after."""
    held, stop = _stop(policy, said_at, before, facts, now)
    if stop:
        return replace(stop, appointments=held)
    return _start(policy, said_at, held, facts, now)


def outlook(policy: Policy, said_at: datetime, held: Appointments, facts: Facts, now: datetime) -> Outlook:
    """What `decide` will do if nothing changes."""
    stop, start = policy.daily_stop.value, policy.autostart.value
    due = held.stop_due if stop and _still_due(held.stop_due, said_at, facts) else None
    due = due if due and due <= now else None
    return Outlook(
        stops_at=next_at(stop.schedule, now) if stop else None,
        starts_at=next_loud_at(start, now, policy.quiet_hours.value) if start else None,
        stop_due=due,
        waits=_waits(facts.busy, policy.busy_cap.value) if due and facts.busy else "",
    )


def _stop(
    policy: Policy, said_at: datetime, held: Appointments, facts: Facts, now: datetime
) -> tuple[Appointments, Verdict | None]:
    stop = policy.daily_stop.value
    if stop is None:
        return replace(held, stop_due=None), None
    if held.stop_due and held.stop_due > now:
        held = replace(held, stop_seen=None, stop_due=None)  # it has not come yet: the clock was ahead
    came = last_at(stop.schedule, _looked_until(held.stop_seen, said_at, now), now)
    if came:
        due = held.stop_due or (came if _ran_at(came, facts) else None)
        held = replace(held, stop_seen=came, stop_due=due)
    if held.stop_due is None or not _still_due(held.stop_due, said_at, facts):
        return replace(held, stop_due=None), None
    if facts.state is State.FREEZING:
        return held, None  # it can be paused when it stands still
    late = now - held.stop_due
    is_capped = late >= timedelta(seconds=policy.busy_cap.value)
    if _is_busy(facts) and not stop.force and not is_capped:
        return held, None
    return held, Verdict(appointments=held, act=Act.STOP, why=_why_stopped(stop, facts, late))


def _start(policy: Policy, said_at: datetime, held: Appointments, facts: Facts, now: datetime) -> Verdict:
    start = policy.autostart.value
    came = last_at(start, _looked_until(held.start_seen, said_at, now), now) if start else None
    if start is None or came is None:
        return Verdict(appointments=held)
    held = replace(held, start_seen=came)
    quiet = policy.quiet_hours.value
    is_wanted = facts.state is State.PAUSED and facts.since <= came and not (quiet and is_quiet(quiet, came))
    if not is_wanted:
        return Verdict(appointments=held)
    return Verdict(appointments=held, act=Act.START, why=f"Started by itself at {_clock(start)}.")


def _looked_until(seen: datetime | None, said_at: datetime, now: datetime) -> datetime:
    """Up to here nothing is to be judged any more. What a clock saw that was ahead of this one does not count."""
    marks = [now - MISSED, said_at, *([seen] if seen and seen <= now else [])]
    return max(marks)


def _ran_at(came: datetime, facts: Facts) -> bool:
    if facts.state in (State.FREEZING, State.FROZEN):
        return True  # a freeze since then was of what ran
    return facts.state is State.RUNNING and facts.since <= came


def _still_due(due: datetime | None, said_at: datetime, facts: Facts) -> bool:
    return due is not None and due > said_at and _ran_at(due, facts)


def _is_busy(facts: Facts) -> bool:
    return facts.busy > 0 and facts.state is State.RUNNING


def _why_stopped(stop: DailyStop, facts: Facts, late: timedelta) -> str:
    text = f"Paused by the daily stop at {_clock(stop.schedule)}"
    if _is_busy(facts) and stop.force:
        return f"{text}, which waits for no work: {_kernels(facts.busy)} busy."
    if _is_busy(facts):
        return f"{text}, after it had waited {said(int(late.total_seconds()) // 60 * 60)} for work that did not end."
    minutes = int(late.total_seconds()) // 60
    return f"{text}, {said(minutes * 60)} after that time." if minutes >= _WORTH_TELLING else f"{text}."


def _waits(busy: int, cap: int) -> str:
    return f"It waits until the work is done, {said(cap)} at most: {_kernels(busy)} busy."


def _kernels(count: int) -> str:
    return f"{count} kernel{'' if count == 1 else 's'} {'is' if count == 1 else 'are'}"


def _clock(schedule: Schedule) -> str:
    return f"{schedule.at:%H:%M} {schedule.zone}"
