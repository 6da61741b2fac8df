"""What stops environments, as REST tells and takes it; see `schemas` for the units."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from culler.deadlines import Act, Name
from culler.decision import Decision
from terraspawner.db.decision_records import Record
from terraspawner.errors import Refused
from terraspawner.operations.stops import Stop
from terraspawner.web.schemas import In, Text


class DeadlineOut(BaseModel):
    """One rule that will act."""

    name: Name
    at: datetime
    act: Act
    why: str
    waits: bool = Field(description="for work, or as it is kept alive: `at` is when the waiting ends at the latest")


class DecisionOut(BaseModel):
    """What is to be done now; with `keep` what comes next."""

    act: Act = Field(description="`keep` while all lies ahead")
    at: datetime | None = Field(description="null: nothing comes")
    name: Name | None
    why: str
    deadlines: list[DeadlineOut]
    guards: list[str] = Field(description="what holds stops off")

    @classmethod
    def of(cls, decision: Decision) -> DecisionOut:
        return cls.model_validate(decision.as_json())


class WorkOut(BaseModel):
    """Something that works, as the environment itself says; a claim. `since` is when it was first heard of."""

    kind: str
    what: str
    since: datetime
    pid: int | None


class KeepAliveOut(BaseModel):
    until: datetime | None = Field(description="null: while the process works")
    pid: int | None


class NextStopOut(DecisionOut):
    """What will stop it, by the very rule that the culler acts by."""

    is_carried_out: bool = Field(description="the culler is there; false: nothing of this happens until it is")
    reports: str = Field(description="whether it says what it does: `known`, `silent`, or `none`, as in other images")
    human_at: datetime = Field(description="the last human input; a start and a wake are one")
    work: list[WorkOut]
    keep_alive: KeepAliveOut | None

    @classmethod
    def told(cls, stop: Stop) -> NextStopOut:
        held = stop.keep_alive
        return cls.model_validate(
            {
                **stop.decision.as_json(),
                "is_carried_out": stop.is_carried_out,
                "reports": str(stop.reports),
                "human_at": stop.human_at,
                "work": [each.as_json() for each in stop.work],
                "keep_alive": {"until": held.until, "pid": held.pid} if held else None,
            }
        )


class RecordOut(BaseModel):
    """A stop that was decided, or an alarm, and why."""

    at: datetime
    decision: DecisionOut

    @classmethod
    def of(cls, record: Record) -> RecordOut:
        return cls(at=record.at, decision=DecisionOut.model_validate(record.decision))


class WholeRecordOut(BaseModel):
    """The same with all that it was decided by."""

    id: int
    environment: str
    at: datetime
    who: str
    facts: dict[str, Any] = Field(description="as `GET /environments/facts` has them")
    decision: DecisionOut

    @classmethod
    def whole(cls, record: Record) -> WholeRecordOut:
        return cls(
            id=record.id, environment=record.environment_id, at=record.at, who=record.who, facts=dict(record.facts),
            decision=DecisionOut.model_validate(record.decision),
        )  # fmt: skip


class KeepAliveIn(In):
    """Either of them."""

    seconds: int | None = Field(default=None, ge=0, le=2**31, description="from now on")
    pid: int | None = Field(default=None, ge=1, le=2**31 - 1, description="of its work: while that process works")

    @model_validator(mode="after")
    def _says_one(self) -> KeepAliveIn:
        if (self.seconds is None) == (self.pid is None):
            raise ValueError("give `seconds` or `pid`, and not both")
        return self


class DeadlineIn(In):
    name: Name
    at: AwareDatetime
    act: Act
    why: Text
    waits: bool


class GivenDecisionIn(In):
    act: Act
    at: AwareDatetime | None
    name: Name | None
    why: Text
    deadlines: list[DeadlineIn] = Field(max_length=20)
    guards: list[Text] = Field(max_length=20)


class DecidedIn(In):
    """What the culler decided over facts of this revision."""

    revision: int = Field(ge=0, le=2**62)
    decision: GivenDecisionIn

    @property
    def given(self) -> Decision:
        """Raises `Refused`."""
        try:
            return Decision.from_json(self.decision.model_dump(mode="json"))
        except ValueError as error:
            raise Refused(str(error)) from error


class TakenOut(BaseModel):
    """What is done now, or on its way."""

    decision: DecisionOut


class ReportedOut(BaseModel):
    """What an environment hears when it has reported."""

    now: datetime = Field(description="by the clock of the service, as all times in this")
    next_stop: DecisionOut | None = Field(description="null where nobody would carry it out")
    warn: list[int] = Field(description="so many seconds before a stop its person is told")
