"""Times as callers give them: RFC 3339 in REST, days in the forms of pages. UTC where nothing is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

from terraspawner.errors import Refused


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_aware)]
From = Annotated[Moment | None, Query(alias="from", description="from this moment on; UTC where no zone is said")]
To = Annotated[Moment | None, Query(alias="to", description="before this moment")]


def day(text: str) -> date | None:
    """A day as a form sends it; None for an empty field. Raises `Refused`."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"{text[:30]!r} is no day. Write it as 2026-11-30.") from None


def begin_of(first: date | None) -> datetime | None:
    return datetime(first.year, first.month, first.day, tzinfo=UTC) if first else None


def end_of(last: date | None) -> datetime | None:
    """The end of a day that is to be in. Raises `Refused` for the last day there is."""
    if last is None:
        return None
    if last == date.max:
        raise Refused("That day has no end. Choose an earlier one.")
    return begin_of(last + timedelta(days=1))
