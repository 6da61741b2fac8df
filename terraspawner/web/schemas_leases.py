"""What REST tells of a lease. The fence is told to its holder alone, and no container is told a time to count by."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from terraspawner.domain.lease import Editor, LeaseState, end_of_holding, seconds_left, state_of
from terraspawner.operations.leases import LeaseSight


class LeaseHolderOut(BaseModel):
    user: str
    session: str
    is_you: bool = Field(description="the same person as the caller")
    is_here: bool = Field(description="of the caller's own environment: another of its tabs, or this one")


class LeaseRequestOut(BaseModel):
    user: str
    at: datetime
    declined: bool = Field(description="the holder said no")


class LeaseCountdownOut(BaseModel):
    """An owner of the workspace takes it over."""

    by: str
    at: datetime
    seconds_left: int


class LeaseOut(BaseModel):
    notebook: str
    state: LeaseState = Field(description="`expired`: it ran out and nobody took it; its holder may go on")
    holder: LeaseHolderOut | None = Field(description="null while nobody has it")
    reserved_for: str | None = Field(description="nobody else is granted it for now")
    since: datetime | None
    expires_at: datetime | None = Field(description="unless it is renewed before")
    seconds_left: int = Field(description="to count by, whatever the caller's clock says")
    fence: int | None = Field(description="goes with each save; told to the holder alone")
    requests: list[LeaseRequestOut]
    takeover: LeaseCountdownOut | None

    @classmethod
    def of(cls, sight: LeaseSight, asks: Editor) -> LeaseOut:
        """As `asks` is told it."""
        lease, now = sight.lease, sight.now
        return cls(
            notebook=lease.path,
            state=state_of(lease, now),
            holder=_holder(lease.holder, asks) if lease.holder else None,
            reserved_for=lease.reservation.user if lease.reservation else None,
            since=lease.since,
            expires_at=lease.reservation.until if lease.reservation else end_of_holding(lease),
            seconds_left=seconds_left(lease, now),
            fence=lease.fence if lease.holder == asks else None,
            requests=[
                LeaseRequestOut(user=each.user, at=each.at, declined=each.declined_at is not None)
                for each in lease.requests
            ],
            takeover=_takeover(sight),
        )


def _holder(holder: Editor, asks: Editor) -> LeaseHolderOut:
    is_you = holder.user == asks.user
    return LeaseHolderOut(
        user=holder.user,
        session=holder.session,
        is_you=is_you,
        is_here=is_you and holder.environment == asks.environment,
    )


def _takeover(sight: LeaseSight) -> LeaseCountdownOut | None:
    countdown = sight.lease.countdown
    if countdown is None:
        return None
    left = max(0, int((countdown.at - sight.now).total_seconds()))
    return LeaseCountdownOut(by=countdown.by, at=countdown.at, seconds_left=left)
