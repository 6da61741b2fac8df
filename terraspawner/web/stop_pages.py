"""What stops an environment, on its card: the buttons that keep it alive, and what was decided about it so far."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.operations import decisions, keep_alives
from terraspawner.web import card
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs

router = APIRouter(prefix="/workspaces/{namespace}/{name}/environment", include_in_schema=False)


@router.get("/decisions")
@needs(Action.SEE)
async def show_decisions(parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """The list that opens on the card."""
    found = await parts.deeds(decisions.of_environment, user=spot.user, namespace=spot.namespace, name=spot.name)
    return parts.pages.fragment("_decisions.html", person, records=found)


@router.post("/keep-alive")
@needs(Action.USE_ENVIRONMENT)
async def keep_alive(
    request: Request,
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    hours: Annotated[int, Form(ge=1, le=10_000)] = 1,
) -> Response:
    """The buttons "Keep it alive for"."""
    act = parts.deeds(keep_alives.keep, user=spot.user, namespace=spot.namespace, name=spot.name, seconds=hours * 3600)
    return await card.after(request, parts, person, spot, act)


@router.post("/keep-alive/end")
@needs(Action.USE_ENVIRONMENT)
async def end_keep_alive(request: Request, parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """The button "Let it be stopped again"."""
    act = parts.deeds(keep_alives.end, user=spot.user, namespace=spot.namespace, name=spot.name)
    return await card.after(request, parts, person, spot, act)
