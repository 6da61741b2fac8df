"""What those who pay for an environment are told of it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from terraspawner.domain import price
from terraspawner.domain.environment import State
from terraspawner.operations.oversight import Overseen
from terraspawner.web.schemas import In, TagsIn, WorkspaceRef


class OverseenChangeIn(In):
    """What can be changed of an environment that one pays for."""

    tags: TagsIn


class OverseenOut(BaseModel):
    """What it is and what it costs: not what runs in it, which is its user's alone to see."""

    id: str
    user: str
    workspace: WorkspaceRef
    state: State
    since: datetime
    cpu: float = Field(description="cores")
    memory: int
    disk_size: int
    now_per_hour: float = Field(description="dollars, in the present state, without the disk")
    disk_per_month: float = Field(description="dollars, of its disks together")
    tags: dict[str, str] = Field(description="those that were set")

    @classmethod
    def of(cls, found: Overseen) -> OverseenOut:
        here = found.environment
        now = price.per_hour(found.prices, here.state, waits_for_turn=here.waits_for_turn)
        return cls(
            id=here.id,
            user=here.user,
            workspace=WorkspaceRef.of(found.workspace),
            state=here.state,
            since=here.since,
            cpu=here.size.cpu,
            memory=here.size.memory,
            disk_size=found.disk.size,
            now_per_hour=float(now),
            disk_per_month=float(price.disk_per_month(found.prices, found.disk_bytes)),
            tags=dict(found.tags),
        )
