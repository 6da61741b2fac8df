"""What holds for one environment, as the rules need it: plain values in seconds, the levels already put together.

The levels, the bounds and who may say what stand in `terraspawner.domain.policy`; what arrives here is their outcome.
Standard library alone: the service decides by the same code as the culler.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import Any, Final


class AtIdle(enum.StrEnum):
    """What happens to what is idle."""

    FREEZE_THEN_PAUSE = "freeze-then-pause"
    PAUSE = "pause"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Seconds. `idle`, `age_most` and `dormancy` may be None: off. The busy cap is never off.

    `grace` is how long an environment stays after work has ended in it, at least; `age_force`: the maximum age waits
    for no work; `dormancy`: so long may it be paused before it goes into the trash; `warn`: so long before a stop its
    person is told.
    """

    idle: int | None = 30 * 60
    at_idle: AtIdle = AtIdle.FREEZE_THEN_PAUSE
    busy_cap: int = 24 * 3600
    grace: int = 30 * 60
    frozen_most: int = 2 * 3600
    age_most: int | None = None
    age_force: bool = False
    dormancy: int | None = 90 * 24 * 3600
    warn: tuple[int, ...] = (600, 300, 60)

    def __post_init__(self) -> None:
        for name in ("idle", "busy_cap", "grace", "frozen_most", "age_most", "dormancy"):
            if not _is_span(getattr(self, name), may_be_off=name in _MAY_BE_OFF):
                raise ValueError(f"policy.{name} is {getattr(self, name)!r}: whole seconds, from 0 to ten years.")
        if not isinstance(self.age_force, bool) or not all(_is_span(each) for each in self.warn):
            raise ValueError("policy.age_force is true or false, and policy.warn has whole seconds.")

    def with_values(self, said: Mapping[str, Any]) -> Policy:
        """This one with other values; "off" is None. Raises `ValueError` for what no policy has."""
        unknown = set(said) - {each.name for each in fields(self)}
        if unknown:
            raise ValueError(f"A policy has no {', '.join(sorted(unknown))}: it has {', '.join(sorted(NAMES))}.")
        return replace(self, **{name: _read(name, value) for name, value in said.items()})

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "at_idle": str(self.at_idle), "warn": list(self.warn)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Policy:
        """Names that this version does not know are let be: the service may be newer."""
        return cls().with_values({name: value for name, value in said.items() if name in NAMES})


MOST: Final = 10 * 366 * 24 * 3600
"""No rule is for longer than ten years, so that no sum of an instant and a rule is past the calendar."""

_MAY_BE_OFF: Final = ("idle", "age_most", "dormancy")
NAMES: Final = frozenset(each.name for each in fields(Policy))


def span(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def _read(name: str, value: Any) -> Any:
    if name in _MAY_BE_OFF and value == "off":
        return None
    if name == "at_idle":
        return AtIdle(value)
    return tuple(value) if name == "warn" else value


def _is_span(value: object, *, may_be_off: bool = False) -> bool:
    if value is None:
        return may_be_off
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


EBRAINS: Final = Policy(idle=12 * 3600, at_idle=AtIdle.DESTROY, dormancy=None)
"""Twelve hours without interaction, then it is stopped and destroyed, for good: what its users know."""
