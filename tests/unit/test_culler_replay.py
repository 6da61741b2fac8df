"""What another policy would have done, by the records: hours saved, kernels lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from culler.decision import Act
from culler.facts import Facts
from culler.policy import EBRAINS, Policy
from culler.replay import Record, Tally, as_it_was, replay
from tests.culler_scene import DAY, HOUR, ago, busy, decided, frozen, hence, idle, ok, works

FROZEN_AT_30 = idle(30)
PAUSED_AT_CAP = busy(24 * HOUR, work=(works(since=ago(24 * HOUR)), works("b.ipynb", since=ago(60))))
KEPT = ok()


def record(facts: Facts) -> Record:
    return Record(facts=facts, decision=decided(facts, facts.now))


@pytest.mark.feature("G10")
@pytest.mark.parametrize(
    ("facts", "policy", "tally"),
    [
        (FROZEN_AT_30, {}, Tally(stops=1)),
        (FROZEN_AT_30, {"idle": 900}, Tally(stops=1, hours_saved=0.25)),
        (FROZEN_AT_30, {"idle": 5400}, Tally(stops=1, hours_saved=-1)),
        (FROZEN_AT_30, {"idle": "off"}, Tally(never=1)),
        # somebody else's work is not in it: a freeze loses none
        (idle(30, work_ended_at=ago(30)), {"idle": 600, "grace": 600}, Tally(stops=1, hours_saved=1 / 3)),
        (idle(30, work_ended_at=ago(30)), {"idle": 600}, Tally(stops=1)),
        (PAUSED_AT_CAP, {}, Tally(stops=1, kernels_lost=2)),
        (PAUSED_AT_CAP, {"busy_cap": 12 * 3600}, Tally(stops=1, hours_saved=12, kernels_lost=1)),
        (PAUSED_AT_CAP, {"busy_cap": 30 * 3600}, Tally(stops=1, hours_saved=-6, kernels_lost=2)),
        (frozen(2 * HOUR), {"frozen_most": 3600}, Tally(stops=1, hours_saved=1)),
        (idle(12 * HOUR, policy=EBRAINS), {"idle": 3600, "at_idle": "pause"}, Tally(stops=1, hours_saved=11)),
        (KEPT, {"idle": 0}, Tally()),
    ],
)
def test_a_record_is_reckoned_again_under_another_policy(facts: Facts, policy: dict[str, Any], tally: Tally) -> None:
    assert replay([record(facts)], policy) == tally


@pytest.mark.feature("G10")
def test_a_later_stop_counts_until_its_person_came_back_at_most() -> None:
    back = hence(90)
    again = replace(FROZEN_AT_30, now=hence(3 * HOUR), since=back, human_at=hence(2 * HOUR + 30))
    records = [record(again), record(FROZEN_AT_30)]
    assert replay(records, {"idle": 3600}) == Tally(stops=2, hours_saved=-1)
    assert replay(records, {"idle": 3 * 3600}) == Tally(stops=1, never=1, hours_saved=-4)
    of_others = [record(replace(again, id="another")), record(FROZEN_AT_30)]
    assert replay(of_others, {"idle": 3 * 3600}) == Tally(stops=2, hours_saved=-5)
    assert replay(of_others, {"idle": "off"}) == Tally(never=2, hours_saved=-3)


def test_what_was_is_told_in_the_same_measures() -> None:
    records = [record(each) for each in (FROZEN_AT_30, PAUSED_AT_CAP, KEPT, frozen(3 * HOUR))]
    assert as_it_was(records) == Tally(stops=3, kernels_lost=2)
    assert replay([], {"idle": 60}) == as_it_was([]) == Tally()


def test_a_policy_that_none_has_is_refused() -> None:
    with pytest.raises(ValueError, match="A policy has no idel"):
        replay([record(FROZEN_AT_30)], {"idel": 60})
    with pytest.raises(ValueError, match=r"policy\.idle"):
        Policy().with_values({"idle": "ten minutes"})


def test_a_record_is_read_as_the_service_keeps_it() -> None:
    made = record(idle(DAY))
    said = {"facts": made.facts.as_json(), "decision": made.decision.as_json(), "who": "culler"}
    assert Record.from_json(said) == made
    assert made.decision.act is Act.FREEZE
    with pytest.raises(ValueError, match="facts"):
        Record.from_json({"decision": said["decision"]})
