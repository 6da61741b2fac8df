"""Tags in requests: what a list is narrowed to, and what a form of a page says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, Query

from terraspawner.domain import tags as rules
from terraspawner.domain.tags import Wanted
from terraspawner.errors import TagRefused
from terraspawner.web.parts import Parts

Texts = list[Annotated[str, Query(max_length=200)]]
_MOST_TEXTS = 10
"""All of them together, escaped, are less than the longest address that the server reads."""
_TELLS = "`key:value`, or `key` for any value; repeated, or with commas between them, all must hold"


async def _wanted(
    tag: Annotated[Texts, Query(max_length=_MOST_TEXTS, description=_TELLS)] = [],  # noqa: B006 - FastAPI copies it
) -> tuple[Wanted, ...]:
    return rules.wanted(tag)


WantedTags = Annotated[tuple[Wanted, ...], Depends(_wanted)]


LONGEST_TYPED = 1000


async def _typed(
    tag: Annotated[list[Annotated[str, Query(max_length=LONGEST_TYPED)]], Query(max_length=_MOST_TEXTS)] = [],  # noqa: B006 - FastAPI copies it
) -> Typed:
    return Typed(text=", ".join(tag))


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a page is narrowed to, as a person wrote it; `fault` says what is wrong with it, and then it counts for
    nothing."""

    text: str

    @property
    def fault(self) -> str:
        try:
            rules.wanted([self.text])
        except TagRefused as error:
            return f"{error.message} All are shown."
        return ""

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        return () if self.fault else rules.wanted([self.text])

    def with_tag(self, key: str, value: str) -> str:
        """The text for this tag besides."""
        mine = dict.fromkeys(map(str, self.wanted))
        return ", ".join({**mine, rules.shown(key, value): None})


ANY = Typed(text="")
TypedTags = Annotated[Typed, Depends(_typed)]

TagsText = Annotated[str, Form(max_length=20_000)]
TaggedId = Annotated[str, Form(alias="id", max_length=200)]


Drafts = Mapping[str, tuple[str, str]]
"""What was refused, and why, by the id of what it is for."""


def unplaced(drafts: Drafts | None, shown: Iterable[str]) -> str:
    """Why something was refused that is not among what is `shown`, where its own dialog would say so; else empty."""
    here = set(shown)
    return next((f"No tags were saved. {why}" for what, (_, why) in (drafts or {}).items() if what not in here), "")


async def say(parts: Parts, deed: Callable[..., object], text: str, **whose: str) -> str:
    """Set the tags that a form of a page says; the reason where they are refused, else empty."""
    try:
        await parts.deeds(deed, tags=rules.read(text), **whose)
    except TagRefused as error:
        return error.message
    return ""
