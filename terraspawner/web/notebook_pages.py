"""The page of one notebook: its preview in a frame, and what can be done with it.

The frame's document has an address of its own beside the page's, so that a refusal in it is a sentence to read and
not JSON. It is the same document as the API's and as safe when it is opened alone (for printing, say).
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from terraspawner.domain import names
from terraspawner.domain.access import Action, permits
from terraspawner.domain.notebook import KERNELS
from terraspawner.domain.notebook_list import parents_of
from terraspawner.errors import NotFound, TerraError
from terraspawner.operations import notebook_lists
from terraspawner.operations.notebooks import Place
from terraspawner.preview import page
from terraspawner.web import lease_marks, previews
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.desks import desk_of, modes_of
from terraspawner.web.notebook_lists import member_of, proposals_in, targets_of
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of
from terraspawner.web.sights import Spot

router = APIRouter(include_in_schema=False)

ONE = "/workspaces/{namespace}/{name}/notebooks/{path:tail}"


@router.get(f"{ONE}/frame")
@needs(Action.READ_NOTEBOOKS)
async def frame(parts: TheParts, spot: ASpot, path: str, request: Request, theme: str = "") -> Response:
    """The preview alone; a refusal as a document of the same kind."""
    try:
        place = Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=names.notebook_path(path))
        return previews.document(parts, request, place, await previews.preview_of(parts, place), theme)
    except TerraError as error:
        body = page.sentence_page("No preview", error.message, theme)
        return Response(
            body, status_of(error), media_type="text/html", headers={**page.HEADERS, "Cache-Control": "no-store"}
        )


@router.get(ONE)
@needs(Action.READ_NOTEBOOKS)
async def notebook(parts: TheParts, person: APerson, spot: ASpot, path: str) -> Response:
    """The page of one notebook. A name that cannot be one is an address with nothing at it."""
    try:
        place = Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=names.notebook_path(path))
    except TerraError as error:
        raise NotFound("There is no notebook at this address. Check it, or look in the workspace's list.") from error
    return await notebook_page(parts, person, spot, place)


async def notebook_page(
    parts: Parts, person: Person, spot: Spot, place: Place, *, notice: str = "", status: int = 200
) -> Response:
    """The page of one notebook; `notice` says why it is shown instead of what was asked for."""
    info = await parts.deeds(notebook_lists.describe_notebook, place)
    member = await member_of(parts, spot)
    marks = await lease_marks.look(parts, spot)
    desk = await desk_of(parts, person.name, member.workspace)
    at, here = quoted(spot.namespace, spot.name), quoted(*info.path.split("/"))
    prefix = parts.settings.service_prefix
    return parts.pages.page(
        "notebook.html",
        person,
        status=status,
        notice=notice,
        has_frame=True,
        at=member.workspace,
        role=member.role,
        notebook=info,
        path=info.path,
        parents=parents_of(info.path),
        file=info.path.rpartition("/")[2],
        kernels=KERNELS,
        **lease_marks.values(member.standing, marks),
        desk=desk,
        **modes_of(member.standing, member.workspace, desk),
        proposals=(await proposals_in(parts, spot)).get(info.path, 0),
        may_write=bool(permits(member.standing, Action.WRITE_NOTEBOOKS)),
        targets=await targets_of(parts, person.name),
        trash_days=parts.settings.trash_days,
        sandbox=page.SANDBOX,
        here=f"{prefix}workspaces/{at}",
        page_url=f"{prefix}workspaces/{at}/notebooks/{here}",
        open_url=desk.address("notebooks", info.path),
        playground_url=desk.address("playground", info.path),
        download_url=f"{parts.settings.api_prefix}/workspaces/{at}/notebooks/{here}",
        link=f"{parts.settings.address}{prefix}workspaces/{at}/notebooks/{here}",
    )
