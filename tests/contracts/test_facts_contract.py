"""What the service says of an environment, and what is decided from it: `facts.json` is what both sides are held to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from culler.decision import Decision, decide
from culler.facts import Facts

EXAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "facts.json").read_text())


@pytest.mark.feature("G8")
@pytest.mark.parametrize("example", EXAMPLES, ids=[each["what"] for each in EXAMPLES])
def test_facts_and_decisions_are_read_and_written_as_the_examples_stand(example: dict[str, Any]) -> None:
    facts = Facts.from_json(example["facts"])
    decision = Decision.from_json(example["decision"])
    assert facts.as_json() == example["facts"]
    assert decision.as_json() == example["decision"]
    assert decide(facts, facts.policy, facts.now) == decision


def test_what_a_newer_service_says_beyond_them_is_let_be() -> None:
    said = EXAMPLES[0]["facts"]
    newer = {**said, "mood": "good", "policy": {**said["policy"], "colour": "red"}}
    assert Facts.from_json(newer) == Facts.from_json(said)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"now": "2026-11-20T12:34:05"}, "without a zone"),
        ({"reports": "perhaps"}, "perhaps"),
        ({"human_at": "yesterday"}, "yesterday"),
        ({"keep_alive": {"until": None, "pid": None}}, "neither a time nor a process"),
        ({"workspace": None}, "no facts"),
        ({"policy": {"idle": -1}}, "policy.idle"),
        ({"policy": {"at_idle": "explode"}}, "explode"),
        ({"policy": {"busy_cap": None}}, "policy.busy_cap"),
    ],
)
def test_what_are_no_facts_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Facts.from_json({**EXAMPLES[0]["facts"], **change})


def test_facts_without_what_they_need_are_refused() -> None:
    said = {name: value for name, value in EXAMPLES[0]["facts"].items() if name != "revision"}
    with pytest.raises(ValueError, match="revision"):
        Facts.from_json(said)
