"""Facts of an environment that is all right, for tests of the culler: each case changes one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from culler.decision import Decision, decide
from culler.facts import Facts, Kind, Reports, Work, Workspace
from culler.policy import Policy

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, DAY = 60, 24 * 60
SECOND = 1 / 60
BRIEF = 1 / 60_000
"""A millisecond: what comes just before or just after."""


def ago(minutes: float, since: datetime = NOW) -> datetime:
    return since - timedelta(minutes=minutes)


def hence(minutes: float, since: datetime = NOW) -> datetime:
    return since + timedelta(minutes=minutes)


def works(what: str = "edit/a.ipynb", *, kind: Kind = Kind.KERNEL, since: datetime = NOW) -> Work:
    return Work(kind=kind, what=what, since=since)


OK = Facts(
    id="00000000000000a1",
    user="ana",
    workspace=Workspace(namespace="lab", name="rats", slug="lab--rats"),
    start_number=3,
    revision=17,
    now=NOW,
    state="running",
    since=ago(5 * DAY),
    started_at=ago(5 * DAY),
    human_at=NOW,
    reports=Reports.KNOWN,
    reported_at=ago(0.2),
    cpu=0.01,
    cpu_at=ago(0.3),
    policy=Policy(),
)


def ok(**changes: Any) -> Facts:
    """Runs for five days, used this moment, reports, computes nothing."""
    return replace(OK, **changes)


def idle(minutes: float, **changes: Any) -> Facts:
    """Nobody was there for so long; nothing computed since."""
    return ok(**{"human_at": ago(minutes), **changes})


def busy(minutes: float, **changes: Any) -> Facts:
    """A cell computes for so long, begun by its person's last input."""
    since = ago(minutes)
    return ok(**{"human_at": since, "busy_since": since, "work": (works(since=since),), **changes})


def frozen(minutes: float, **changes: Any) -> Facts:
    return ok(**{"state": "frozen", "since": ago(minutes), "human_at": ago(minutes + 30), **changes})


def decided(facts: Facts, now: datetime = NOW) -> Decision:
    return decide(facts, facts.policy, now)
