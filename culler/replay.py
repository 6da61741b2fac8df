"""What another policy would have done: the records of what was decided, reckoned again. Pure.

A record holds the facts of the moment at which an environment was stopped. From these it is known when each rule would
have stopped it: sooner under a stricter policy, whose hours are *saved*; later under a laxer one, whose hours are
saved less, down to below zero. A later stop is counted up to the next start of the same environment at most, as its
person would have come back to one that runs, and where there would have been none, up to that or the last record. An
hour that something is frozen counts as one. A *kernel lost* is a piece of work that was under way when it was stopped.

What the records do not tell is not guessed: an environment that was never stopped is not in them, nor is what a person
would have done in the time that a later stop had left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from culler.deadlines import Act
from culler.decision import Decision, decide
from culler.facts import FROZEN, RUNNING, Facts
from culler.policy import Policy

STOPS = (Act.FREEZE, Act.PAUSE, Act.DESTROY)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was decided, from which facts."""

    facts: Facts
    decision: Decision

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Record:
        """Raises `ValueError`."""
        try:
            return cls(facts=Facts.from_json(said["facts"]), decision=Decision.from_json(said["decision"]))
        except KeyError as error:
            raise ValueError(f"A record has no {error}.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Of one policy: how often it would have stopped, hours saved against what was, work that it would have ended, and
    `never`, how many of the stops there were it would not have made."""

    stops: int = 0
    hours_saved: float = 0.0
    kernels_lost: int = 0
    never: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(
            stops=self.stops + other.stops,
            hours_saved=self.hours_saved + other.hours_saved,
            kernels_lost=self.kernels_lost + other.kernels_lost,
            never=self.never + other.never,
        )


def as_it_was(records: Iterable[Record]) -> Tally:
    """What was done, in the same measures: it saves nothing against itself."""
    total = Tally()
    for each in records:
        if each.decision.act in STOPS:
            total = total.plus(Tally(stops=1, kernels_lost=_lost(each.facts, each.decision.act, each.facts.now)))
    return total


def replay(records: Sequence[Record], policy: Mapping[str, Any]) -> Tally:
    """`policy` are the values that differ from those of each record. Raises `ValueError` for what no policy has."""
    ordered = sorted(records, key=lambda each: each.facts.now)
    total = Tally()
    for number, each in enumerate(ordered):
        if each.decision.act in STOPS:
            back = _comes_back(each.facts, ordered[number + 1 :])
            total = total.plus(_replayed(each, each.facts.policy.with_values(policy), back, ordered[-1].facts.now))
    return total


def _replayed(record: Record, policy: Policy, back: datetime | None, last: datetime) -> Tally:
    """`back`: when it was started next; `last`: the time of the last record of all."""
    facts = record.facts
    stops = [each for each in decide(facts, policy, facts.now).deadlines if each.act in STOPS]
    if not stops or (back and stops[0].at >= back):
        return Tally(never=1, hours_saved=(facts.now - (back or last)) / HOUR)
    first = stops[0]
    begun = max(first.at, _earliest(facts))
    return Tally(stops=1, hours_saved=(facts.now - begun) / HOUR, kernels_lost=_lost(facts, first.act, begun))


def _earliest(facts: Facts) -> datetime:
    """No rule would have stopped it before the last sign of a person: what was before that is not in the facts."""
    if facts.state == FROZEN:
        return facts.since
    return facts.human_at or facts.started_at or facts.since


def _lost(facts: Facts, act: Act, at: datetime) -> int:
    """Work under way at `at`; a freeze ends none."""
    if act is Act.FREEZE or facts.state == FROZEN:
        return 0
    return sum(each.since <= at for each in facts.work)


def _comes_back(facts: Facts, later: Iterable[Record]) -> datetime | None:
    """When the environment was started or woken next, as far as the records tell."""
    mine = [each.facts for each in later if each.facts.id == facts.id]
    signs = [
        at for each in mine for at in (each.started_at, each.since if each.state == RUNNING else None, each.human_at)
    ]
    return min((at for at in signs if at and at > facts.now), default=None)
