"""Which versions of a notebook are kept as they grow old: all for an hour, one for every ten minutes of a day, then one
for each day. Always kept: the newest, the first, and whatever somebody would look for by name or by what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from terraspawner.domain.history import NotebookVersion, VersionKind

WHOLE = timedelta(hours=1)
CLOSE = timedelta(days=1)
CLOSE_STEP = timedelta(minutes=10)
FAR_STEP = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

KEPT = frozenset(
    {
        VersionKind.FOUND,
        VersionKind.EXTERNAL,
        VersionKind.CONFLICT,
        VersionKind.SESSION_END,
        VersionKind.RESTORED,
        VersionKind.MERGED,
    }
)
"""Kinds that no age thins out."""


def thinned(versions: Iterable[NotebookVersion], now: datetime) -> list[int]:
    """The numbers of the versions that may go. Of each step of time the last one is kept: that is how it was left.

    Steps are the clock's, in UTC, and the longer ones are made of whole shorter ones: so however often this is asked,
    the last version of a day is never among them, and of ten minutes not before it is a day old.
    """
    by_number = sorted(versions, key=lambda each: each.number)
    if not by_number:
        return []
    always = {by_number[0].number, by_number[-1].number}
    always |= {each.number for each in by_number if each.kind in KEPT or each.name}
    last_of_step = {_step(each, now): each.number for each in by_number}
    kept = always | set(last_of_step.values())
    return [each.number for each in by_number if each.number not in kept]


def size_of(versions: Sequence[NotebookVersion]) -> int:
    """Bytes that a history takes: the same bytes lie there once, however many versions have them."""
    return sum({each.sha256: each.size for each in versions}.values())


def _step(version: NotebookVersion, now: datetime) -> tuple[timedelta, int]:
    """Equal for versions of which one is enough."""
    age = now - version.at
    if age < WHOLE:
        return timedelta(0), version.number
    step = CLOSE_STEP if age < CLOSE else FAR_STEP
    return step, (version.at - _EPOCH) // step
