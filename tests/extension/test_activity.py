"""When somebody was here, and what the service says of the next stop."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from terraspawner_environment.activity import Outlook
from terraspawner_environment.beats import HumanBeats

NOW = {"Date": "Sat, 21 Nov 2026 12:00:00 GMT"}
IDLE = {"name": "idle", "at": "2026-11-21T12:20:00Z", "act": "freeze", "why": "nobody typed", "waits": False}
CAP = {"name": "busy-too-long", "at": "2026-11-22T12:00:00Z", "act": "pause", "why": "it works", "waits": False}
AHEAD = {"act": "keep", "at": IDLE["at"], "name": "idle", "why": "nobody typed", "deadlines": [IDLE, CAP],
         "guards": ["kept alive"]}  # fmt: skip
NOTHING: dict[str, Any] = {"is_known": True, "next_stop": None, "warn": []}


@dataclass
class Clock:
    now: float = 5000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def told(outlook: Outlook, next_stop: object, headers: dict[str, str] = NOW, **more: Any) -> dict[str, Any]:
    outlook.heard(headers, json.dumps({"next_stop": next_stop, "warn": [600, 300, 60], **more}).encode())
    return outlook.facts()


def test_nobody_was_here_before_the_first_beat_and_then_the_last_one_counts(clock: Clock) -> None:
    beats = HumanBeats(clock)
    assert beats.seconds is None
    clock.now += 100
    beats.beat(40)
    beats.beat(90)  # of another tab, late
    assert beats.seconds == 40
    clock.now += 7200
    assert beats.seconds == 7240
    beats.beat(0)
    assert beats.seconds == 0


@pytest.mark.feature("G9")
def test_seconds_are_left_by_the_services_clock_and_tick_by_this_ones(clock: Clock) -> None:
    outlook = Outlook(clock)
    assert told(outlook, AHEAD) == {
        "is_known": True,
        "next_stop": {
            "act": "freeze",
            "name": "idle",
            "why": "nobody typed",
            "seconds": 1200,
            "guards": ["kept alive"],
        },
        "warn": [600, 300, 60],
    }
    clock.now += 1000
    assert outlook.facts()["next_stop"]["seconds"] == 200
    clock.now += 1000
    assert outlook.facts()["next_stop"]["seconds"] == 0
    assert told(outlook, AHEAD, now="2026-11-21T12:19:00Z")["next_stop"]["seconds"] == 60


def test_what_is_due_says_what_is_done(clock: Clock) -> None:
    due = told(Outlook(clock), {**AHEAD, "act": "pause", "name": "busy-too-long", "at": CAP["at"]})["next_stop"]
    assert (due["act"], due["seconds"]) == ("pause", 86400)


def test_a_decision_without_a_time_plans_nothing(clock: Clock) -> None:
    kept = {"act": "keep", "at": None, "name": None, "why": "No rule stops it.", "deadlines": [], "guards": []}
    said = told(Outlook(clock), kept)["next_stop"]
    assert said == {"act": "keep", "name": "", "why": "No rule stops it.", "seconds": None, "guards": []}


def test_a_service_that_says_nothing_of_stops_has_nothing_shown(clock: Clock) -> None:
    outlook = Outlook(clock)
    assert outlook.facts() == {**NOTHING, "is_known": False}
    outlook.heard(NOW, b"")
    assert outlook.facts() == NOTHING
    told(outlook, AHEAD)
    outlook.heard(NOW, b"")
    assert outlook.facts() == NOTHING


def test_a_service_that_falls_silent_leaves_what_it_said_and_that_it_is_not_known_any_more(clock: Clock) -> None:
    outlook = Outlook(clock)
    told(outlook, AHEAD)
    outlook.missed()
    clock.now += 100
    said = outlook.facts()
    assert (said["is_known"], said["next_stop"]["seconds"]) == (False, 1100)
    assert told(outlook, AHEAD)["is_known"]


@pytest.mark.parametrize(
    "body",
    [b"null", b"[]", b"{", b"\xff", b'{"next_stop": 3}', b'{"next_stop": {"at": "soon", "deadlines": 7, "guards": 7}}',
     b'{"next_stop": {"at": "2026-11-21T12:20:00", "deadlines": [3, {}]}, "warn": [1.5, true, "x"]}'],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_plans_nothing(clock: Clock, body: bytes) -> None:
    outlook = Outlook(clock)
    outlook.heard(NOW, body)
    said = outlook.facts()
    assert said["warn"] == []
    assert said["next_stop"] is None or (said["next_stop"]["act"], said["next_stop"]["seconds"]) == ("keep", None)


@pytest.mark.parametrize("headers", [{}, {"Date": "soon"}, {"Date": "Sat, 21 Nov 2026 12:00:00 -0000"}])
def test_without_the_services_time_no_seconds_are_said(clock: Clock, headers: dict[str, str]) -> None:
    assert told(Outlook(clock), AHEAD, headers)["next_stop"]["seconds"] is None


def test_input_near_a_stop_is_told_at_once(clock: Clock) -> None:
    outlook = Outlook(clock)
    assert outlook.is_near  # nothing is known
    told(outlook, AHEAD)
    assert not outlook.is_near
    clock.now += 541
    assert outlook.is_near
    outlook.heard(NOW, b"")
    assert not outlook.is_near
