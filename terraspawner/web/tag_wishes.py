"""Tags in requests: what a list is narrowed to, and what a form of a page says."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from terraspawner.domain import tags as rules
from terraspawner.domain.tags import Wanted

Texts = list[Annotated[str, Query(max_length=200)]]
_MOST_TEXTS = 10
"""All of them together, escaped, are less than the longest address that the server reads."""
_TELLS = "`key:value`, or `key` for any value; repeated, or with commas between them, all must hold"


async def _wanted(
    tag: Annotated[Texts, Query(max_length=_MOST_TEXTS, description=_TELLS)] = [],  # noqa: B006 - FastAPI copies it
) -> tuple[Wanted, ...]:
    return rules.wanted(tag)


WantedTags = Annotated[tuple[Wanted, ...], Depends(_wanted)]


async def _typed(tag: Annotated[Texts, Query(max_length=_MOST_TEXTS)] = []) -> str:  # noqa: B006 - FastAPI copies it
    return ", ".join(tag)


TypedTags = Annotated[str, Depends(_typed)]
"""As a person wrote them: a page says what is wrong with them beside the field."""
