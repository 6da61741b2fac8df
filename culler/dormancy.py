"""What stays paused for long goes into the trash with its disk, after its person was told three times.

It goes only when each notice has stood for as long as it says: where one comes late, as after an update or while no
culler was there, the end moves with it. A notice counts for the end that it was told of, so a longer dormancy has it
told again. Work that has not reached the workspace is never taken along: then somebody is told, and it stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from culler.deadlines import Act, Deadline, Name
from culler.facts import PAUSED, Facts
from culler.policy import Policy, span
from culler.words import date, days

NOTICES = tuple(timedelta(days=each) for each in (30, 7, 1))
"""So long before its end each notice is told; of a shorter dormancy those that are shorter than it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """To be told `at`, and kept as told under `key`."""

    at: datetime
    key: str


def dormant(facts: Facts, policy: Policy, now: datetime) -> tuple[Deadline, ...]:
    """The deadlines of what is paused; none of anything else, and none where the rule is off."""
    if facts.state != PAUSED or policy.dormancy is None:
        return ()
    if facts.outbox_pending:
        return tuple(_stays(facts, policy, now))
    at, notices = _ahead(facts, policy, now)
    length, since = days(span(policy.dormancy)), f"since {date(facts.since)}"
    why = (
        f"Paused for {days(now - facts.since)}, {since}. What is paused for {length} goes into the trash with its disk,"
        " and can be restored from there."
    )
    told = (
        f"Paused for {days(now - facts.since)}, {since}. On {date(at)} it goes into the trash with its disk, unless it"
        " is resumed before."
    )
    found = [Deadline(name=Name.DORMANT_NOTICE, at=each.at, act=Act.NOTICE, why=told) for each in notices]
    return (*found, Deadline(name=Name.DORMANT, at=at, act=Act.TRASH, why=why))


def due_notice(facts: Facts, policy: Policy, now: datetime) -> str:
    """Under which key the notice is kept that is told now; empty where none is."""
    if policy.dormancy is None:
        return ""
    _, notices = _ahead(facts, policy, now)
    return next((each.key for each in notices if each.at <= now), "")


def is_near(facts: Facts, policy: Policy, now: datetime) -> bool:
    """Whether its end is as near as its first notice: from then on its pages say so."""
    if facts.state != PAUSED or policy.dormancy is None or facts.outbox_pending:
        return False
    at, _ = _ahead(facts, policy, now)
    return at - now <= max(_leads(policy), default=timedelta(0))


def _ahead(facts: Facts, policy: Policy, now: datetime) -> tuple[datetime, list[Notice]]:
    """When it ends, and the notices that are still to be told, the first first."""
    due = facts.since + span(policy.dormancy or 0)
    told = {lead: at for lead in _leads(policy) if (at := facts.alarmed.get(_key(lead))) and at + lead >= due}
    end = max([due, *(at + lead for lead, at in told.items())])
    left = [lead for lead in _leads(policy) if lead not in told]
    for lead in left:
        end = max(end, now + lead) if end - lead <= now else end  # one that is late stands for as long, too
    return end, [Notice(at=end - lead, key=_key(lead)) for lead in left]


def _leads(policy: Policy) -> list[timedelta]:
    return [lead for lead in NOTICES if lead < span(policy.dormancy or 0)]


def _key(lead: timedelta) -> str:
    return f"{Name.DORMANT_NOTICE}-{lead.days}"


def _stays(facts: Facts, policy: Policy, now: datetime) -> Iterator[Deadline]:
    if Name.DORMANT in facts.alarmed:
        return
    due = facts.since + span(policy.dormancy or 0)
    count = facts.outbox_pending
    why = (
        f"Paused for {days(now - facts.since)}, since {date(facts.since)}. It would go into the trash, but"
        f" {count} save{'s have' if count > 1 else ' has'} not reached the workspace, so it stays: resume it once, and"
        f" {'they are' if count > 1 else 'it is'} sent."
    )
    at = due - max(_leads(policy), default=timedelta(0))
    yield Deadline(name=Name.DORMANT, at=at, act=Act.ALARM, why=why)
