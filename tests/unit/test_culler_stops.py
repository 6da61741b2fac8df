"""The other stops: the cap on work, age, the daily stop, what is frozen, what is destroyed; and what holds all off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from culler.decision import Act, Name, decide, next_look
from culler.facts import Facts, KeepAlive, Kind, Reports, StopDue
from culler.policy import EBRAINS, AtIdle, Policy
from tests.culler_scene import BRIEF, DAY, HOUR, NOW, ago, busy, decided, frozen, hence, idle, ok, works

FREEZE, PAUSE, KEEP, ALARM = Act.FREEZE, Act.PAUSE, Act.KEEP, Act.ALARM


@pytest.mark.feature("G2")
@pytest.mark.parametrize("cap", [60, 24 * HOUR, 72 * HOUR])
@pytest.mark.parametrize(("over", "act"), [(-BRIEF, KEEP), (0, PAUSE), (BRIEF, PAUSE), (DAY, PAUSE)])
@pytest.mark.parametrize("kept", [None, KeepAlive(until=hence(12 * HOUR)), KeepAlive(pid=9)])
def test_a_streak_of_work_ends_at_the_cap_in_a_pause_and_no_keep_alive_moves_that(
    cap: int, over: float, act: Act, kept: KeepAlive | None
) -> None:
    decision = decided(busy(cap + over, keep_alive=kept, policy=Policy(busy_cap=cap * 60)))
    assert (decision.act, decision.name, decision.at) == (act, Name.BUSY_TOO_LONG, ago(over))


@pytest.mark.parametrize("at_idle", list(AtIdle))
def test_whatever_happens_to_what_is_idle_at_the_cap_it_is_a_pause(at_idle: AtIdle) -> None:
    assert decided(busy(24 * HOUR, policy=Policy(at_idle=at_idle))).act is PAUSE


@pytest.mark.feature("G2")
@pytest.mark.parametrize(
    "changes",
    [
        {"reports": Reports.SILENT, "missed": 40, "work": ()},
        {"reports": Reports.SILENT, "reported_at": None, "busy_since": None, "work": ()},
        {"reports": Reports.NONE, "work": (), "busy_since": None, "cpu": 2.0},
        {"reports": Reports.NONE, "work": (), "busy_since": None, "cpu": None},
        {"work": (), "work_ended_at": ago(1)},
        {"policy": Policy(idle=None)},
        {"outbox_pending": 5},
        {"alarmed": {"unreachable": ago(3 * HOUR)}},
    ],
)
def test_the_cap_ends_what_is_silent_unknown_or_never_quite_idle_as_well(changes: dict[str, Any]) -> None:
    assert (decided(busy(24 * HOUR, **changes)).act, decided(busy(24 * HOUR, **changes)).name) == (
        PAUSE,
        Name.BUSY_TOO_LONG,
    )
    assert decided(busy(24 * HOUR - 1, **{**changes, "alarmed": {"unreachable": ago(9)}})).act is KEEP


@pytest.mark.feature("G9")
def test_a_busy_environment_says_what_works_and_since_when() -> None:
    jobs = [works("a.ipynb"), works("python train.py", kind=Kind.TERMINAL), works("sshd", kind=Kind.PROCESS)]
    why = decided(busy(90, work=(*jobs, works("b.ipynb"), works(kind=Kind.CPU)))).why
    assert why == (
        "Busy for 1 h 30 min, since 10:30 UTC: a.ipynb, “python train.py” in a terminal, the process “sshd” and 2 more"
        " compute. Without human input what is busy is paused after 24 h."
    )


WAITS = [
    # how many minutes ago it was due, the facts, and what is done
    (-1, ok(), KEEP),
    (BRIEF, ok(), PAUSE),
    (0, ok(), PAUSE),
    (0, busy(5), KEEP),
    (23 * HOUR, busy(5), KEEP),
    (24 * HOUR - 1, busy(5), KEEP),
    (24 * HOUR, busy(5), PAUSE),
    (40 * HOUR, busy(5), PAUSE),
    (5, busy(20 * HOUR, reports=Reports.SILENT, alarmed={"unreachable": ago(60)}), KEEP),
    (5, busy(20, work=(), work_ended_at=ago(1)), KEEP),
    (5, ok(reports=Reports.NONE, cpu=0.4), KEEP),
    (5, ok(reports=Reports.NONE, cpu=None), KEEP),
    (5, ok(reports=Reports.NONE, cpu=0.04), PAUSE),
    (5, ok(keep_alive=KeepAlive(until=hence(10))), KEEP),
    (5, ok(keep_alive=KeepAlive(until=ago(0))), PAUSE),
    (5, ok(keep_alive=KeepAlive(pid=9)), KEEP),
    (24 * HOUR, ok(keep_alive=KeepAlive(pid=9)), PAUSE),
    (24 * HOUR, ok(keep_alive=KeepAlive(until=hence(10))), PAUSE),
    (24 * HOUR - 1, ok(keep_alive=KeepAlive(until=hence(10))), KEEP),
]


@pytest.mark.feature("C19", "G2")
@pytest.mark.parametrize(("due", "facts", "act"), WAITS)
def test_a_daily_stop_waits_for_work_and_for_what_is_kept_alive_up_to_the_cap(
    due: float, facts: Facts, act: Act
) -> None:
    at = {"stop_due": StopDue(at=ago(due))} if due >= 0 else {"next_stop_at": ago(due)}
    decision = decided(replace(facts, **at))
    assert decision.act is act
    assert Name.DAILY_STOP in [each.name for each in decision.deadlines]
    assert decision.name is Name.DAILY_STOP or act is KEEP


@pytest.mark.parametrize(("due", "facts", "act"), WAITS)
def test_the_maximum_age_waits_likewise(due: float, facts: Facts, act: Act) -> None:
    old = replace(facts, started_at=ago(7 * DAY + due), policy=Policy(age_most=7 * DAY * 60))
    decision = decided(old)
    assert decision.act is act
    assert Name.TOO_OLD in [each.name for each in decision.deadlines]
    assert decision.name is Name.TOO_OLD or act is KEEP


@pytest.mark.parametrize("facts", [facts for due, facts, _ in WAITS if due == 5])
def test_where_the_policy_says_so_a_daily_stop_and_the_maximum_age_wait_for_nothing(facts: Facts) -> None:
    daily = decided(replace(facts, stop_due=StopDue(at=ago(0), force=True)))
    old = decided(replace(facts, started_at=ago(DAY), policy=Policy(age_most=DAY * 60, age_force=True)))
    assert (daily.act, daily.name) == (PAUSE, Name.DAILY_STOP)
    assert (old.act, old.name) == (PAUSE, Name.TOO_OLD)


def test_a_daily_stop_that_is_yet_to_come_is_told_and_when_it_has_come_the_service_judges_it_first() -> None:
    facts = ok(next_stop_at=hence(20))
    assert (decided(facts).act, decided(facts).at) == (KEEP, hence(20))
    assert decided(facts).why == "Its daily stop is at 12:20 UTC."
    later = decided(facts, hence(20))
    assert (later.act, later.name) == (KEEP, Name.IDLE)
    waiting = decided(replace(busy(5), next_stop_at=hence(20)))
    [stop] = [each for each in waiting.deadlines if each.name is Name.DAILY_STOP]
    assert stop.waits
    assert stop.why == (
        "Its daily stop is at 12:20 UTC. It waits for work, until 21 Nov 12:20 UTC at most: edit/a.ipynb computes."
    )
    forced = decided(replace(busy(5), next_stop_at=hence(20), next_stop_force=True))
    assert (forced.name, forced.at) == (Name.DAILY_STOP, hence(20))


@pytest.mark.parametrize("most", [1, 60, 2 * HOUR])
@pytest.mark.parametrize(("over", "act"), [(-BRIEF, KEEP), (0, PAUSE), (BRIEF, PAUSE), (30 * DAY, PAUSE)])
def test_what_is_frozen_is_paused_after_its_time(most: int, over: float, act: Act) -> None:
    decision = decided(frozen(most + over, policy=Policy(frozen_most=most * 60)))
    assert (decision.act, decision.name, decision.at) == (act, Name.FROZEN_TOO_LONG, ago(over))


@pytest.mark.parametrize(
    ("changes", "act", "name"),
    [
        ({}, KEEP, Name.FROZEN_TOO_LONG),
        ({"human_at": ago(9 * DAY)}, KEEP, Name.FROZEN_TOO_LONG),
        ({"busy_since": ago(40 * HOUR), "work": (works(),)}, KEEP, Name.FROZEN_TOO_LONG),
        ({"reports": Reports.SILENT, "missed": 80, "reported_at": ago(40)}, KEEP, Name.FROZEN_TOO_LONG),
        ({"cpu": 4.0}, KEEP, Name.FROZEN_TOO_LONG),
        ({"policy": EBRAINS}, KEEP, Name.FROZEN_TOO_LONG),
        ({"stop_due": StopDue(at=ago(1))}, PAUSE, Name.DAILY_STOP),
        ({"stop_due": StopDue(at=ago(1)), "work": (works(),)}, PAUSE, Name.DAILY_STOP),
        ({"started_at": ago(2 * DAY), "policy": Policy(age_most=DAY * 60)}, PAUSE, Name.TOO_OLD),
        ({"memory_short": "The machine is short of memory."}, PAUSE, Name.MEMORY_SHORT),
        ({"memory_short": "The machine is short of memory.", "grace_until": hence(5)}, PAUSE, Name.MEMORY_SHORT),
        ({"memory_short": "The machine is short of memory.", "exempt": "it is being deleted"}, KEEP, None),
    ],
)
def test_what_is_frozen_is_stopped_by_few_rules(changes: dict[str, Any], act: Act, name: Name | None) -> None:
    decision = decided(frozen(40, **changes))
    assert (decision.act, decision.name) == (act, name)


@pytest.mark.feature("G1")
def test_what_would_be_destroyed_with_work_that_is_not_saved_is_an_alarm_and_paused_when_that_changed_nothing() -> None:
    facts = idle(12 * HOUR, policy=EBRAINS)
    assert decided(facts).act is Act.DESTROY
    pending = replace(facts, outbox_pending=1)
    assert decided(pending).act is ALARM
    assert decided(pending).why.endswith("but 1 save has not reached the workspace: replay first.")
    told = replace(pending, alarmed={"idle": ago(29)})
    assert (decided(told).act, decided(told).at) == (KEEP, hence(1))
    assert decided(told, hence(1)).act is PAUSE
    assert "paused, which keeps its disk" in decided(told, hence(1)).why
    assert decided(replace(told, outbox_pending=0)).act is Act.DESTROY
    other = replace(pending, policy=Policy(at_idle=AtIdle.PAUSE))
    assert decided(other).act is PAUSE  # its disk stays


DUE = {
    "idle": idle(HOUR),
    "busy": busy(25 * HOUR),
    "old": ok(policy=Policy(age_most=DAY * 60)),
    "daily": ok(stop_due=StopDue(at=ago(1), force=True)),
    "frozen": frozen(3 * HOUR),
    "destroyed": idle(13 * HOUR, policy=EBRAINS),
}


@pytest.mark.feature("G11")
@pytest.mark.parametrize("facts", DUE.values(), ids=DUE)
def test_in_a_grace_round_after_an_outage_nothing_is_stopped(facts: Facts) -> None:
    held = replace(facts, grace_until=hence(3))
    decision = decided(held)
    assert (decision.act, decision.at) == (KEEP, hence(3))
    assert decision.guards == ("nothing is stopped before 12:03 UTC: a part of the deployment was away",)
    assert decided(held, hence(3)).act is decided(facts).act
    assert decided(replace(facts, grace_until=NOW)).act is decided(facts).act


@pytest.mark.parametrize("facts", DUE.values(), ids=DUE)
def test_what_is_exempt_is_let_alone_and_says_why(facts: Facts) -> None:
    decision = decided(replace(facts, exempt="a save is under way"))
    assert (decision.act, decision.at, decision.deadlines) == (KEEP, None, ())
    assert decision.why == "It is let alone: a save is under way."


@pytest.mark.parametrize("state", ["creating", "starting", "freezing", "pausing", "paused", "deleting", "trashed", "x"])
@pytest.mark.parametrize("facts", DUE.values(), ids=DUE)
def test_nothing_is_decided_of_what_neither_runs_nor_is_frozen(facts: Facts, state: str) -> None:
    """What is paused has rules of its own: `test_culler_dormancy`, `test_culler_destroys`."""
    policy = replace(facts.policy, dormancy=None, at_idle=AtIdle.PAUSE)
    decision = decided(replace(facts, state=state, policy=policy))
    assert (decision.act, decision.at, decision.why) == (KEEP, None, f"It is {state}.")


def test_an_alarm_holds_no_stop_up() -> None:
    silent = busy(25 * HOUR, reports=Reports.SILENT, reported_at=ago(30 * HOUR), missed=3600)
    assert (decided(silent).act, decided(silent).name) == (PAUSE, Name.BUSY_TOO_LONG)
    assert Name.UNREACHABLE in [each.name for each in decided(silent).deadlines]


@pytest.mark.parametrize(
    ("facts", "minutes"),
    [
        (idle(0), 20),  # the first warning, 10 min before
        (idle(20), 5),  # at the first warning: the second
        (idle(25), 4),
        (idle(29), 1),  # the stop itself
        (idle(30), 0),
        (busy(0), 24 * HOUR - 10),
        (ok(reports=Reports.SILENT, reported_at=ago(1)), 0.5),  # the alarm
        (frozen(0), 110),
        (ok(policy=Policy(idle=None)), None),
        (ok(exempt="x"), None),
        (idle(0, policy=Policy(warn=())), 30),
        (idle(HOUR, grace_until=hence(5)), 4),
    ],
)
def test_the_next_look_is_at_the_next_warning_or_deadline(facts: Facts, minutes: float | None) -> None:
    look = next_look(decide(facts, facts.policy, NOW), facts.policy, NOW)
    assert look == (None if minutes is None else hence(minutes))
