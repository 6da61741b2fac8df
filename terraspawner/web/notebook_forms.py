"""Pages: the forms about notebooks. They work without scripts; a refusal stands on the page of the workspace."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.errors import (
    Conflict,
    LeaseHeld,
    NotAllowed,
    NotebookTooLarge,
    NotFound,
    Refused,
    TerraError,
    TrashMissing,
    WrongState,
)
from terraspawner.operations import copies, notebook_lists, notebooks, trash
from terraspawner.operations.notebooks import Place
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.desks import desk_of
from terraspawner.web.notebook_lists import Asked, member_of
from terraspawner.web.pages import address_of, see, show, workspace_page
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Spot

router = APIRouter(include_in_schema=False)

Field = Annotated[str, Form()]
LIST = "/workspaces/{namespace}/{name}/notebooks"
_LONGEST = 2000
_TOLD = (Refused, Conflict, LeaseHeld, NotebookTooLarge, NotFound, NotAllowed)
_TRASH_ID = re.compile(r"[0-9a-f]{16}")


@router.post(LIST)
@needs(Action.WRITE_NOTEBOOKS)
async def create_notebook(
    request: Request,
    parts: TheParts,
    person: APerson,
    spot: ASpot,
    title: Field = "",
    kernel: Field = "python3",
    folder: Field = "",
) -> Response:
    """Put a new notebook into the bucket, in the folder that is shown, and open it."""
    inside, wanted = folder[:_LONGEST].strip("/"), title[:_LONGEST].strip()
    try:
        place = _place(spot, f"{inside}/{wanted}" if inside and wanted else wanted)
        made = await parts.deeds(notebooks.create_notebook, place, kernel)
    except (Refused, Conflict) as error:
        return await workspace_page(
            parts, person, spot, wanted=title[:_LONGEST], error=error, asked=Asked(folder=inside)
        )
    desk = await desk_of(parts, person.name, (await member_of(parts, spot)).workspace)
    page = f"{address_of(parts, spot.namespace, spot.name)}/notebooks/{quoted(*made.path.split('/'))}"
    return show(request, desk.address("notebooks", made.path) if desk.is_there else page)


@router.post(f"{LIST}/delete")
@needs(Action.WRITE_NOTEBOOKS)
async def delete_notebook(parts: TheParts, person: APerson, spot: ASpot, path: Field = "") -> Response:
    """The dialog of a notebook's button Delete: the version that the bucket has now goes into the trash."""
    place = _place(spot, path[:_LONGEST])
    try:
        info = await parts.deeds(notebook_lists.describe_notebook, place)
        item = await parts.deeds(notebooks.delete_notebook, place, info.version)
    except _TOLD as error:
        return await _told(parts, person, spot, error, place.path)
    asked = Asked(folder=_folder_of(place.path))
    more = {"notice": "notebook-deleted", "undo": item.id}
    return see(f"{address_of(parts, spot.namespace, spot.name)}{asked.query(**more)}")


@router.post(f"{LIST}/undo")
@needs(Action.WRITE_NOTEBOOKS)
async def undo_delete(parts: TheParts, person: APerson, spot: ASpot, trash_id: Field = "") -> Response:
    """The button Undo beside the sentence that a notebook is in the trash."""
    try:
        item_id = trash_id if _TRASH_ID.fullmatch(trash_id) else ""
        back = await parts.deeds(trash.restore, user=person.name, item_id=item_id)
    except TrashMissing as error:  # the page is there, only what it offered is not any more
        return await _told(parts, person, spot, WrongState(error.message), "")
    except _TOLD as error:
        return await _told(parts, person, spot, error, "")
    asked = Asked(folder=_folder_of(back.item.subject))
    return see(f"{address_of(parts, spot.namespace, spot.name)}{asked.query(notice='notebook-restored')}")


@router.post(f"{LIST}/rename")
@needs(Action.WRITE_NOTEBOOKS)
async def rename_notebook(
    parts: TheParts, person: APerson, spot: ASpot, path: Field = "", to: Field = "", back: Field = ""
) -> Response:
    """The dialog Rename: another name, or folder. `back` is "page" where it was asked on the notebook's page."""
    place = _place(spot, path[:_LONGEST])
    try:
        info = await parts.deeds(notebook_lists.describe_notebook, place)
        moved = await parts.deeds(notebooks.rename_notebook, place, to[:_LONGEST].strip(), info.version)
    except _TOLD as error:
        return await _told(parts, person, spot, error, place.path)
    at = address_of(parts, spot.namespace, spot.name)
    if back == "page":
        return see(f"{at}/notebooks/{quoted(*moved.path.split('/'))}")
    return see(f"{at}{Asked(folder=_folder_of(moved.path)).query(notice='notebook-renamed')}")


@router.post(f"{LIST}/copy")
@needs(Action.READ_NOTEBOOKS)
async def copy_notebook(
    parts: TheParts, person: APerson, spot: ASpot, path: Field = "", to: Field = "", workspace: Field = ""
) -> Response:
    """The dialog Copy: shows the page of the copy, in whichever workspace it is."""
    place = _place(spot, path[:_LONGEST])
    namespace, _, name = (workspace[:_LONGEST] or f"{spot.namespace}/{spot.name}").partition("/")
    try:
        made = await parts.deeds(copies.copy_notebook, place, to[:_LONGEST].strip(), namespace=namespace, name=name)
    except _TOLD as error:
        return await _told(parts, person, spot, error, place.path)
    return see(f"{address_of(parts, namespace, name)}/notebooks/{quoted(*made.path.split('/'))}")


def _place(spot: Spot, path: str) -> Place:
    return Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=path)


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


async def _told(parts: Parts, person: Person, spot: Spot, error: TerraError, path: str) -> Response:
    asked = Asked(folder=_folder_of(path))
    return await workspace_page(
        parts, person, spot, notice=error.message, status=status_of(error), asked=asked, is_refused=True
    )
