"""When an environment pauses and starts by itself: its person's word, the workspace's default, the deployment's bounds.

Each value of a `Policy` says from which level it comes, and where the bounds cut it, why. A level can say nothing (the
next one counts) or `OFF`. What is inside the bounds when it is said may be outside later, when an operator lowers them:
then it is cut at reading, and what was said stays, for the day on which they are raised again.

An autostart is one's own alone: an owner of a workspace who could say it for all would run other people's environments,
at a cost, in their names. In quiet hours nothing starts by itself: they are the hours in which its person is away, and
every rule that would call for the person keeps still in them. A daily stop is no call, so it is done in them too.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final, Generic, TypeVar

from terraspawner.domain.bounds import (
    AtIdle,
    Bounds,
    Range,
    dormancy_range,
    idle_range,
    may_autostart,
    no_autostart,
)
from terraspawner.domain.durations import said
from terraspawner.domain.schedule import Day, QuietHours, Schedule, quiet_hours_of, schedule_of
from terraspawner.errors import Refused

T = TypeVar("T")


class Off(enum.Enum):
    OFF = "off"

    def __str__(self) -> str:
        return "off"


OFF: Final = Off.OFF


class Level(enum.StrEnum):
    DEPLOYMENT = "deployment"
    WORKSPACE = "workspace"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyStop:
    """`force`: what is busy is not waited for."""

    schedule: Schedule
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What one level says; None is nothing. `idle` and `dormancy` in seconds."""

    idle: int | Off | None = None
    at_idle: AtIdle | None = None
    dormancy: int | Off | None = None
    daily_stop: DailyStop | Off | None = None
    quiet_hours: QuietHours | Off | None = None
    autostart: Schedule | Off | None = None

    def changed(self, change: Mapping[str, object]) -> Rules:
        """With these values instead; None takes back what was said."""
        return replace(self, **change)  # type: ignore[arg-type]

    def as_json(self) -> dict[str, object]:
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: as_json(value) for name, value in said.items() if value is not None}

    @classmethod
    def from_json(cls, said: Mapping[str, object]) -> Rules:
        return cls(**{name: _read(name, value) for name, value in said.items()})  # type: ignore[arg-type]


NOTHING = Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Value(Generic[T]):
    """`note` says why it is not what its level said; empty where it is."""

    value: T
    level: Level
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What holds for one environment. None is off; seconds."""

    idle: Value[int | None]
    at_idle: Value[AtIdle]
    busy_cap: Value[int]
    grace: Value[int]
    frozen_most: Value[int]
    age_most: Value[int | None]
    age_force: Value[bool]
    dormancy: Value[int | None]
    daily_stop: Value[DailyStop | None]
    quiet_hours: Value[QuietHours | None]
    autostart: Value[Schedule | None]


def effective(bounds: Bounds, workspace: Rules, own: Rules, *, is_owner: bool) -> Policy:
    """The levels in one. `is_owner`: its person owns the workspace."""
    ground = Level.DEPLOYMENT
    quiet = _highest(own.quiet_hours, workspace.quiet_hours)
    return Policy(
        idle=_cut(idle_range(bounds), _highest(own.idle, workspace.idle)),
        at_idle=_on(_highest(*_at_idle(bounds, own, workspace)), bounds.at_idle),
        busy_cap=Value(value=bounds.busy_cap, level=ground),
        grace=Value(value=bounds.grace, level=ground),
        frozen_most=Value(value=bounds.frozen_most, level=ground),
        age_most=Value(value=bounds.age_most or None, level=ground),
        age_force=Value(value=bounds.age_force, level=ground),
        dormancy=_cut(dormancy_range(bounds), _highest(own.dormancy, workspace.dormancy)),
        daily_stop=_on(_highest(own.daily_stop, workspace.daily_stop), None),
        quiet_hours=_on(quiet, None),
        autostart=_autostart(bounds, own.autostart, is_owner=is_owner),
    )


def check(bounds: Bounds, change: Mapping[str, object], *, level: Level, is_owner: bool) -> None:
    """Raises `Refused`, with the field and its bound, unless `change` may be said at this level now."""
    unknown = set(change) - {each.name for each in fields(Rules)}
    if unknown:
        raise Refused(f"A policy has no {', '.join(sorted(unknown))}.", field=f"policy.{min(unknown)}")
    idle, dormancy = change.get("idle"), change.get("dormancy")
    _check_at_idle(bounds, change.get("at_idle"))
    _check_span("idle", idle, idle_range(bounds), "pauses everything that is idle for long", "without use")
    if bounds.dormancy:
        always = "puts everything into the trash that is paused for long"
        _check_span("dormancy", dormancy, dormancy_range(bounds), always, "paused")
    elif isinstance(dormancy, int):
        raise Refused("This deployment puts nothing into the trash by itself.", field="policy.dormancy")
    if isinstance(change.get("autostart"), Schedule):
        if level is not Level.OWN:
            raise Refused(
                "A workspace has no autostart: each person says it for the own environment.", field="policy.autostart"
            )
        if not may_autostart(bounds, is_owner=is_owner):
            raise Refused(no_autostart(bounds), field="policy.autostart", allowed=str(bounds.autostart))


def _check_at_idle(bounds: Bounds, wanted: object) -> None:
    if wanted is not None and bounds.at_idle is AtIdle.DESTROY:
        raise Refused(
            "An environment of a drive workspace keeps nothing: without use it is stopped and destroyed.",
            field="policy.at_idle",
        )
    if wanted is AtIdle.DESTROY:
        raise Refused("What is idle is frozen and then paused, or paused: choose one of them.", field="policy.at_idle")


def _check_span(name: str, wanted: object, bounds: Range, always: str, what: str) -> None:
    details = {"field": f"policy.{name}", "least": bounds.least, "most": bounds.most}
    if wanted is OFF and not bounds.may_be_off:
        raise Refused(f"This deployment {always}: choose at most {said(bounds.most)}.", **details)
    if isinstance(wanted, int) and not bounds.least <= wanted <= bounds.most:
        raise Refused(
            f"{said(wanted)} {what} is outside of what this deployment allows: from {said(bounds.least)} to"
            f" {said(bounds.most)}.",
            **details,
        )


def _highest(own: T | Off | None, workspace: T | Off | None) -> tuple[T | Off | None, Level]:
    if own is not None:
        return own, Level.OWN
    return workspace, Level.WORKSPACE if workspace is not None else Level.DEPLOYMENT


def _at_idle(bounds: Bounds, own: Rules, workspace: Rules) -> tuple[AtIdle | None, AtIdle | None]:
    return (None, None) if bounds.at_idle is AtIdle.DESTROY else (own.at_idle, workspace.at_idle)


def _on(found: tuple[T | Off | None, Level], ground: T) -> Value[T]:
    """What is said, with `OFF` as the ground's None."""
    chosen, level = found
    if chosen is None:
        return Value(value=ground, level=Level.DEPLOYMENT)
    return Value(value=None if isinstance(chosen, Off) else chosen, level=level)  # type: ignore[arg-type]


def _cut(bounds: Range, found: tuple[int | Off | None, Level]) -> Value[int | None]:
    chosen, level = found
    if chosen is None or not bounds.ground:
        return Value(value=bounds.ground or None, level=Level.DEPLOYMENT)
    if isinstance(chosen, Off):
        if bounds.may_be_off:
            return Value(value=None, level=level)
        note = f"It was turned off, which this deployment does not allow any more: {said(bounds.most)} is the most."
        return Value(value=bounds.most, level=level, note=note)
    cut = min(max(chosen, bounds.least), bounds.most)
    note = (
        f"{said(chosen)} is outside of what this deployment allows now, so {said(cut)} counts." if cut != chosen else ""
    )
    return Value(value=cut, level=level, note=note)


def _autostart(bounds: Bounds, own: Schedule | Off | None, *, is_owner: bool) -> Value[Schedule | None]:
    if isinstance(own, Schedule) and not may_autostart(bounds, is_owner=is_owner):
        return Value(value=None, level=Level.OWN, note=no_autostart(bounds))
    return _on((own, Level.OWN), None)


# --- as it is kept ---


def as_json(value: object) -> object:
    """A value as JSON has it; numbers and None as they are."""
    if isinstance(value, DailyStop):
        return {**_schedule_json(value.schedule), "force": value.force}
    if isinstance(value, QuietHours):
        return {"start": f"{value.start:%H:%M}", "end": f"{value.end:%H:%M}", **_where(value)}
    if isinstance(value, Schedule):
        return _schedule_json(value)
    return str(value) if isinstance(value, Off | AtIdle) else value


def _schedule_json(schedule: Schedule) -> dict[str, object]:
    return {"at": f"{schedule.at:%H:%M}", **_where(schedule)}


def _where(item: Schedule | QuietHours) -> dict[str, object]:
    return {"zone": item.zone, "days": [str(day) for day in Day if day in item.days]}


def _read(name: str, value: object) -> object:
    return read(name, value) if isinstance(value, dict) else OFF if value == "off" else _plain(name, value)


def _plain(name: str, value: object) -> object:
    return AtIdle(str(value)) if name == "at_idle" else value


def read(name: str, value: Mapping[str, object]) -> DailyStop | QuietHours | Schedule:
    """An object as JSON says it, of the right kinds. Raises `Refused`."""
    field = f"policy.{name}"
    said_here = {key: each for key, each in value.items() if key != "force"}
    if name == "quiet_hours":
        return quiet_hours_of(field, **said_here)  # type: ignore[arg-type]
    schedule = schedule_of(field, **said_here)  # type: ignore[arg-type]
    return DailyStop(schedule=schedule, force=bool(value.get("force"))) if name == "daily_stop" else schedule
