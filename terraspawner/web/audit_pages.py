"""Page: the audit, with filters. A form that is sent by GET: its address can be kept, and it works without scripts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from terraspawner.db.audit_records import Filter
from terraspawner.domain.access import Action
from terraspawner.errors import Refused
from terraspawner.operations import audit
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.moments import begin_of, day, end_of

router = APIRouter(include_in_schema=False)
Word = Annotated[str, Query(max_length=300)]
Day = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The fields of the form, as they were filled in."""

    actor: str = ""
    action: str = ""
    object: str = ""
    project: str = ""
    workspace: str = ""
    first: str = ""
    last: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(asdict(self).values())

    def filter(self, before: int | None) -> Filter:
        """Raises `Refused` for what is no day."""
        return Filter(
            actor=self.actor, action=self.action, subject=self.object, project=self.project, workspace=self.workspace,
            begin=begin_of(day(self.first)), end=end_of(day(self.last)), before=before,
        )  # fmt: skip

    def query(self, **more: str) -> str:
        """As it stands in an address."""
        return urlencode({name: value for name, value in {**asdict(self), **more}.items() if value})


async def _wanted(
    actor: Word = "",
    action: Word = "",
    object: Word = "",  # noqa: A002 - as in REST
    project: Word = "",
    workspace: Word = "",
    first: Day = "",
    last: Day = "",
) -> Wanted:
    fields = (actor, action, object, project, workspace, first, last)
    return Wanted(**dict(zip(Wanted.__dataclass_fields__, (field.strip() for field in fields), strict=True)))


@router.get("/audit")
@needs(Action.ABOUT_ONESELF)
async def show(
    parts: TheParts,
    person: APerson,
    wanted: Annotated[Wanted, Depends(_wanted)],
    cursor: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> Response:
    """What was done, the newest first."""
    is_operator, fault, found = person.account.is_operator, "", []
    try:
        asked = wanted.filter(cursor)
    except Refused as error:
        fault = error.message
    else:
        found = await parts.deeds(audit.entries, user=person.name, is_operator=is_operator, wanted=asked)
    return parts.pages.page(
        "audit.html", person, status=422 if fault else 200, wanted=wanted, entries=found, fault=fault, cursor=cursor,
        following=audit.next_page(found), actions=audit.ACTIONS,
    )  # fmt: skip
