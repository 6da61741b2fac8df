"""The buttons beside a notebook that somebody else edits: ask for it, and, for owners, take it over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.errors import Conflict, NotebookMissing, Refused
from terraspawner.operations import leases
from terraspawner.operations.context import Context
from terraspawner.operations.leases import LeaseSight
from terraspawner.operations.notebooks import Place
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.notebook_lists import Asked
from terraspawner.web.pages import address_of, see, workspace_page
from terraspawner.web.parts import Parts
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Spot

router = APIRouter(prefix="/workspaces/{namespace}/{name}/notebooks/lease", include_in_schema=False)

_LONGEST = 2000


@router.post("/request")
@needs(Action.WRITE_NOTEBOOKS)
async def ask(parts: TheParts, person: APerson, spot: ASpot, path: Annotated[str, Form()] = "") -> Response:
    """The button Ask for it."""
    return await _after(parts, person, spot, leases.ask, path, "lease-asked")


@router.post("/takeover")
@needs(Action.TAKE_LEASES)
async def take_over(parts: TheParts, person: APerson, spot: ASpot, path: Annotated[str, Form()] = "") -> Response:
    """The dialog Take over."""
    return await _after(parts, person, spot, leases.take_over, path, "lease-taken")


async def _after(
    parts: Parts, person: Person, spot: Spot, act: Callable[[Context, Place], LeaseSight], path: str, notice: str
) -> Response:
    place = Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=path[:_LONGEST])
    beside = Asked(folder=place.path.rpartition("/")[0])
    try:
        parts.calls.tell_holder(await parts.deeds(act, place))
    except (Refused, Conflict, NotebookMissing) as error:
        return await workspace_page(
            parts, person, spot, notice=error.message, status=status_of(error), asked=beside, is_refused=True
        )
    return see(f"{address_of(parts, spot.namespace, spot.name)}{beside.query(notice=notice)}")
