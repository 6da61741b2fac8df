"""Page: what was used and what it cost, a month at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from terraspawner.domain import usage as sums
from terraspawner.domain.access import Action
from terraspawner.domain.tags import UNTAGGED, grouped_by, read
from terraspawner.domain.usage import Account, Amount
from terraspawner.errors import Refused, TagRefused
from terraspawner.operations import ledger, usage
from terraspawner.operations.context import Context
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.tag_wishes import TypedTags

router = APIRouter(include_in_schema=False)
Word = Annotated[str, Query(max_length=300)]


@router.get("/usage")
@needs(Action.ABOUT_ONESELF)
async def show(
    parts: TheParts,
    person: APerson,
    tags: TypedTags,
    month: Word = "",
    project: Word = "",
    workspace: Word = "",
    user: Word = "",
    by: Word = "",
) -> Response:
    """One month, the present one unless another is chosen."""
    key, by_fault = _key(by)
    narrowed = {"project": project.strip(), "workspace": workspace.strip(), "user": user.strip()}
    now: datetime = await parts.deeds(_now)
    fault, first = by_fault or tags.fault, sums.month_of(now)
    try:
        first = _month(month) or first
    except Refused as error:
        fault = error.message
    found = None
    if first <= now:
        found = await parts.deeds(
            usage.used, user=person.name, is_operator=person.account.is_operator, begin=first,
            end=sums.next_month(first), project=narrowed["project"], workspace=narrowed["workspace"],
            of=narrowed["user"], tags=tags.wanted, by=key,
        )  # fmt: skip
    lines = found.lines if found else {}
    asked = narrowed | {"tag": tags.text, "by": by.strip()}
    query = {name: value for name, value in asked.items() if value}
    span = {"from": first.isoformat(), "to": sums.next_month(first).isoformat(), "format": "csv"}
    return parts.pages.page(
        "usage.html", person, status=422 if fault else 200, fault=fault, first=first, groups=_groups(lines, key),
        key=key, by=by.strip(), tags=tags, keys=_keys(lines),
        total=sums.total(lines.values()), narrowed=narrowed, prices=await parts.deeds(ledger.prices),
        csv_url=f"{parts.settings.api_prefix}/usage?{urlencode(query | span)}",
        earlier=urlencode(query | {"month": f"{sums.previous_month(first):%Y-%m}"}),
        later=urlencode(query | {"month": f"{sums.next_month(first):%Y-%m}"}) if sums.next_month(first) <= now else "",
    )  # fmt: skip


def _now(context: Context) -> datetime:
    return context.now()


def _month(text: str) -> datetime | None:
    """The begin of a month as a form sends it; None for an empty field. Raises `Refused`."""
    if not text.strip():
        return None
    try:
        found = datetime.strptime(text.strip(), "%Y-%m").replace(tzinfo=UTC)
        sums.next_month(found), sums.previous_month(found)
    except (ValueError, OverflowError):
        raise Refused(f"{text[:30]!r} is no month. Write it as 2026-11.") from None
    return found


def _key(by: str) -> tuple[str, str]:
    """The key to group by, and what is wrong with what was typed."""
    try:
        return (grouped_by(by) if by.strip() else ""), ""
    except TagRefused as error:
        return "", error.message


def _keys(lines: Mapping[Account, Amount]) -> list[str]:
    """Of the tags that are seen, to choose from."""
    return sorted({key for account in lines for key in read(account.tags)})


def _groups(lines: Mapping[Account, Amount], key: str) -> list[tuple[str, Decimal, list[tuple[Account, Amount]]]]:
    """The lines of each workspace, or of each value of the tag `key`, with what they cost together; what is untagged
    comes last."""

    def place(line: tuple[Account, Amount]) -> tuple[bool, str]:
        account = line[0]
        return (account.group == UNTAGGED, account.group) if key else (False, account.workspace)

    found = [(each[1], list(those)) for each, those in groupby(sorted(lines.items(), key=place), key=place)]
    return [(name, sums.total(amount for _, amount in members).dollars, members) for name, members in found]
