"""When what is idle is stopped: the idle rule, the grace after work, keep-alives, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from culler.decision import Act, Name
from culler.facts import Facts, KeepAlive, Kind, Reports
from culler.policy import AtIdle, Policy
from tests.culler_scene import BRIEF, DAY, HOUR, NOW, SECOND, ago, busy, decided, hence, idle, ok, works

FREEZE, PAUSE, DESTROY, KEEP = Act.FREEZE, Act.PAUSE, Act.DESTROY, Act.KEEP


@pytest.mark.feature("G1")
@pytest.mark.parametrize("minutes", [10, 30, 12 * HOUR, 40 * DAY])
@pytest.mark.parametrize(("at_idle", "act"), [("freeze-then-pause", FREEZE), ("pause", PAUSE), ("destroy", DESTROY)])
@pytest.mark.parametrize(("away", "is_due"), [(-BRIEF, False), (0, True), (BRIEF, True), (600 * DAY, True)])
def test_an_environment_is_stopped_when_it_was_idle_for_as_long_as_its_policy_says(
    minutes: int, at_idle: str, act: Act, away: float, *, is_due: bool
) -> None:
    facts = idle(minutes + away, policy=Policy(idle=minutes * 60, at_idle=AtIdle(at_idle)))
    decision = decided(facts)
    assert decision.act is (act if is_due else KEEP)
    assert (decision.name, decision.at) == (Name.IDLE, ago(away))


@pytest.mark.feature("G1")
@pytest.mark.parametrize("minutes", [0, 30, 7 * DAY, 400 * DAY])
def test_where_the_rule_is_off_nothing_stops_what_is_idle(minutes: int) -> None:
    decision = decided(idle(minutes, policy=Policy(idle=None)))
    assert (decision.act, decision.at, decision.name) == (KEEP, None, None)
    assert decision.why == "No rule stops it as it stands."


@pytest.mark.feature("G6")
@pytest.mark.parametrize(
    ("rule", "grace", "human", "ended", "at"),
    [
        # idle, grace, and how many minutes ago were the last input and the end of the last work
        (30, 30, 600, 0, 30),
        (30, 30, 600, 10, 20),
        (30, 30, 600, 29, 1),
        (30, 30, 600, 30, 0),
        (30, 30, 600, 45, -15),
        # its person was there after the work's end
        (30, 30, 5, 10, 25),
        (30, 30, 5, 600, 25),
        (30, 30, 10, 10, 20),
        # a shorter rule than the grace: the grace after work, the rule after input
        (10, 30, 600, 0, 30),
        (10, 30, 600, 25, 5),
        (10, 30, 5, 600, 5),
        (10, 30, 5, 10, 20),
        (10, 30, 1, 1, 29),
        # a longer rule: the rule after work as well
        (60, 30, 600, 0, 60),
        (60, 30, 600, 59, 1),
        (720, 30, 1000, 10, 710),
        (30, 0, 600, 10, 20),
        (10, 90, 600, 10, 80),
    ],
)
def test_the_idle_time_begins_when_the_work_has_ended_and_is_the_grace_at_least(
    rule: int, grace: int, human: int, ended: int, at: int
) -> None:
    facts = idle(human, work_ended_at=ago(ended), policy=Policy(idle=rule * 60, grace=grace * 60))
    decision = decided(facts)
    assert decision.at == hence(at)
    assert decision.act is (FREEZE if at <= 0 else KEEP)


@pytest.mark.feature("G2", "G4")
@pytest.mark.parametrize("minutes", [1, 29, 30, 31, 8 * HOUR, 23 * HOUR, 24 * HOUR - SECOND])
@pytest.mark.parametrize("kind", list(Kind))
def test_what_works_is_not_idle_whatever_it_is_and_however_silent(minutes: float, kind: Kind) -> None:
    since = ago(minutes)
    decision = decided(busy(minutes, work=(works("train", kind=kind, since=since),), cpu=0.0))
    assert decision.act is KEEP
    assert (decision.name, decision.at) == (Name.BUSY_TOO_LONG, hence(24 * HOUR, since))
    assert Name.IDLE not in [each.name for each in decision.deadlines]


@pytest.mark.feature("G2")
@pytest.mark.parametrize("gap", [SECOND, 1, 4.9])
@pytest.mark.parametrize("streak", [5, 31, 8 * HOUR, 23.9 * HOUR])
def test_a_gap_in_a_streak_is_no_idle_time(gap: float, streak: float) -> None:
    """The service ends a streak after five minutes: until then its beginning stands in the facts, and people are told
    already when it would be idle."""
    facts = busy(streak, work=(), work_ended_at=ago(gap))
    decision = decided(facts)
    assert decision.act is KEEP
    at = {each.name: each for each in decision.deadlines}
    assert at[Name.BUSY_TOO_LONG].at == hence(24 * HOUR - streak)
    assert "which counts as the end of its work after 5 min" in at[Name.BUSY_TOO_LONG].why
    assert at[Name.IDLE].at == hence(30 - gap)
    assert decision.name is (Name.BUSY_TOO_LONG if streak > 23 * HOUR else Name.IDLE)


@pytest.mark.feature("G2", "G6")
def test_a_short_rule_does_not_stop_what_rests_for_less_than_five_minutes() -> None:
    hasty = Policy(idle=60, grace=0)
    decision = decided(busy(8 * HOUR, work=(), work_ended_at=ago(4), human_at=ago(8 * HOUR), policy=hasty))
    assert (decision.act, decision.name, decision.at) == (KEEP, Name.IDLE, hence(1))


@pytest.mark.feature("G7")
@pytest.mark.parametrize("human", [0, 31, 8 * HOUR, 23 * HOUR])
@pytest.mark.parametrize("silent", [0.6, 1.4, 1.5, 45, 7 * HOUR])
@pytest.mark.parametrize("alarmed", [True, False])
def test_silence_is_never_idle_time_and_alarms_after_three_reports_that_did_not_come(
    human: float, silent: float, *, alarmed: bool
) -> None:
    facts = idle(human, reports=Reports.SILENT, reported_at=ago(silent), missed=int(silent * 2))
    decision = decided(replace(facts, alarmed={"unreachable": ago(1)} if alarmed else {}))
    is_due = silent >= 1.5 and not alarmed
    assert decision.act is (Act.ALARM if is_due else KEEP)
    assert decision.name is (Name.UNREACHABLE if is_due else Name.BUSY_TOO_LONG)
    assert Name.IDLE not in [each.name for each in decision.deadlines]


@pytest.mark.feature("G7")
def test_a_server_that_never_reported_is_unreachable_90_s_after_its_start() -> None:
    fresh = ok(reports=Reports.SILENT, reported_at=None, started_at=ago(1.5), since=ago(1.5), human_at=ago(1.5))
    assert decided(fresh).act is Act.ALARM
    assert decided(fresh, ago(BRIEF)).act is KEEP


@pytest.mark.parametrize(
    ("cpu", "cpu_at", "act", "says"),
    [
        (0.0, ago(0), FREEZE, "it uses 0.00 cores, and what its kernels do its image does not say"),
        (0.05, ago(0), FREEZE, "it uses 0.05 cores"),
        (0.0501, ago(0), KEEP, "what its kernels do its image does not say"),
        (3.2, ago(0), KEEP, "it uses 3.20 cores"),
        (0.0, ago(10), FREEZE, "it uses 0.00 cores"),
        # an old look, or none
        (0.0, ago(10 + BRIEF), KEEP, "the Engine was not heard"),
        (0.0, None, KEEP, "the Engine was not heard"),
        (None, None, KEEP, "the Engine was not heard"),
        (None, ago(0), KEEP, "the Engine was not heard"),
    ],
)
def test_an_image_of_ones_own_without_the_extension_is_judged_by_its_processors(
    cpu: float | None, cpu_at: datetime | None, act: Act, says: str
) -> None:
    decision = decided(idle(31, reports=Reports.NONE, reported_at=None, cpu=cpu, cpu_at=cpu_at))
    assert decision.act is act
    assert says in decision.why
    assert decision.guards == (
        "its image does not say what its kernels do: judged by its processors and by what its person sends",
    )


@pytest.mark.feature("G8")
@pytest.mark.parametrize(
    ("human", "kept", "at"),
    [
        # how many minutes ago the last input was, in how many the keep-alive ends, and in how many it is stopped
        (0, 10, 30),
        (0, 60, 60),
        (20, 10, 10),
        (20, 9, 10),
        (20, 11, 11),
        (45, 60, 60),
        (45, 12 * HOUR, 12 * HOUR),
        (45, BRIEF, BRIEF),
        # over, and ending this moment
        (45, 0, -15),
        (45, -60, -15),
        # not past the cap since the last input
        (12 * HOUR, 12 * HOUR, 12 * HOUR),
        (13 * HOUR, 12 * HOUR, 11 * HOUR),
        (23.9 * HOUR, 12 * HOUR, 0.1 * HOUR),
        (24 * HOUR, 12 * HOUR, 0),
        (30 * HOUR, 12 * HOUR, -6 * HOUR),
        (0, 40 * DAY, 24 * HOUR),
    ],
)
def test_what_is_kept_alive_stays_until_then_but_not_past_the_cap(human: float, kept: float, at: float) -> None:
    decision = decided(idle(human, keep_alive=KeepAlive(until=hence(kept))))
    assert abs((decision.at or NOW) - hence(at)).total_seconds() < SECOND
    assert decision.act is (FREEZE if at <= 0 else KEEP)


@pytest.mark.feature("G8")
@pytest.mark.parametrize(("human", "act"), [(0, KEEP), (31, KEEP), (23.9 * HOUR, KEEP), (24 * HOUR, FREEZE)])
def test_what_is_kept_alive_by_a_process_stays_up_to_the_cap(human: float, act: Act) -> None:
    decision = decided(idle(human, keep_alive=KeepAlive(pid=123)))
    assert (decision.act, decision.at) == (act, hence(24 * HOUR, ago(human)))
    assert decision.guards == ("kept alive while process 123 runs, up to the cap",)


@pytest.mark.feature("G9")
@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (
            idle(30),
            "Idle for 30 min: last input at 11:30 UTC; nothing computes. What is idle is frozen after 30 min.",
        ),
        (
            idle(90, work_ended_at=ago(40)),
            (
                "Idle for 40 min: last input at 10:30 UTC; nothing has computed since 11:20 UTC."
                " What is idle is frozen after 30 min."
            ),
        ),
        (
            idle(14 * HOUR, work_ended_at=ago(20), policy=Policy(idle=600, at_idle=AtIdle.PAUSE)),
            (
                "Idle for 20 min: last input at 19 Nov 22:00 UTC; nothing has computed since 11:40 UTC."
                " After work has ended it stays 30 min. What is idle is paused after 10 min."
            ),
        ),
        (
            idle(13 * HOUR, policy=Policy(idle=12 * 3600, at_idle=AtIdle.DESTROY)),
            (
                "Idle for 13 h: last input at 19 Nov 23:00 UTC; nothing computes."
                " What is idle is stopped and destroyed after 12 h."
            ),
        ),
    ],
)
def test_the_reason_says_when_somebody_was_there_when_something_computed_and_what_the_rule_is(
    facts: Facts, why: str
) -> None:
    assert decided(facts).why == why


@pytest.mark.feature("G11")
@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_clock_that_jumps_is_no_error_and_one_that_is_put_back_stops_nothing(jump: int) -> None:
    """One that is put forward the service sees, and grants a round of grace."""
    facts = idle(5, work_ended_at=ago(4))
    decision = decided(facts, hence(jump))
    assert decision.act is (KEEP if jump < 0 else FREEZE)
    assert decided(replace(facts, grace_until=hence(HOUR + 5)), hence(jump)).act is KEEP
    assert "-" not in decision.why
