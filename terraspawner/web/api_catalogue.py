"""REST: what there is to choose from."""

from __future__ import annotations

from fastapi import APIRouter

from terraspawner.domain.access import Action
from terraspawner.domain.tags import has_all
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.image_wishes import seen_of
from terraspawner.web.openapi import PERSON, for_person
from terraspawner.web.schemas import ListOut
from terraspawner.web.schemas_catalogue import OfferedImageOut, OfferedSizeOut
from terraspawner.web.tag_wishes import WantedTags

router = APIRouter(tags=["catalogue"])


@router.get("/sizes", responses=for_person(), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def list_sizes(parts: TheParts, person: APerson) -> ListOut[OfferedSizeOut]:  # noqa: ARG001 - for who is signed in
    """Sizes of environments with their prices; the first is that of one for which nobody chose."""
    return ListOut(items=[OfferedSizeOut.of(each) for each in parts.catalogue.sizes])


@router.get("/images", responses=for_person(422), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def list_images(
    parts: TheParts,
    person: APerson,  # noqa: ARG001 - for who is signed in
    tags: WantedTags = (),
) -> ListOut[OfferedImageOut]:
    """Images of environments, with their packages; the first is that of one for which neither a notebook nor anybody
    chose."""
    seen = await seen_of(parts)
    return ListOut(
        items=[
            OfferedImageOut.of(each, seen[each.name]) for each in parts.catalogue.images if has_all(each.all_tags, tags)
        ]
    )
