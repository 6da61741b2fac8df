"""The section "People" on a workspace's page: its forms. Owners share with them; everybody else may leave."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from terraspawner.domain.access import Action, Role
from terraspawner.errors import Conflict, NotFound, Refused, TerraError, WorkspaceMissing
from terraspawner.operations import members
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.pages import Field, address_of, see, workspace_page
from terraspawner.web.responses import status_of

router = APIRouter(prefix="/workspaces/{namespace}/{name}/people", include_in_schema=False)

_LONGEST = 300


@router.get("")
@needs(Action.SEE)
async def people_again(parts: TheParts, spot: ASpot) -> Response:
    """The address of the forms, typed or kept by a browser after a refusal."""
    return see(f"{address_of(parts, spot.namespace, spot.name)}#people")


@router.post("")
@needs(Action.CHANGE_MEMBERS)
async def put_member(
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    who: Field = "",
    role: Field = "",
    compute: Annotated[bool, Form()] = False,
) -> Response:
    """Share with somebody, or change what somebody has. A refusal stands beside the fields."""
    who = who[:_LONGEST].strip()
    try:
        await parts.deeds(
            members.put_member,
            actor=spot.user,
            namespace=spot.namespace,
            name=spot.name,
            who=who,
            role=_role(role),
            may_compute=compute,
        )
    except (Refused, Conflict, NotFound) as error:
        _raise_what_hides(error)
        return await workspace_page(parts, person, spot, status=status_of(error), fault=error, invited=who)
    parts.worker.wake()
    return see(f"{address_of(parts, spot.namespace, spot.name)}#people")


@router.post("/remove")
@needs(Action.CHANGE_MEMBERS)
async def remove_member(parts: TheParts, person: APerson, spot: ASpot, who: Field = "") -> Response:
    """The dialog of the button Remove."""
    try:
        await parts.deeds(
            members.remove_member, actor=spot.user, namespace=spot.namespace, name=spot.name, who=who[:_LONGEST]
        )
    except (Conflict, NotFound) as error:
        _raise_what_hides(error)
        return await workspace_page(parts, person, spot, status=status_of(error), fault=error)
    parts.worker.wake()
    if who == spot.user:
        return see(parts.settings.service_prefix)
    return see(f"{address_of(parts, spot.namespace, spot.name)}#people")


@router.post("/leave")
@needs(Action.LEAVE)
async def leave(parts: TheParts, person: APerson, spot: ASpot) -> Response:
    """The dialog of the button Leave."""
    try:
        await parts.deeds(
            members.remove_member, actor=spot.user, namespace=spot.namespace, name=spot.name, who=spot.user
        )
    except (Conflict, NotFound) as error:
        _raise_what_hides(error)
        return await workspace_page(parts, person, spot, status=status_of(error), fault=error)
    parts.worker.wake()
    return see(parts.settings.service_prefix)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Refused("Choose a role: owner, writer or reader.") from None


def _raise_what_hides(error: TerraError) -> None:
    """Who lost the workspace meanwhile is not shown its page."""
    if isinstance(error, WorkspaceMissing):
        raise error
