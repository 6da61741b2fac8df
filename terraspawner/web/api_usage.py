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
from terraspawner.domain.usage import Account, Amount
from terraspawner.operations import usage
from terraspawner.operations.usage import Used
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.moments import From, To
from terraspawner.web.openapi import PERSON, for_person

router = APIRouter(tags=["usage"])
Word = Annotated[str, Query(max_length=300)]
COLUMNS = ("month", "project", "workspace", "user", "kind", "state", "hours", "dollars")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class UsageLineOut(BaseModel):
    month: str = Field(examples=["2026-11"])
    project: str
    workspace: str = Field(description="its project, a slash, its name")
    user: str
    kind: str = Field(description="environment or disk")
    state: str
    hours: float
    dollars: float

    @classmethod
    def of(cls, account: Account, amount: Amount) -> UsageLineOut:
        return cls.model_validate(cells(account, amount))


class UsageOut(BaseModel):
    begin: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to", description="where the sums stop: not later than now")
    items: list[UsageLineOut]
    dollars: float = Field(description="of all lines together")


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
    format: Annotated[Literal["json", "csv"] | None, Query()] = None,  # noqa: A002 - as everybody calls it
    accept: Annotated[str, Header()] = "",
) -> Response | UsageOut:
    """Hours and dollars by month, project, workspace, user, kind and state, from the first of this month until now
    unless `from` and `to` say otherwise. One's own, what billing projects pay that one owns; operators all.

    CSV with `format=csv` or `Accept: text/csv`.
    """
    found = await parts.deeds(
        usage.used, user=person.name, is_operator=person.account.is_operator, begin=begin, end=end, project=project,
        workspace=workspace, of=user,
    )  # fmt: skip
    if format == "csv" or (format is None and "text/csv" in accept):
        name = f"usage-{found.begin:%Y-%m-%d}-{found.end:%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    lines = [UsageLineOut.of(account, amount) for account, amount in found.lines.items()]
    return UsageOut(begin=found.begin, end=found.end, items=lines, dollars=float(found.total.dollars))


def cells(account: Account, amount: Amount) -> dict[str, str]:
    """One line, by column. Decimals as text: nothing is rounded on the way."""
    return {
        "month": account.month,
        "project": account.project,
        "workspace": account.workspace,
        "user": account.user,
        "kind": account.kind,
        "state": account.state,
        "hours": f"{amount.hours:f}",
        "dollars": f"{amount.dollars:f}",
    }


def as_csv(found: Used) -> str:
    """A heading and a line for each; a cell that a spreadsheet would carry out is written as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for account, amount in found.lines.items():
        writer.writerow({name: as_text(cell) for name, cell in cells(account, amount).items()})
    return text.getvalue()


def as_text(cell: str) -> str:
    """An apostrophe in front of what would be a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
