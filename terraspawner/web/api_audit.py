"""REST: the audit (B7)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from terraspawner.db.audit_records import Filter
from terraspawner.domain.access import Action
from terraspawner.operations import audit
from terraspawner.operations.audit import Entry
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.moments import From, To
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.schemas import ListOut

router = APIRouter(tags=["audit"])
Word = Annotated[str, Query(max_length=300)]


class AuditOut(BaseModel):
    at: datetime
    actor: str = Field(description="an account; or in parentheses who did it by rule: hub, service, reconciler, ...")
    action: str
    subject: str = Field(description="kind, a colon, its name or id")
    old_state: str | None = Field(description="null where no state changed")
    new_state: str | None
    reason: str
    request: str | None = Field(description="number of the request that asked for it, its answer's `X-Request-ID`")
    person: str | None = Field(description="whose it is")
    project: str | None
    workspace: str | None = Field(description="its project, a slash, its name")
    details: dict[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> AuditOut:
        return cls(
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            old_state=entry.old_state or None,
            new_state=entry.new_state or None,
            reason=entry.reason,
            request=entry.request or None,
            person=entry.person or None,
            project=entry.project or None,
            workspace=entry.workspace or None,
            details=dict(entry.details),
        )


async def _wanted(
    *,
    actor: Word = "",
    action: Word = "",
    object: Word = "",  # noqa: A002 - the contract's word
    project: Word = "",
    workspace: Annotated[str, Query(max_length=300, description="project, a slash, name")] = "",
    begin: From = None,
    end: To = None,
    cursor: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> Filter:
    return Filter(
        actor=actor, action=action, subject=object, project=project, workspace=workspace, begin=begin, end=end,
        before=cursor,
    )  # fmt: skip


@router.get("/audit", responses=for_person(422), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def read_audit(
    parts: TheParts, person: APerson, wanted: Annotated[Filter, Depends(_wanted)]
) -> ListOut[AuditOut]:
    """Who did what to what, when and why; the newest first. Operators see all; others what they did, what was done to
    what is theirs, and what was done in billing projects and workspaces that they own."""
    is_operator = person.account.is_operator
    found = await parts.deeds(audit.entries, user=person.name, is_operator=is_operator, wanted=wanted)
    return ListOut(items=[AuditOut.of(entry) for entry in found], next=audit.next_page(found))
