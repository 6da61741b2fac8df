"""What is paused for long goes into the trash, after three notices that each stand for as long as they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from culler.decision import Act, Name, decide, next_look
from culler.dormancy import NOTICES, due_notice, is_near
from culler.facts import Facts
from culler.policy import Policy
from tests.culler_scene import BRIEF, DAY, NOW, ago, decided, hence, ok

KEEP, NOTICE, TRASH, ALARM = Act.KEEP, Act.NOTICE, Act.TRASH, Act.ALARM
LONG = Policy().dormancy
assert LONG is not None
LENGTH = timedelta(seconds=LONG)
STATES = ("running", "frozen", "freezing", "pausing", "starting", "creating", "deleting", "trashed")


def paused(minutes: float, **changes: Any) -> Facts:
    """Paused for so long."""
    return ok(**{"state": "paused", "since": ago(minutes), "work": (), **changes})


def told(*leads: int, since: datetime, length: timedelta = LENGTH) -> dict[str, datetime]:
    """These notices were told on time, in days before the end."""
    return {f"dormant-notice-{lead}": since + length - timedelta(days=lead) for lead in leads}


def all_told(minutes: float, **changes: Any) -> Facts:
    return paused(minutes, alarmed=told(30, 7, 1, since=ago(minutes)), **changes)


def lives(facts: Facts, *, days: float, step: timedelta = timedelta(hours=1)) -> list[tuple[Act, timedelta]]:
    """What a culler does in so many days, and how long after the beginning: it keeps what it has told."""
    now, done = NOW, []
    while now <= NOW + timedelta(days=days):
        here = replace(facts, now=now)
        decision = decide(here, here.policy, now)
        if decision.act is not KEEP:
            done.append((decision.act, now - NOW))
        if decision.act is TRASH:
            break
        if decision.act is NOTICE:
            facts = replace(facts, alarmed={**facts.alarmed, due_notice(here, here.policy, now): now})
        now += step
    return done


@pytest.mark.parametrize(
    ("over", "act"), [(-DAY, KEEP), (-BRIEF, KEEP), (0, TRASH), (BRIEF, TRASH), (900 * DAY, TRASH)]
)
@pytest.mark.parametrize("days", [2, 10, 31, 90, 400])
def test_it_goes_into_the_trash_when_its_time_is_over_and_not_before(days: int, over: float, act: Act) -> None:
    length = timedelta(days=days)
    since = ago(days * DAY + over)
    facts = paused(days * DAY + over, alarmed=told(30, 7, 1, since=since, length=length))
    facts = replace(facts, policy=Policy(dormancy=days * DAY * 60))
    decision = decided(facts)
    assert (decision.act, decision.name, decision.at) == (act, Name.DORMANT, since + length)


@pytest.mark.parametrize("lead", [each.days for each in NOTICES])
@pytest.mark.parametrize(("over", "act"), [(-BRIEF, KEEP), (0, NOTICE), (BRIEF, NOTICE)])
def test_each_notice_is_told_at_its_time_and_once(lead: int, over: float, act: Act) -> None:
    so_far = (90 - lead) * DAY + over
    before = [each.days for each in NOTICES if each.days > lead]
    facts = paused(so_far, alarmed=told(*before, since=ago(so_far)))
    decision = decided(facts)
    assert decision.act is act
    assert (decision.name is Name.DORMANT_NOTICE) == (act is NOTICE)
    assert due_notice(facts, facts.policy, NOW) == (f"dormant-notice-{lead}" if act is NOTICE else "")
    after = replace(facts, alarmed={**facts.alarmed, f"dormant-notice-{lead}": NOW})
    assert decided(after).act is KEEP or act is KEEP


@pytest.mark.parametrize("late", [0, 59, 60, 75, 89, 90, 91, 400])
def test_each_notice_stands_for_as_long_as_it_says_however_late_it_is_looked_at_first(late: int) -> None:
    """Looked at each hour."""
    done = lives(paused(late * DAY), days=140)
    assert [act for act, _ in done] == [NOTICE, NOTICE, NOTICE, TRASH]
    end = done[-1][1]
    assert [end - at for _, at in done[:-1]] == list(NOTICES)
    assert end == max(LENGTH - timedelta(days=late), NOTICES[0])


def test_a_notice_that_comes_late_moves_the_end_with_it() -> None:
    """The culler was away from the first notice until after the end."""
    facts = paused(95 * DAY, alarmed=told(30, since=ago(95 * DAY)))
    assert decided(facts).act is NOTICE
    assert due_notice(facts, facts.policy, NOW) == "dormant-notice-7"
    then = decided(replace(facts, alarmed={**facts.alarmed, "dormant-notice-7": NOW}))
    assert (then.act, then.name, then.at) == (KEEP, Name.DORMANT, NOW + timedelta(days=7))


@pytest.mark.parametrize(("days", "notices"), [(400, 3), (31, 3), (30, 2), (8, 2), (7, 1), (2, 1), (1, 0)])
def test_of_a_short_dormancy_the_notices_that_are_shorter_than_it(days: int, notices: int) -> None:
    facts = replace(paused(0), policy=Policy(dormancy=days * DAY * 60))
    assert [act for act, _ in lives(facts, days=days + 1)] == [NOTICE] * notices + [TRASH]


def test_a_longer_dormancy_has_the_notices_told_again_and_a_shorter_one_breaks_no_word() -> None:
    facts = paused(85 * DAY, alarmed=told(30, 7, since=ago(85 * DAY)))
    longer = replace(facts, policy=Policy(dormancy=180 * DAY * 60))
    assert (decided(longer).act, decided(longer).at) == (KEEP, hence(95 * DAY))
    assert next_look(decided(longer), longer.policy, NOW) == hence(65 * DAY)
    shorter = replace(facts, policy=Policy(dormancy=60 * DAY * 60))
    assert (decided(shorter).act, decided(shorter).at) == (KEEP, hence(5 * DAY))


@pytest.mark.parametrize("state", STATES)
def test_nothing_but_what_is_paused_is_dormant(state: str) -> None:
    decision = decided(all_told(400 * DAY, state=state, human_at=NOW, started_at=NOW))
    assert {each.name for each in decision.deadlines} & {Name.DORMANT, Name.DORMANT_NOTICE} == set()


@pytest.mark.parametrize("minutes", [0, 60 * DAY, 90 * DAY, 900 * DAY])
def test_where_it_is_off_nothing_comes(minutes: float) -> None:
    facts = replace(paused(minutes), policy=Policy(dormancy=None))
    decision = decided(facts)
    assert (decision.act, decision.at, decision.deadlines) == (KEEP, None, ())
    assert not is_near(facts, facts.policy, NOW)
    assert due_notice(facts, facts.policy, NOW) == ""


@pytest.mark.parametrize("over", [-DAY, -BRIEF, 0, 30 * DAY, 900 * DAY])
@pytest.mark.parametrize("has_heard", [True, False])
@pytest.mark.parametrize("pending", [1, 5])
def test_work_that_has_not_reached_the_workspace_is_never_taken_along(
    over: float, has_heard: bool, pending: int
) -> None:
    facts = all_told(60 * DAY + over, outbox_pending=pending)
    facts = facts if has_heard else replace(facts, alarmed={})
    decision = decided(facts)
    assert (decision.act, decision.name) == (ALARM if over >= 0 else KEEP, Name.DORMANT)
    raised = replace(facts, alarmed={**facts.alarmed, "dormant": NOW})
    assert (decided(raised).act, decided(raised).at, decided(raised).deadlines) == (KEEP, None, ())
    assert not is_near(facts, facts.policy, NOW)


@pytest.mark.parametrize("over", [-BRIEF, 0, 5])
def test_in_a_grace_round_nothing_goes_but_a_notice_is_told(over: float) -> None:
    grace = hence(5)
    gone = decided(all_told(90 * DAY + over, grace_until=grace))
    assert (gone.act, gone.at) == (KEEP, grace)
    assert decided(paused(60 * DAY, grace_until=grace)).act is NOTICE
    over_by_then = replace(all_told(90 * DAY), grace_until=grace, now=grace)
    assert decide(over_by_then, over_by_then.policy, grace).act is TRASH


def test_what_is_exempt_is_let_alone() -> None:
    assert decided(all_told(400 * DAY, exempt="a stop of it is on its way")).act is KEEP


@pytest.mark.parametrize(("left", "near"), [(31 * DAY, False), (30 * DAY + BRIEF, False), (30 * DAY, True), (1, True)])
def test_its_pages_tell_from_the_first_notice_on(left: float, near: bool) -> None:
    facts = paused(90 * DAY - left, alarmed=told(30, 7, 1, since=ago(90 * DAY - left)))
    assert is_near(facts, facts.policy, NOW) == near


def test_it_says_why_with_the_numbers() -> None:
    assert decided(all_told(90 * DAY)).why == (
        "Paused for 90 days, since 22 Aug 2026. What is paused for 90 days goes into the trash with its disk, and can"
        " be restored from there."
    )
    assert decided(paused(60 * DAY)).why == (
        "Paused for 60 days, since 21 Sep 2026. On 20 Dec 2026 it goes into the trash with its disk, unless it is"
        " resumed before."
    )
    assert decided(all_told(60 * DAY, outbox_pending=1)).why == (
        "Paused for 60 days, since 21 Sep 2026. It would go into the trash, but 1 save has not reached the workspace,"
        " so it stays: resume it once, and it is sent."
    )


def test_it_is_looked_at_again_when_the_next_notice_is_due() -> None:
    facts = paused(3 * DAY)
    assert next_look(decided(facts), facts.policy, NOW) == hence(57 * DAY)
