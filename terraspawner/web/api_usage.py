"""REST: what was used and what it cost, as JSON or CSV (J2)."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from terraspawner.domain.access import Action
from terraspawner.domain.tags import grouped_by
from terraspawner.domain.usage import Account, Amount
from terraspawner.operations import usage
from terraspawner.operations.usage import Used
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.moments import From, To
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.tag_wishes import WantedTags

router = APIRouter(tags=["usage"])
Word = Annotated[str, Query(max_length=300)]
COLUMNS = ("month", "project", "workspace", "user", "kind", "state", "tags", "hours", "dollars")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class UsageLineOut(BaseModel):
    month: str = Field(examples=["2026-11"])
    project: str
    workspace: str = Field(description="its project, a slash, its name")
    user: str
    kind: str = Field(description="environment or disk")
    state: str
    tags: str = Field(description="those that it has now, or had last: `key:value`, between semicolons")
    group: str = Field(description="with `by`: the value of that tag, `(untagged)` for what lacks it")
    hours: float
    dollars: float

    @classmethod
    def of(cls, account: Account, amount: Amount) -> UsageLineOut:
        return cls.model_validate(cells(account, amount))


class UsageGroupOut(BaseModel):
    value: str = Field(description="`(untagged)` for what lacks the tag")
    dollars: float


class UsageOut(BaseModel):
    begin: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to", description="where the sums stop: not later than now")
    items: list[UsageLineOut]
    dollars: float = Field(description="of all lines together")
    groups: list[UsageGroupOut] = Field(description="with `by`: what each value comes to; what is untagged is the last")


@router.get(
    "/usage",
    response_model=UsageOut,
    responses={**for_person(422), 200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    openapi_extra=PERSON,
)
@needs(Action.ABOUT_ONESELF)
async def read_usage(  # noqa: PLR0917 - FastAPI calls it by name
    parts: TheParts,
    person: APerson,
    project: Word = "",
    workspace: Annotated[str, Query(max_length=300, description="project, a slash, name")] = "",
    user: Word = "",
    begin: From = None,
    end: To = None,
    tags: WantedTags = (),
    by: Annotated[str, Query(max_length=300, description="`tag:course` groups by the values of this tag")] = "",
    format: Annotated[Literal["json", "csv"] | None, Query()] = None,  # noqa: A002 - as everybody calls it
    accept: Annotated[str, Header()] = "",
) -> Response | UsageOut:
    """Hours and dollars by month, project, workspace, user, kind and state, from the first of this month until now
    unless `from` and `to` say otherwise. One's own, what billing projects pay that one owns; operators all.

    Tags are those that a thing has now, or had last, for what was in the past too. CSV with `format=csv` or
    `Accept: text/csv`; with `by` its first column is the tag's value.
    """
    key = grouped_by(by) if by.strip() else ""
    found = await parts.deeds(
        usage.used, user=person.name, is_operator=person.account.is_operator, begin=begin, end=end, project=project,
        workspace=workspace, of=user, tags=tags, by=key,
    )  # fmt: skip
    if format == "csv" or (format is None and "text/csv" in accept):
        name = f"usage-{found.begin:%Y-%m-%d}-{found.end:%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(as_csv(found, key), media_type="text/csv; charset=utf-8", headers=headers)
    lines = [UsageLineOut.of(account, amount) for account, amount in found.lines.items()]
    groups = [UsageGroupOut(value=value, dollars=float(part.dollars)) for value, part in found.groups.items()]
    return UsageOut(
        begin=found.begin, end=found.end, items=lines, dollars=float(found.total.dollars), groups=groups if key else []
    )


def cells(account: Account, amount: Amount) -> dict[str, str]:
    """One line, by column. Decimals as text: nothing is rounded on the way."""
    return {
        "month": account.month,
        "project": account.project,
        "workspace": account.workspace,
        "user": account.user,
        "kind": account.kind,
        "state": account.state,
        "tags": account.tags,
        "group": account.group,
        "hours": f"{amount.hours:f}",
        "dollars": f"{amount.dollars:f}",
    }


def as_csv(found: Used, key: str = "") -> str:
    """A heading and a line for each; a cell that a spreadsheet would carry out is written as text. `key` is that of the
    tag that the lines are grouped by."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    names = (*(["group"] if key else []), *COLUMNS)
    writer.writerow([f"tag:{key}" if name == "group" else name for name in names])
    for account, amount in found.lines.items():
        line = cells(account, amount)
        writer.writerow([as_text(line[name]) for name in names])
    return text.getvalue()


def as_text(cell: str) -> str:
    """An apostrophe in front of what would be a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
