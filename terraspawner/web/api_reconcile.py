"""REST for operators: what database, Hub and Docker contradict each other in, and to have it put right."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from terraspawner.domain.access import Action
from terraspawner.domain.reconcile import Act
from terraspawner.web.callers import AnOperator, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.reconciler import Finding
from terraspawner.web.schemas import In

router = APIRouter(tags=["operating"])


class ReconcileIn(In):
    dry_run: bool = Field(default=True, description="look, and do nothing")


class FindingOut(BaseModel):
    act: Act = Field(description="what follows; `report`: nothing by itself, somebody has to look")
    object: str = Field(description="environment, container or disk, a colon, its id")
    found: str = Field(description="what each of the three says")
    why: str

    @classmethod
    def of(cls, finding: Finding) -> FindingOut:
        return cls(act=finding.act, object=finding.subject, found=finding.said, why=finding.why)


class ReconcileOut(BaseModel):
    dry_run: bool
    items: list[FindingOut] = Field(description="empty where all three agree; what is on its way is among them")


@router.post("/reconcile", responses=for_person(413, 422), openapi_extra=PERSON)
@needs(Action.RECONCILE)
async def reconcile(parts: TheParts, operator: AnOperator, wanted: ReconcileIn) -> ReconcileOut:  # noqa: ARG001 - the guard
    """Compare our rows with the Hub and Docker. With `dry_run` false what is found twice is put right at once; the
    service does so by itself every minute. For operators."""
    reconciler = parts.worker.reconciler
    found = await (reconciler.look() if wanted.dry_run else reconciler.act_now())
    if not wanted.dry_run:
        parts.worker.wake()
    return ReconcileOut(dry_run=wanted.dry_run, items=[FindingOut.of(each) for each in found])
