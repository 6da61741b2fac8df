"""The page of images: what there is to choose from, how old it is and which packages are in it."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.domain.language import Language
from terraspawner.domain.tags import has_all
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.card import other_images
from terraspawner.web.declared import needs
from terraspawner.web.image_wishes import seen_of
from terraspawner.web.tag_wishes import TypedTags

router = APIRouter(include_in_schema=False)

LANGUAGES = {Language.PYTHON: "Python", Language.R: "R"}


@router.get("/images")
@needs(Action.ABOUT_ONESELF)
async def show(parts: TheParts, person: APerson, tags: TypedTags) -> Response:
    """The images of the catalogue."""
    return parts.pages.page(
        "images.html",
        person,
        status=422 if tags.fault else 200,
        images=[each for each in parts.catalogue.images if has_all(each.all_tags, tags.wanted)],
        tags=tags,
        narrowed=lambda key, value: "?" + urlencode({"tag": tags.with_tag(key, value)}),
        seen=await seen_of(parts),
        languages=LANGUAGES,
        other_images=other_images(parts, person),
    )
