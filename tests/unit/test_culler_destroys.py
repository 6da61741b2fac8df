"""What keeps nothing (G5): idle for long enough it is stopped, which saves all, and then destroyed with its disk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from culler.decision import Act, Name
from culler.facts import Facts, KeepAlive
from culler.policy import EBRAINS, AtIdle, Policy
from tests.culler_scene import HOUR, NOW, ago, decided, hence, idle, ok

KEEP, DESTROY, ALARM = Act.KEEP, Act.DESTROY, Act.ALARM
pytestmark = pytest.mark.feature("G5")


def stopped(minutes: float, **changes: Any) -> Facts:
    """Paused for so long; the last input was just before, unless said otherwise."""
    values = {"state": "paused", "since": ago(minutes), "human_at": ago(minutes), "work": (), "policy": EBRAINS}
    return ok(**{**values, "work_ended_at": None, "busy_since": None, "started_at": ago(minutes + HOUR), **changes})


@pytest.mark.parametrize(("hours", "act"), [(11.9, KEEP), (12, DESTROY), (40, DESTROY)])
def test_what_runs_is_destroyed_after_twelve_hours_without_input(hours: float, act: Act) -> None:
    decision = decided(idle(hours * HOUR, policy=EBRAINS))
    assert (decision.act, decision.name) == (act, Name.IDLE)


@pytest.mark.parametrize(("hours", "act"), [(0, KEEP), (11.9, KEEP), (12, DESTROY), (40, DESTROY)])
def test_what_its_person_has_paused_waits_for_twelve_hours_more(hours: float, act: Act) -> None:
    decision = decided(stopped(hours * HOUR, human_at=ago((hours + 5) * HOUR)))
    assert (decision.act, decision.name, decision.at) == (act, Name.IDLE, hence((12 - hours) * HOUR))


def test_what_the_rule_itself_has_stopped_goes_at_once() -> None:
    decision = decided(stopped(1, human_at=ago(12 * HOUR + 1)))
    assert (decision.act, decision.name, decision.at) == (DESTROY, Name.IDLE, ago(1))
    assert decision.why.endswith("What nobody uses for 12 h is destroyed with its disk.")


@pytest.mark.parametrize(
    "changes",
    [{"busy_since": ago(30 * HOUR)}, {"work_ended_at": ago(60)}, {"keep_alive": KeepAlive(until=hence(12 * HOUR))}],
)
def test_what_was_stopped_at_work_or_kept_alive_is_not_gone_at_once(changes: dict[str, Any]) -> None:
    decision = decided(stopped(1, human_at=ago(20 * HOUR), **changes))
    assert decision.act is KEEP
    assert decision.at is not None
    assert decision.at > NOW


def test_work_that_has_not_reached_the_workspace_keeps_it_and_is_told_once() -> None:
    facts = stopped(13 * HOUR, outbox_pending=2)
    assert decided(facts).act is ALARM
    assert "2 saves have not reached the workspace: resume it once" in decided(facts).why
    told = replace(facts, alarmed={"idle": ago(1)})
    assert (decided(told).act, decided(told).at) == (KEEP, None)
    assert decided(replace(told, outbox_pending=0)).act is DESTROY


@pytest.mark.parametrize("at_idle", [AtIdle.PAUSE, AtIdle.FREEZE_THEN_PAUSE])
def test_what_is_paused_elsewhere_stays(at_idle: AtIdle) -> None:
    assert decided(stopped(40 * HOUR, policy=Policy(at_idle=at_idle, dormancy=None))).at is None


def test_where_idleness_ends_nothing_what_is_paused_stays() -> None:
    assert decided(stopped(40 * HOUR, policy=replace(EBRAINS, idle=None))).at is None


@pytest.mark.parametrize("hours", [0, 5, 13])
def test_in_a_grace_round_and_while_it_is_let_alone_nothing_goes(hours: float) -> None:
    assert decided(stopped(hours * HOUR, grace_until=hence(5))).act is KEEP
    assert decided(stopped(hours * HOUR, exempt="a stop of it is on its way")).act is KEEP
