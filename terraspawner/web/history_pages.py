"""Page: the history of a notebook. Who saved it when; a version is downloaded, named, or made the newest again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.domain.history import VersionKind
from terraspawner.errors import Conflict, LeaseHeld, NotFound, Refused, TerraError, VersionMissing
from terraspawner.operations import histories
from terraspawner.operations.notebooks import Place
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.pages import see
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Spot

router = APIRouter(prefix="/workspaces/{namespace}/{name}/notebooks/{path:tail}/history", include_in_schema=False)

Field = Annotated[str, Form(max_length=2000)]
KINDS = {
    VersionKind.CREATED: "created",
    VersionKind.SAVED: "",
    VersionKind.COPIED: "copied",
    VersionKind.RESTORED: "restored from an older one",
    VersionKind.MERGED: "merged",
    VersionKind.FOUND: "found here: from outside JupyterLab, or from before histories were kept",
    VersionKind.EXTERNAL: "changed outside JupyterLab: by a terminal, a program, or in the bucket itself",
    VersionKind.CONFLICT: "kept from a conflict",
    VersionKind.SESSION_END: "end of a session",
}
_NOTICES = {
    "restored": "It is the newest version now. What was the newest before is in the list.",
    "named": "It has that name now, and is kept however old it grows.",
    "unnamed": "It has no name any more.",
}


@router.get("")
@needs(Action.READ_NOTEBOOKS)
async def show_history(
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    path: str,
    notice: str = "",
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """The versions, the newest first."""
    return await _history_page(parts, person, place_of(spot, path), said=_NOTICES.get(notice, ""), before=before)


@router.post("/restore")
@needs(Action.WRITE_NOTEBOOKS)
async def restore(parts: TheParts, person: APerson, spot: ASpot, path: str, version: Field = "") -> Response:
    """The dialog of the button Restore."""
    place = place_of(spot, path)
    try:
        await parts.deeds(histories.restore_version, place, version)
    except (Refused, Conflict, LeaseHeld, VersionMissing) as error:
        return await _history_page(parts, person, place, error=error)
    return see(f"{address_of_notebook(parts, place)}/history?notice=restored")


@router.post("/name")
@needs(Action.WRITE_NOTEBOOKS)
async def name_version(
    parts: TheParts, person: APerson, spot: ASpot, path: str, version: Field = "", called: Field = ""
) -> Response:
    """The dialog of the button Name."""
    place = place_of(spot, path)
    try:
        await parts.deeds(histories.name_version, place, version, called)
    except (Refused, VersionMissing) as error:
        return await _history_page(parts, person, place, error=error)
    return see(f"{address_of_notebook(parts, place)}/history?notice={'named' if called.strip() else 'unnamed'}")


def place_of(spot: Spot, path: str) -> Place:
    """A name that cannot be one is an address with nothing at it."""
    try:
        return Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=names.notebook_path(path))
    except TerraError as error:
        raise NotFound("There is no notebook at this address. Check it, or look in the workspace's list.") from error


def address_of_notebook(parts: Parts, place: Place) -> str:
    at = quoted(place.namespace, place.name)
    return f"{parts.settings.service_prefix}workspaces/{at}/notebooks/{quoted(*place.path.split('/'))}"


async def _history_page(
    parts: Parts,
    person: Person,
    place: Place,
    *,
    said: str = "",
    error: TerraError | None = None,
    before: int | None = None,
) -> Response:
    history = await parts.deeds(histories.list_versions, place, before)
    at = quoted(place.namespace, place.name)
    return parts.pages.page(
        "history.html",
        person,
        status=status_of(error) if error else 200,
        history=history,
        path=place.path,
        file=place.path.rpartition("/")[2],
        workspace=place.name,
        here=f"{parts.settings.service_prefix}workspaces/{at}",
        notebook_url=address_of_notebook(parts, place),
        page_url=f"{address_of_notebook(parts, place)}/history",
        versions_url=f"{parts.settings.api_prefix}/workspaces/{at}/notebooks/{quoted(*place.path.split('/'))}/versions",
        words=KINDS,
        before=before,
        said=said,
        error=error,
    )
