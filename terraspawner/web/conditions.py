"""Conditions of a request: which version it is based on, what the sender calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from terraspawner.domain.history import VersionKind
from terraspawner.web.responses import Malformed

IfMatch = Annotated[str | None, Header(alias="If-Match", description='`"<version>"` that this is based on')]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]
SaveId = Annotated[
    str | None,
    Header(
        alias="Save-Id",
        pattern="^[A-Za-z0-9_-]{1,64}$",
        description="the sender's own name for this save, to send it again",
    ),
]
_SAID = (VersionKind.SAVED, VersionKind.CONFLICT, VersionKind.MERGED, VersionKind.SESSION_END)
"""What a sender may say that a save is; the others are found out here."""


def version_named(if_match: str) -> str:
    """The one version named. Raises `Malformed` for lists, `*` and weak tags: a save has one base."""
    text = if_match.strip()
    if len(text) < 3 or text[0] != '"' or text[-1] != '"' or '"' in text[1:-1]:
        raise Malformed('If-Match must name one version, as in If-Match: "<version>".')
    return text[1:-1]


async def _base(if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> str | None:
    """The version that a save is based on, None to create."""
    if (if_match is None) == (if_none_match is None):
        raise Malformed('Send either If-None-Match: * to create, or If-Match: "<version>" to replace that version.')
    if if_match is not None:
        return version_named(if_match)
    if if_none_match is not None and if_none_match.strip() != "*":
        raise Malformed("If-None-Match must be * here: it says that there is no such notebook yet.")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What a save says of itself: the version it is based on, None to create; why it is made; the sender's own name
    for it, empty where it has none."""

    base: str | None
    kind: VersionKind
    save_id: str


async def _saving(
    base: Annotated[str | None, Depends(_base)],
    save_id: SaveId = None,
    save_kind: Annotated[
        str | None,
        Header(
            alias="Save-Kind",
            description="why it is saved: `saved`, `merged`, `session-end`; `conflict` for a new notebook that keeps a"
            " text which was overtaken",
        ),
    ] = None,
) -> Saving:
    """`conflict` belongs to the first save of a copy alone: no age thins those out, and somebody may go on typing into
    the copy for hours."""
    if save_kind is not None and save_kind not in _SAID:
        raise Malformed(f"Save-Kind must be one of: {', '.join(_SAID)}.")
    kind = VersionKind(save_kind or VersionKind.SAVED)
    if kind is VersionKind.CONFLICT and base is not None:
        kind = VersionKind.SAVED
    return Saving(base=base, kind=kind, save_id=save_id or "")


ASaving = Annotated[Saving, Depends(_saving)]
