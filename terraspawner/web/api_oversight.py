"""REST: environments of others, for owners of the billing project and operators; and one's own, by its id."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from terraspawner.domain.access import Action
from terraspawner.domain.environment import State
from terraspawner.operations import oversight, tagging
from terraspawner.web import endings
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.openapi import PERSON, Answers, for_person
from terraspawner.web.schemas_oversight import OverseenChangeIn, OverseenOut

router = APIRouter(tags=["environments"])
ONE = "/environments/{environment_id}"
_ON_ITS_WAY: Answers = {202: {"model": OverseenOut, "description": "on its way; see the state"}}

Id = Annotated[str, Path(max_length=200)]


@router.get(ONE, responses=for_person(404), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def get_overseen(parts: TheParts, person: APerson, environment_id: Id) -> OverseenOut:
    """One's own environment, or one that a billing project of the caller's pays for. Nobody opens another's."""
    return OverseenOut.of(
        await parts.deeds(oversight.get_environment, actor=person.name, environment_id=environment_id)
    )


@router.patch(ONE, responses=for_person(404, 422), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def tag_overseen(parts: TheParts, person: APerson, environment_id: Id, change: OverseenChangeIn) -> OverseenOut:
    """Give it these tags. For the person whose it is, owners of the project, and operators: they sort what it costs."""
    await parts.deeds(tagging.tag_environment, actor=person.name, environment_id=environment_id, tags=change.tags)
    return OverseenOut.of(
        await parts.deeds(oversight.get_environment, actor=person.name, environment_id=environment_id)
    )


@router.post(f"{ONE}/pause", responses={**for_person(404, 409), **_ON_ITS_WAY}, openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def pause_overseen(parts: TheParts, person: APerson, environment_id: Id, response: Response) -> OverseenOut:
    """Stop it; container and disk are kept. For the person whose it is, owners of the project, and operators."""
    seen = OverseenOut.of(await endings.pause(parts, person.name, environment_id))
    response.status_code = 200 if seen.state == State.PAUSED else 202
    return seen


@router.delete(ONE, status_code=202, response_model=None, responses=for_person(404, 409), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def delete_overseen(
    parts: TheParts,
    person: APerson,
    environment_id: Id,
    force: Annotated[bool, Query(description="at once: what it has not sent stays on its disk")] = False,
) -> None:
    """Delete it; its disk is kept, and its person can restore it from the trash. For the person whose it is, owners of
    the project, and operators.

    What runs is paused first, so that it saves and sends what is unsaved (not with `force`).
    """
    await endings.delete(parts, person.name, environment_id, force=force)
