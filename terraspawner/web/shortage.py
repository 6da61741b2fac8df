"""What the page says when something was ended because the environment reached its memory limit (FEATURES.md C15).

That it happened is the environment's claim; the limit told is our own row's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from terraspawner.web.rendering import show_bytes
from terraspawner.web.schemas_environment import EnvironmentOut

WHAT_TO_DO = (
    "Work on less data at a time, delete variables that you no longer need, and shut down kernels that you do not use."
    " If that is not enough, ask the operator for a larger size."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """`who` was ended at `at`; `lost` says what is lost and what is not."""

    at: datetime
    who: str
    lost: str
    limit: int

    @property
    def what(self) -> str:
        limit = show_bytes(self.limit)
        return f"Out of memory: {self.who} was stopped, because your environment reached its limit of {limit}."


def shortage_of(told: EnvironmentOut) -> Shortage | None:
    """The last one since the environment was started."""
    if told.memory is None or told.memory.last_kill is None:
        return None
    kill = told.memory.last_kill
    path = (kill.path or "").removeprefix(f"{told.workspace.name}/edit/")
    if kill.what == "process":
        who, lost = "a program", "Your files are safe, and your kernels run on."
    else:
        who = f"the kernel of {path}" if path else "a kernel without a notebook"
        lost = "Your files are safe; the variables of that kernel are lost."
    return Shortage(at=kill.at, who=who, lost=lost, limit=told.size.memory)
