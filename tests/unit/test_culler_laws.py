"""What holds for the culler's decision whatever the facts are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from culler.deadlines import TELLS_ONLY
from culler.decision import Act, Decision, Name, decide, next_look
from culler.facts import Facts, KeepAlive, Kind, Reports, StopDue, Work
from culler.policy import EBRAINS, AtIdle, Policy
from tests.culler_scene import NOW, ok

pytestmark = pytest.mark.slow

STOPS = (Act.FREEZE, Act.PAUSE, Act.DESTROY, Act.TRASH)
ALARMS = ["idle", "unreachable", "dormant", "dormant-notice-30", "dormant-notice-7", "dormant-notice-1"]
seconds = st.integers(0, 200_000)
past = st.integers(-200_000, 3600).map(lambda each: NOW + timedelta(seconds=each))
perhaps = st.none() | past
policies = st.builds(
    Policy,
    idle=st.none() | seconds, at_idle=st.sampled_from(AtIdle), busy_cap=seconds, grace=seconds, frozen_most=seconds,
    age_most=st.none() | seconds, age_force=st.booleans(), dormancy=st.none() | st.integers(0, 4_000_000),
    warn=st.just((600, 300, 60)),
)  # fmt: skip
work = st.builds(Work, kind=st.sampled_from(Kind), what=st.just("a.ipynb"), since=past)
keep_alives = st.builds(KeepAlive, until=past) | st.builds(KeepAlive, pid=st.integers(1, 9))
facts = st.builds(
    replace,
    st.just(ok()),
    state=st.sampled_from(["running", "running", "running", "frozen", "paused", "paused"]), since=past, policy=policies,
    started_at=perhaps, human_at=perhaps, reports=st.sampled_from(Reports), reported_at=perhaps,
    busy_since=perhaps, work=st.lists(work, max_size=2).map(tuple), work_ended_at=perhaps,
    cpu=st.none() | st.sampled_from([0.0, 0.05, 0.06, 2.0]), cpu_at=perhaps, keep_alive=st.none() | keep_alives,
    stop_due=st.none() | st.builds(StopDue, at=past, force=st.booleans()), next_stop_at=perhaps,
    next_stop_force=st.booleans(), outbox_pending=st.integers(0, 2), grace_until=perhaps,
    exempt=st.sampled_from(["", "", "", "a save is under way"]), memory_short=st.sampled_from(["", "", "It is short."]),
    alarmed=st.dictionaries(st.sampled_from(ALARMS), past, max_size=3),
)  # fmt: skip


def stops_at(decision: Decision) -> datetime:
    """When it is stopped if nothing changes; the end of all times for never."""
    never = datetime.max.replace(tzinfo=NOW.tzinfo)
    return min((each.at for each in decision.deadlines if each.act in STOPS), default=never)


@pytest.mark.feature("G7")
@given(facts, st.sampled_from(["silent", "none"]))
def test_what_is_not_known_is_paused_by_the_cap_alone(found: Facts, unknown: str) -> None:
    found = replace(found, state="running", reports=Reports(unknown), cpu=None)
    found = replace(
        found,
        policy=replace(found.policy, age_force=False),
        stop_due=replace(found.stop_due, force=False) if found.stop_due else None,
    )
    decision = decide(found, found.policy, NOW)
    if decision.act in STOPS:
        assert decision.act is Act.PAUSE
        cap = timedelta(seconds=found.policy.busy_cap)
        begun = found.busy_since or found.human_at or found.started_at or found.since
        waited = [found.stop_due.at] if found.stop_due else []
        waited += [found.started_at + timedelta(seconds=found.policy.age_most or 0)] if found.started_at else []
        assert any(at + cap <= NOW for at in (begun, *waited))


@pytest.mark.feature("G8")
@given(facts, keep_alives)
def test_a_keep_alive_never_makes_a_stop_earlier_and_never_passes_the_cap(found: Facts, kept: KeepAlive) -> None:
    found = replace(found, state="running")
    without = decide(replace(found, keep_alive=None), found.policy, NOW)
    with_it = decide(replace(found, keep_alive=kept), found.policy, NOW)
    assert stops_at(with_it) >= stops_at(without)
    human = found.human_at or found.started_at or found.since
    cap = timedelta(seconds=found.policy.busy_cap)
    waits = [each.at + cap for each in without.deadlines if each.name in (Name.TOO_OLD, Name.DAILY_STOP)]
    most = max([human + cap, *waits, stops_at(without)])
    assert stops_at(with_it) <= most
    streak = [each for each in without.deadlines if each.name is Name.BUSY_TOO_LONG]
    assert streak == [each for each in with_it.deadlines if each.name is Name.BUSY_TOO_LONG]


@pytest.mark.feature("G1")
@given(facts, past, seconds)
def test_newer_human_input_never_makes_a_stop_earlier(found: Facts, human: datetime, later: int) -> None:
    before = decide(replace(found, human_at=human), found.policy, NOW)
    after = decide(replace(found, human_at=human + timedelta(seconds=later)), found.policy, NOW)
    assert stops_at(after) >= stops_at(before)


@given(facts)
def test_the_earliest_effective_deadline_wins(found: Facts) -> None:
    decision = decide(found, found.policy, NOW)
    stops = [each for each in decision.deadlines if each.act not in TELLS_ONLY]
    assert [each.at for each in decision.deadlines] == sorted(each.at for each in decision.deadlines)
    if decision.act in STOPS:
        assert (decision.at, decision.name, decision.act) == (stops[0].at, stops[0].name, stops[0].act)
    elif decision.deadlines and decision.act is Act.KEEP:
        assert all(each.at > NOW for each in decision.deadlines)
    if not found.exempt:
        assert (decision.act in STOPS) == (stops_at(decision) <= NOW)


@pytest.mark.feature("G11")
@given(facts, st.integers(1, 100_000))
def test_nothing_is_stopped_in_a_grace_round_but_for_memory(found: Facts, left: int) -> None:
    grace = NOW + timedelta(seconds=left)
    decision = decide(replace(found, grace_until=grace), found.policy, NOW)
    assert decision.act not in STOPS or decision.name is Name.MEMORY_SHORT


@given(facts)
def test_work_that_is_not_saved_is_never_destroyed_nor_put_into_the_trash(found: Facts) -> None:
    pending = replace(found, outbox_pending=1, policy=EBRAINS)
    assert decide(pending, pending.policy, NOW).act not in (Act.DESTROY, Act.TRASH)


@given(facts)
def test_an_environment_is_looked_at_again_when_something_is_due_and_not_before(found: Facts) -> None:
    decision = decide(found, found.policy, NOW)
    look = next_look(decision, found.policy, NOW)
    if decision.act is not Act.KEEP:
        assert look == NOW
        return
    assume(look is not None)
    assert look is not None
    assert NOW < look <= min(each.at for each in decision.deadlines)
    just_before = look - timedelta(microseconds=1)
    came = found.next_stop_at is not None and NOW < found.next_stop_at <= just_before
    seen = found.cpu_at is not None and found.reports is Reports.NONE
    if not came and not seen:
        assert decide(found, found.policy, just_before).act is Act.KEEP


@given(facts)
def test_facts_and_decisions_are_the_same_after_a_way_through_json(found: Facts) -> None:
    decision = decide(found, found.policy, NOW)
    assert Facts.from_json(found.as_json()) == found
    assert Decision.from_json(decision.as_json()) == decision
