"""What shall become of an environment now, what comes next, and why: one pure function of facts, policy and time.

The same object stands in the log, the API (``next_stop``), the page, JupyterLab and the record, and can be reckoned
again under another policy (`culler.replay`). The service computes it by this code as well: what people are told and
what is done cannot differ.

What is unknown never pauses, except by the cap on a streak. A keep-alive moves nothing past the cap. Newer human input
never makes a stop earlier. The earliest effective deadline wins; an alarm is no stop and holds none up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from culler.deadlines import TELLS_ONLY, Act, Deadline, Name, deadlines, kept_until
from culler.dormancy import dormant
from culler.facts import FROZEN, RUNNING, Facts, Reports, instant, written
from culler.policy import Policy, span
from culler.words import clock

__all__ = ["Act", "Deadline", "Decision", "Name", "decide", "next_look"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`act` is `keep` while all lies ahead; then `at`, `name` and `why` say what comes next, and when.

    Nothing comes next where `at` is None; `name` is then None as well. `guards` say what holds stops off.
    """

    act: Act
    at: datetime | None
    name: Name | None
    why: str
    deadlines: tuple[Deadline, ...] = ()
    guards: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "act": str(self.act),
            "at": written(self.at),
            "name": str(self.name) if self.name else None,
            "why": self.why,
            "deadlines": [
                {
                    "name": str(each.name),
                    "at": written(each.at),
                    "act": str(each.act),
                    "why": each.why,
                    "waits": each.waits,
                }
                for each in self.deadlines
            ],
            "guards": list(self.guards),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Decision:
        """Raises `ValueError` for what is no decision."""
        try:
            return cls(
                act=Act(said["act"]),
                at=instant("at", said["at"]) if said["at"] is not None else None,
                name=Name(said["name"]) if said["name"] is not None else None,
                why=str(said["why"]),
                deadlines=tuple(_deadline(each) for each in said["deadlines"]),
                guards=tuple(str(each) for each in said["guards"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"This is no decision of the culler: {error}") from error


def decide(facts: Facts, policy: Policy, now: datetime) -> Decision:
    """What to do with the environment at `now`."""
    guards = _guards(facts, now)
    if facts.exempt:
        return Decision(act=Act.KEEP, at=None, name=None, why=f"It is let alone: {facts.exempt}.", guards=guards)
    known = (*deadlines(facts, policy, now), *dormant(facts, policy, now))
    found = sorted((_after_grace(each, facts) for each in known), key=lambda each: each.at)
    stops = [each for each in found if each.act not in TELLS_ONLY]
    due = [each for each in (*stops, *found) if each.at <= now]
    if due:
        return _decided(due[0].act, due[0], found, guards)
    ahead = [each for each in found if each.name not in (Name.UNREACHABLE, Name.DORMANT_NOTICE)]
    if ahead:
        return _decided(Act.KEEP, ahead[0], found, guards)
    why = "No rule stops it as it stands." if facts.state in (RUNNING, FROZEN) else f"It is {facts.state}."
    return Decision(act=Act.KEEP, at=None, name=None, why=why, deadlines=tuple(found), guards=guards)


def next_look(decision: Decision, policy: Policy, now: datetime) -> datetime | None:
    """When to decide again if the facts stay: at the next deadline or warning. None: not before they change."""
    if decision.act is not Act.KEEP:
        return now
    warnings = [decision.at - span(each) for each in policy.warn] if decision.at else []
    ahead = [at for at in (*warnings, *(each.at for each in decision.deadlines)) if at > now]
    return min(ahead, default=None)


def _decided(act: Act, chosen: Deadline, found: list[Deadline], guards: tuple[str, ...]) -> Decision:
    return Decision(act=act, at=chosen.at, name=chosen.name, why=chosen.why, deadlines=tuple(found), guards=guards)


def _after_grace(deadline: Deadline, facts: Facts) -> Deadline:
    """A stop is not before the end of a grace round. What only tells is, and so is what gives memory back: the kernel's
    own killer grants none."""
    grace = facts.grace_until
    if grace is None or deadline.at >= grace or deadline.act in TELLS_ONLY or deadline.name is Name.MEMORY_SHORT:
        return deadline
    return replace(deadline, at=grace)


def _guards(facts: Facts, now: datetime) -> tuple[str, ...]:
    said = []
    if facts.exempt:
        said.append(f"let alone: {facts.exempt}")
    if facts.grace_until and facts.grace_until > now:
        said.append(f"nothing is stopped before {clock(facts.grace_until, now)}: a part of the deployment was away")
    kept = facts.keep_alive
    if kept and kept_until(facts, now):
        said.append(f"kept alive {_how_long(kept.until, kept.pid, now)}, up to the cap")
    if facts.state == RUNNING and facts.reports is Reports.NONE:
        said.append("its image does not say what its kernels do: judged by its processors and by what its person sends")
    if facts.state == RUNNING and Name.UNREACHABLE in facts.alarmed:
        said.append(f"it does not report; that was raised at {clock(facts.alarmed[Name.UNREACHABLE], now)}")
    return tuple(said)


def _how_long(until: datetime | None, pid: int | None, now: datetime) -> str:
    return f"until {clock(until, now)}" if until else f"while process {pid} runs"


def _deadline(said: Mapping[str, Any]) -> Deadline:
    return Deadline(
        name=Name(said["name"]),
        at=instant("deadline.at", said["at"]),
        act=Act(said["act"]),
        why=str(said["why"]),
        waits=bool(said["waits"]),
    )
