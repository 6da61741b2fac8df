"""What an environment is told about itself, and what it says; see `schemas` for the units."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from terraspawner.domain.access import Role
from terraspawner.domain.activity import Claim, Kind, Report, shown
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


_RESTS = frozenset({"idle", "dead"})
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


class JobIn(Said):
    kind: Literal["terminal", "process"]
    what: Text = Field(description="its command line, shortened")
    pid: int = Field(ge=1, le=2**31 - 1)
    seconds: float = Field(default=0, ge=0, le=10**9, description="for how long it has run")


class ActivityIn(Said):
    kernels: list[KernelIn] = Field(max_length=200)
    terminals: int = Field(default=0, ge=0, le=1_000_000)
    memory: MemoryIn | None = None
    trees: list[TreeIn] | None = Field(
        default=None, max_length=100, description="git folders with work that is nowhere else; null: not looked yet"
    )
    human: float | None = Field(
        default=None,
        ge=0,
        le=10**9,
        description="seconds since the last human input in a visible page; null: none since the server started; left"
        " out: this image does not hear it",
    )
    jobs: list[JobIn] = Field(
        default=[],
        max_length=200,
        description="what has the foreground of a terminal, and what takes CPU beside kernels and server",
    )

    @property
    def report(self) -> Report:
        """What is said of work and of its person."""
        kernels = [
            Claim(kind=Kind.KERNEL, what=shown(kernel.path or "a kernel without a notebook"))
            for kernel in self.kernels
            if kernel.state not in _RESTS  # what is not known to rest works
        ]
        jobs = [Claim(kind=Kind(job.kind), what=shown(job.what), pid=job.pid) for job in self.jobs]
        human = None if self.human is None else timedelta(seconds=self.human)
        return Report(work=(*kernels, *jobs), human=human, hears_humans="human" in self.model_fields_set)


class PendingIn(Said):
    path: Text
    since: Text
    error: Text | None = None


class OutboxIn(Said):
    pending: list[PendingIn] = Field(max_length=10_000)


class CallsOut(BaseModel):
    seen: int = Field(description="how often this environment was called, since the service began")
