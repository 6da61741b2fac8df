"""REST: what is known of running environments, what is decided by it, and a person's word that one shall go on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from culler.deadlines import Act
from terraspawner.domain.access import Action
from terraspawner.errors import Refused
from terraspawner.operations import decisions, keep_alives, stops
from terraspawner.web import sights, stopping, wishes
from terraspawner.web.callers import (
    AnEnvironment,
    AnOperatorOrCuller,
    ASpot,
    TheCuller,
    TheParts,
)
from terraspawner.web.declared import needs
from terraspawner.web.moments import From, To
from terraspawner.web.openapi import CULLER, ENVIRONMENT, PERSON, PERSON_OR_CULLER, for_person
from terraspawner.web.schemas import ListOut
from terraspawner.web.schemas_environment import EnvironmentOut
from terraspawner.web.schemas_stops import DecidedIn, DecisionOut, KeepAliveIn, RecordOut, TakenOut, WholeRecordOut

router = APIRouter(tags=["what stops environments"])
HERE = "/workspaces/{namespace}/{name}/environment"

Cursor = Annotated[str, Query(max_length=100, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=stops.PAGE)]


@router.get("/environments/facts", responses=for_person(422), openapi_extra=CULLER)
@needs(Action.DECIDE_STOPS)
async def list_facts(
    parts: TheParts,
    _: TheCuller,
    due: Annotated[bool, Query(description="those alone about which something is to be decided now")] = False,
    cursor: Cursor = "",
    limit: Limit = 200,
) -> ListOut[dict[str, Any]]:
    """What is known of each environment that runs, stands still or is paused, by which is decided whether it goes on.

    All instants are of this service's clock. An item is what the record of a decision keeps.
    """
    found, following = await parts.deeds(stops.watched, due=due, after=cursor, limit=limit)
    return ListOut[dict[str, Any]](items=[facts.as_json() for facts, _ in found], next=following)


@router.post("/environments/{environment_id}/decisions", responses=for_person(404, 409, 422), openapi_extra=CULLER)
@needs(Action.DECIDE_STOPS)
async def take_decision(
    parts: TheParts,
    culler: TheCuller,
    environment_id: Annotated[str, Path(max_length=200)],
    decided: DecidedIn,
) -> TakenOut:
    """Carry a decision out. It is decided again from what is known now: where that comes to something else, nothing is
    done (409, `facts-moved-on`, with the decision that holds)."""
    given = decided.given
    if given.act in (Act.TRASH, Act.DESTROY):
        await stopping.refuse_while_asked_for(parts, environment_id)
    taken = await parts.deeds(
        decisions.take, environment_id=environment_id, revision=decided.revision, given=given, who=culler.name
    )
    await stopping.carry_out(parts, taken)
    return TakenOut(decision=DecisionOut.of(taken.decision))


@router.get("/decisions", responses=for_person(422), openapi_extra=PERSON_OR_CULLER)
@needs(Action.READ_DECISIONS)
async def list_decisions(
    parts: TheParts,
    _: AnOperatorOrCuller,
    *,
    first: From = None,
    last: To = None,
    cursor: Cursor = "",
    limit: Limit = 200,
) -> ListOut[WholeRecordOut]:
    """What was decided about everybody's environments, the oldest first, with all that it was decided by."""
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < _MOST_DIGITS):
        raise Refused("There is no page after this cursor. Begin without one.", field="cursor")
    found = await parts.deeds(decisions.between, first=first, last=last, after=int(cursor or 0), limit=limit)
    following = str(found[-1].id) if len(found) == limit else None
    return ListOut[WholeRecordOut](items=[WholeRecordOut.whole(each) for each in found], next=following)


_MOST_DIGITS = 19


@router.get(f"{HERE}/decisions", responses=for_person(404), openapi_extra=PERSON)
@needs(Action.SEE)
async def environment_decisions(parts: TheParts, spot: ASpot) -> ListOut[RecordOut]:
    """Why the caller's environment was stopped by itself, the newest first."""
    found = await parts.deeds(decisions.of_environment, user=spot.user, namespace=spot.namespace, name=spot.name)
    return ListOut[RecordOut](items=[RecordOut.of(each) for each in found])


@router.post(f"{HERE}/keep-alive", responses=for_person(404, 409, 422), openapi_extra=PERSON)
@needs(Action.USE_ENVIRONMENT)
async def keep_alive(parts: TheParts, spot: ASpot, wish: KeepAliveIn) -> EnvironmentOut:
    """Let it go on for so many seconds, or while a process of its work does; never past the cap on what is busy. That
    is human input as well."""
    await parts.deeds(
        keep_alives.keep, user=spot.user, namespace=spot.namespace, name=spot.name, seconds=wish.seconds, pid=wish.pid
    )
    return wishes.told(parts, spot, await sights.look(parts, spot))


@router.delete(f"{HERE}/keep-alive", responses=for_person(404), openapi_extra=PERSON)
@needs(Action.USE_ENVIRONMENT)
async def end_keep_alive(parts: TheParts, spot: ASpot) -> EnvironmentOut:
    """Take that back."""
    await parts.deeds(keep_alives.end, user=spot.user, namespace=spot.namespace, name=spot.name)
    return wishes.told(parts, spot, await sights.look(parts, spot))


@router.post(
    "/environments/self/keep-alive", status_code=204, response_model=None, responses=for_person(404, 409, 422),
    openapi_extra=ENVIRONMENT,
)  # fmt: skip
@needs(Action.USE_ENVIRONMENT)
async def keep_self_alive(parts: TheParts, environment: AnEnvironment, wish: KeepAliveIn) -> None:
    """The same from JupyterLab. A script could say it as well, so it is no human input."""
    at = environment.workspace
    await parts.deeds(
        keep_alives.keep, user=environment.user, namespace=at.namespace, name=at.name, seconds=wish.seconds,
        pid=wish.pid, by_person=False,
    )  # fmt: skip
