"""REST for operators: where buckets are, and what is known of that store."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from terraspawner.domain.access import Action
from terraspawner.web.callers import AnOperator, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.store_watch import StoreWatch

router = APIRouter(tags=["operating"])


class StoreOut(BaseModel):
    kind: str = Field(description="`file`, `memory`, `s3`, `az` or `gs`")
    address: str
    endpoint: str = Field(description="empty for the cloud's own")
    conditions: str = Field(description="how a write is made conditional: `quoted`, `unquoted`, `none`; empty: unknown")
    keeps_versions: bool | None = Field(description="whether the store itself keeps what is written over")
    problem: str = Field(description="why it cannot be used as things are; empty: it can")
    warning: str = Field(description="what is promised less than by another store; empty: nothing")
    looked_at: datetime

    @classmethod
    def of(cls, watch: StoreWatch) -> StoreOut | None:
        found = watch.facts
        if found is None or watch.looked_at is None:
            return None
        return cls(
            kind=found.kind, address=found.address, endpoint=found.endpoint, conditions=found.conditions,
            keeps_versions=found.keeps_versions, problem=found.problem, warning=found.warning,
            looked_at=watch.looked_at,
        )  # fmt: skip


@router.get("/store", responses=for_person(), openapi_extra=PERSON)
@needs(Action.SEE_STORE)
async def store(parts: TheParts, operator: AnOperator) -> StoreOut | None:  # noqa: ARG001 - the guard
    """What the last look at it found, a minute ago at most; null before the first look has ended. For operators."""
    return StoreOut.of(parts.store)
