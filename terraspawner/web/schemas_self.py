"""What an environment is told about itself, and what it says; see `schemas` for the units."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from terraspawner.domain.access import Role
from terraspawner.domain.environment import State
from terraspawner.operations.identities import Identity
from terraspawner.web.schemas import Text, WorkspaceRef


class SelfOut(BaseModel):
    """What an environment is told about itself."""

    id: str
    state: State
    user: str
    workspace: WorkspaceRef
    role: Role

    @classmethod
    def of(cls, identity: Identity) -> SelfOut:
        return cls(
            id=identity.environment.id,
            state=identity.environment.state,
            user=identity.user,
            workspace=WorkspaceRef.of(identity.workspace),
            role=identity.role,
        )


class Said(BaseModel):
    """What an environment says. Its image may be newer than this service, so what is not known here is passed over."""

    model_config = ConfigDict(extra="ignore")


class KernelIn(Said):
    id: Text
    path: Text | None = None
    state: Text
    last_activity: Text | None = None


Bytes = Annotated[int, Field(ge=0, le=2**53)]


class KillIn(Said):
    at: Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]
    what: Literal["kernel", "process"]
    path: Text | None = None


class MemoryIn(Said):
    limit: Bytes
    used: Bytes
    kills: int = Field(ge=0, le=1_000_000)
    last_kill: KillIn | None = None


class TreeIn(Said):
    path: Text
    changed: int = Field(default=0, ge=0, le=1_000_000, description="files that differ from the last commit")
    unpushed: int = Field(default=0, ge=0, le=1_000_000, description="commits that no remote has")


class ActivityIn(Said):
    kernels: list[KernelIn] = Field(max_length=200)
    terminals: int = Field(default=0, ge=0, le=1_000_000)
    memory: MemoryIn | None = None
    trees: list[TreeIn] | None = Field(
        default=None, max_length=100, description="git folders with work that is nowhere else; null: not looked yet"
    )


class PendingIn(Said):
    path: Text
    since: Text
    error: Text | None = None


class OutboxIn(Said):
    pending: list[PendingIn] = Field(max_length=10_000)
