"""The page of images: what there is to choose from, how old it is and which packages are in it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.domain.language import Language
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.card import other_images
from terraspawner.web.declared import needs
from terraspawner.web.image_wishes import seen_of

router = APIRouter(include_in_schema=False)

LANGUAGES = {Language.PYTHON: "Python", Language.R: "R"}


@router.get("/images")
@needs(Action.ABOUT_ONESELF)
async def show(parts: TheParts, person: APerson) -> Response:
    """All images of the catalogue."""
    return parts.pages.page(
        "images.html",
        person,
        images=parts.catalogue.images,
        seen=await seen_of(parts),
        languages=LANGUAGES,
        other_images=other_images(parts, person),
    )
