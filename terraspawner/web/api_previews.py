"""REST: previews of notebooks. HTML, as safe when it is opened by itself as in a frame (`terraspawner.preview`)."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.operations.notebooks import Place
from terraspawner.web import previews
from terraspawner.web.api_notebooks import ONE
from terraspawner.web.callers import ASpotOfEither, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import BOTH, HTML, for_person

router = APIRouter(tags=["notebooks"])


@router.get(
    f"{ONE}/preview",
    response_class=Response,
    responses={
        200: HTML,
        304: {"description": "it is still the preview in If-None-Match"},
        **for_person(404, 413, 422, 429),
    },
    openapi_extra=BOTH,
)
@needs(Action.READ_NOTEBOOKS)
async def preview_notebook(
    parts: TheParts, spot: ASpotOfEither, path: str, request: Request, theme: Literal["", "light", "dark"] = ""
) -> Response:
    """The notebook to read, without an environment. `theme` is `light`, `dark` or, empty, the browser's own.

    422 `notebook-unreadable` says why there is nothing to show; the notebook can be downloaded nevertheless.
    """
    place = Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=names.notebook_path(path))
    return previews.document(parts, request, place, await previews.preview_of(parts, place), theme)
