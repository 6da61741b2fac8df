"""One workspace, with what its owners say for all of its environments; see `schemas` for the units."""

from __future__ import annotations

from pydantic import Field, model_validator

from terraspawner.domain.workspace import Membership
from terraspawner.operations.policies import Plan
from terraspawner.web.schemas import In, Text, WorkspaceOut
from terraspawner.web.schemas_policy import DefaultPolicyIn, PolicyOut


class WorkspaceDetailsOut(WorkspaceOut):
    policy: PolicyOut = Field(description="when a new environment of the caller's would pause and start by itself")

    @classmethod
    def with_policy(cls, member: Membership, plan: Plan) -> WorkspaceDetailsOut:
        return cls(**WorkspaceOut.of(member).model_dump(), policy=PolicyOut.of(plan.policy))


class WorkspaceChangeIn(In):
    title: Text | None = Field(
        default=None, description="what people call it; empty takes it away. Name, address and folders stay"
    )
    policy: DefaultPolicyIn | None = Field(
        default=None, description="when environments in it pause, where their persons say nothing else"
    )

    @model_validator(mode="after")
    def _says_something(self) -> WorkspaceChangeIn:
        if self.title is None and self.policy is None:
            raise ValueError("give `title`, `policy` or both")
        return self
