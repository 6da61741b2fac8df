"""The steps of a start, in words and with their times, and who of those that wait starts next.

A step is open until the next one begins. What is written down belongs to one start and is overwritten by the next.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime


class StepName(enum.StrEnum):
    CHECK = "check"
    QUEUE = "queue"
    DISK = "disk"
    CONTAINER = "container"
    START = "start"
    WAKE = "wake"
    SCRIPT = "script"
    ANSWER = "answer"
    READY = "ready"


MESSAGES: Mapping[StepName, str] = {
    StepName.CHECK: "Checking your workspace",
    StepName.QUEUE: "Waiting for its turn",
    StepName.DISK: "Making the disk ready",
    StepName.CONTAINER: "Creating the container",
    StepName.START: "Starting the container",
    StepName.WAKE: "Waking the environment",
    StepName.SCRIPT: "Running the startup script",
    StepName.ANSWER: "Waiting for JupyterLab to answer",
    StepName.READY: "Ready",
}
PERCENT: Mapping[StepName, int] = {
    StepName.CHECK: 5,
    StepName.QUEUE: 10,
    StepName.DISK: 20,
    StepName.CONTAINER: 25,
    StepName.START: 40,
    StepName.WAKE: 40,
    StepName.SCRIPT: 50,
    StepName.ANSWER: 60,
    StepName.READY: 95,
}
"""For the Hub's own page, which has a bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`ended_at` is None while it lasts."""

    name: StepName
    message: str
    started_at: datetime
    ended_at: datetime | None = None

    def as_json(self) -> dict[str, str | None]:
        return {
            "name": str(self.name),
            "message": self.message,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, str | None]) -> Step:
        ended_at = value["ended_at"]
        return cls(
            name=StepName(value["name"] or ""),
            message=value["message"] or "",
            started_at=datetime.fromisoformat(value["started_at"] or ""),
            ended_at=datetime.fromisoformat(ended_at) if ended_at else None,
        )


Steps = tuple[Step, ...]


def begun(steps: Steps, name: StepName, now: datetime, message: str = "") -> Steps:
    """`steps` with `name` under way. The same step again has new words and keeps its time."""
    words = message or MESSAGES[name]
    if steps and steps[-1].name is name and steps[-1].ended_at is None:
        return (*steps[:-1], replace(steps[-1], message=words))
    return (*ended(steps, now), Step(name=name, message=words, started_at=now))


def ended(steps: Steps, now: datetime) -> Steps:
    """`steps` with none under way. Words such as "two are before it" were true while it lasted."""
    return tuple(step if step.ended_at else replace(step, ended_at=now, message=MESSAGES[step.name]) for step in steps)


def under_way(steps: Steps) -> Step | None:
    """The step that lasts now."""
    return steps[-1] if steps and steps[-1].ended_at is None else None


def waiting_words(ahead: int) -> str:
    """What is said to one who waits for `ahead` others."""
    if ahead == 0:
        return "Waiting for its turn: it is the next one"
    return f"Waiting for its turn: {ahead} other {'start is' if ahead == 1 else 'starts are'} before it"


def in_turn(waiting: Sequence[str], starting: Iterable[str], served: Sequence[str] = ()) -> list[int]:
    """Positions in `waiting` (people, oldest first) in the order in which they start.

    Whoever has fewest under way and before him in the queue comes first, so that twenty starts of one person do not
    keep another one waiting; among equals whose last turn is longest ago (`served`, oldest first), then the oldest.
    """
    counts = Counter(starting)
    last = {person: place for place, person in enumerate(served)}
    ranks = []
    for position, person in enumerate(waiting):
        ranks.append((counts[person], last.get(person, -1), position))
        counts[person] += 1
    return [position for *_, position in sorted(ranks)]
