"""What an environment and its disk cost. Dollars, as decimals; a month has 730 hours."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from terraspawner.domain.environment import State

HOURS_PER_MONTH = Decimal(730)
PRICED_DISK_BYTES = 50 * 1024**3
"""The disk size that the price list names: $2.00 a month for 50 GB (seeds 000 and 002)."""

_RUNS = frozenset({State.CREATING, State.STARTING, State.RUNNING, State.FREEZING, State.PAUSING})
_KEEPS_CONTAINER = frozenset({State.PAUSED, State.TRASHED})
"""A container that does nothing takes room, in the trash as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """`running`, `frozen` and `paused` per hour; `disk` per month for 50 GiB.

    Frozen has a price of its own between the two: it keeps its memory from everybody else and leaves them the CPU.
    """

    running: Decimal
    frozen: Decimal
    paused: Decimal
    disk: Decimal


def per_hour(prices: Prices, state: State, *, waits_for_turn: bool = False) -> Decimal:
    """Price per hour of an environment in `state`, without its disk. One that waits for its turn takes nothing yet."""
    if waits_for_turn:
        return prices.paused
    if state in _RUNS:
        return prices.running
    if state is State.FROZEN:
        return prices.frozen
    return prices.paused if state in _KEEPS_CONTAINER else Decimal(0)


def per_month(prices: Prices, hourly: Decimal, disk_bytes: int) -> Decimal:
    """What a month costs that goes on as now, disk included."""
    return (hourly * HOURS_PER_MONTH).quantize(Decimal("0.01")) + disk_per_month(prices, disk_bytes)


def disk_per_month(prices: Prices, size_bytes: int) -> Decimal:
    """Price per month of a disk, in proportion to its size."""
    return (prices.disk * size_bytes / PRICED_DISK_BYTES).quantize(Decimal("0.01"))


def disk_per_hour(prices: Prices, size_bytes: int) -> Decimal:
    return (prices.disk * size_bytes / PRICED_DISK_BYTES / HOURS_PER_MONTH).quantize(Decimal("0.000001"))
