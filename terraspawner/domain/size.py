"""How much of the machine an environment may take, and what an hour of that costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Dollars per hour. Frozen has a price of its own: it keeps its memory and leaves the CPU to everybody else."""

    running: Decimal
    frozen: Decimal
    paused: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """CPU in cores, memory in bytes. An environment keeps all of it as it was when the size was chosen.

    `rates` is None where it was chosen before sizes had prices of their own: the default size's count then.
    """

    cpu: float
    memory: int
    name: str = ""
    rates: Rates | None = None
