"""REST: what became of a notebook between two versions, and two notebooks that came from one put together.

For who finds that the notebook has moved on (409 `notebook-moved-on`): `diff` shows the present version beside the one
that the own work is based on, or beside the own work itself, which is sent; `merge` puts the own work and the present
version together. Nothing is stored by any; what was merged is saved like any notebook, with `If-Match` of `theirs`.
"""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.operations.notebooks import Place
from terraspawner.web import comparisons
from terraspawner.web.api_notebooks import NOTEBOOK_BYTES, ONE
from terraspawner.web.bodies import read_notebook_body
from terraspawner.web.callers import ASpotOfEither, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import BOTH, HTML, for_person
from terraspawner.web.sights import Spot

router = APIRouter(tags=["history"])

_VERSION = "a version's number, or what the API calls its version"
Which = Annotated[str, Query(max_length=300, description=_VERSION)]


class ConflictOut(BaseModel):
    cell: int | None = Field(description="counted from 0 in the base; null where it is of the whole notebook")
    part: str = Field(description="`source`, `outputs`, …; empty where one changed a cell that the other removed")


class MergedOut(BaseModel):
    notebook: str = Field(description="the text of the merged notebook; conflicts are in it between git's marks")
    conflicts: list[ConflictOut] = Field(description="where both changed the same")
    base: str = Field(description="the version that both came from")
    theirs: str = Field(description="the version that was merged with: what to base the save on")


@router.get(
    f"{ONE}/diff",
    response_class=Response,
    responses={
        200: HTML,
        **for_person(404, 413, 422, 429),
    },
    openapi_extra=BOTH,
)
@needs(Action.READ_NOTEBOOKS)
async def diff_versions(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    from_: Annotated[str, Query(alias="from", max_length=300, description=_VERSION)],
    to: Which = "",
    theme: Literal["", "light", "dark"] = "",
) -> Response:
    """What became of version `from` in version `to` (left out: the present one), cell by cell, to read."""
    place = _place(spot, path)
    return comparisons.document(parts, place, await comparisons.compare(parts, place, from_, to), theme)


@router.put(
    f"{ONE}/diff",
    response_class=Response,
    responses={
        200: HTML,
        **for_person(404, 408, 413, 422, 429),
    },
    openapi_extra={**BOTH, "requestBody": {"required": True, "content": NOTEBOOK_BYTES}},
)
@needs(Action.READ_NOTEBOOKS)
async def diff_with_sent(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    request: Request,
    from_: Annotated[str, Query(alias="from", max_length=300, description=_VERSION)],
    theme: Literal["", "light", "dark"] = "",
) -> Response:
    """What would become of version `from` (empty: the present one) in the notebook that is sent. Nothing is stored."""
    place = _place(spot, path)
    with closing(parts.room.share(spot.user)) as share:
        mine = await read_notebook_body(request.stream(), parts.settings.notebook_limit, place.path, share)
        made = await comparisons.compare_with(parts, place, from_, mine, share)
    return comparisons.document(parts, place, made, theme)


@router.put(
    f"{ONE}/merge",
    responses=for_person(404, 408, 413, 422, 429),
    openapi_extra={**BOTH, "requestBody": {"required": True, "content": NOTEBOOK_BYTES}},
)
@needs(Action.READ_NOTEBOOKS)
async def merge_notebook(
    parts: TheParts, spot: ASpotOfEither, path: str, request: Request, base: Which, theirs: Which = ""
) -> MergedOut:
    """The notebook that is sent, which came from version `base`, and version `theirs` (left out: the present one), put
    together cell by cell. Nothing is stored."""
    place = _place(spot, path)
    with closing(parts.room.share(spot.user)) as share:
        mine = await read_notebook_body(request.stream(), parts.settings.notebook_limit, place.path, share)
        merged = await comparisons.merge(parts, place, base, mine, theirs, share)
    return MergedOut(**merged)


def _place(spot: Spot, path: str) -> Place:
    return Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=names.notebook_path(path))
