"""Policies as REST takes and tells them; see `schemas` for the units."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from terraspawner.domain import policy, schedule
from terraspawner.domain.bounds import AtIdle
from terraspawner.domain.policy import OFF, Level, Value
from terraspawner.domain.schedule import Day
from terraspawner.operations.policies import Plan
from terraspawner.web.schemas import In

T = TypeVar("T")
Short = Annotated[str, Field(max_length=100)]
Days = Annotated[list[Day], Field(max_length=7)]
OffIn = Literal["off"]


class ScheduleIn(In):
    at: Short = Field(description="local time of day", examples=["19:00"])
    zone: Short = Field(description="a zone of the IANA database", examples=["Europe/Berlin"])
    days: Days = Field(default=list(Day), description="left out, every day")


class DailyStopIn(ScheduleIn):
    force: bool = Field(default=False, description="without waiting for what is busy")


class QuietHoursIn(In):
    start: Short = Field(examples=["22:00"])
    end: Short = Field(description="on the next day where it is not later than `start`", examples=["07:00"])
    zone: Short
    days: Days = Field(default=list(Day), description="on which they begin; left out, every day")


class DefaultPolicyIn(In):
    """What is left out stays as it is; null takes back what was said at this level, `off` says that there is none."""

    idle: Annotated[int, Field(ge=0, le=2**31)] | OffIn | None = Field(
        default=None, description="seconds without human input and without work after which it is stopped"
    )
    at_idle: AtIdle | None = Field(default=None, description="what happens then")
    dormancy: Annotated[int, Field(ge=0, le=2**31)] | OffIn | None = Field(
        default=None, description="seconds paused after which it goes into the trash with its disk"
    )
    daily_stop: DailyStopIn | OffIn | None = Field(
        default=None, description="it is paused then; what is busy is waited for, unless `force`"
    )
    quiet_hours: QuietHoursIn | OffIn | None = Field(default=None, description="in them nothing starts by itself")

    def change(self) -> dict[str, object]:
        """What is said, as the domain has it. Raises `Refused`."""
        return {name: _value(name, getattr(self, name)) for name in sorted(self.model_fields_set)}


class PolicyIn(DefaultPolicyIn):
    autostart: ScheduleIn | OffIn | None = Field(default=None, description="it is started then, where it is paused")


class ScheduleOut(BaseModel):
    at: str
    zone: str
    days: list[Day]


class DailyStopOut(ScheduleOut):
    force: bool


class QuietHoursOut(BaseModel):
    start: str
    end: str
    zone: str
    days: list[Day]


class ValueOut(BaseModel, Generic[T]):
    value: T = Field(description="null: off")
    level: Level = Field(description="who says so: the deployment, the workspace's owners, or the person")
    note: str = Field(description="why it is not what was said at that level; empty where it is")


class PolicyOut(BaseModel):
    """What holds, and who says so."""

    idle: ValueOut[int | None]
    at_idle: ValueOut[AtIdle]
    busy_cap: ValueOut[int]
    grace: ValueOut[int]
    frozen_most: ValueOut[int]
    age_most: ValueOut[int | None]
    age_force: ValueOut[bool]
    dormancy: ValueOut[int | None]
    daily_stop: ValueOut[DailyStopOut | None]
    quiet_hours: ValueOut[QuietHoursOut | None]
    autostart: ValueOut[ScheduleOut | None]

    @classmethod
    def of(cls, holds: policy.Policy) -> PolicyOut:
        return cls(**{each.name: _told(getattr(holds, each.name)) for each in fields(holds)})


class OutlookOut(BaseModel):
    """What a time of day will do next."""

    stops_at: datetime | None = Field(description="the next daily stop")
    starts_at: datetime | None = Field(description="the next autostart, outside of quiet hours")
    stop_due: datetime | None = Field(description="the daily stop that has come and waits")
    waits: str = Field(description="for what; empty where nothing waits")
    said: list[str] = Field(description="the same in sentences, in the zones of the schedules")

    @classmethod
    def of(cls, plan: Plan) -> OutlookOut:
        here = plan.outlook
        return cls(
            stops_at=here.stops_at, starts_at=here.starts_at, stop_due=here.stop_due, waits=here.waits,
            said=sentences(plan),
        )  # fmt: skip


def sentences(plan: Plan) -> list[str]:
    """What comes, for people: "Stops every weekday at 19:00 Europe/Berlin, next: Mon 23 Nov 19:00."."""
    holds, here, found = plan.policy, plan.outlook, []
    if stop := holds.daily_stop.value:
        default = ", the workspace's default" if holds.daily_stop.level is Level.WORKSPACE else ""
        found.append(f"Stops {stop.schedule}{default}{_next(here.stops_at, stop.schedule.zone)}.")
    if here.stop_due and here.waits:
        zone = stop.schedule.zone if stop else "UTC"
        found.append(f"The stop of {schedule.shown_at(here.stop_due, zone)} has come. {here.waits}")
    if start := holds.autostart.value:
        found.append(f"Starts {start}{_next(here.starts_at, start.zone)}.")
    if (quiet := holds.quiet_hours.value) and start:
        found.append(f"Nothing starts in quiet hours, {quiet}.")
    if holds.autostart.note:
        found.append(holds.autostart.note)
    return found


def _next(at: datetime | None, zone: str) -> str:
    return f", next: {schedule.shown_at(at, zone)}" if at else ""


def _value(name: str, value: object) -> object:
    if value == "off":
        return OFF
    return policy.read(name, value.model_dump(mode="json")) if isinstance(value, BaseModel) else value


def _told(here: Value[Any]) -> Any:
    return {"value": policy.as_json(here.value), "level": here.level, "note": here.note}
