"""Pages: one version of a notebook to read, and what changed since another one. Each is a frame, as a preview is."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.errors import TerraError, VersionMissing
from terraspawner.operations import histories
from terraspawner.operations.notebooks import Place
from terraspawner.preview import page
from terraspawner.web import comparisons
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.history_pages import KINDS, address_of_notebook, place_of
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of

router = APIRouter(
    prefix="/workspaces/{namespace}/{name}/notebooks/{path:tail}/history/{version}", include_in_schema=False
)


@router.get("/frame")
@needs(Action.READ_NOTEBOOKS)
async def view_frame(parts: TheParts, spot: ASpot, path: str, version: str, theme: str = "") -> Response:
    """The version alone; a refusal as a document of the same kind."""
    place = place_of(spot, path)
    try:
        return comparisons.document(parts, place, await comparisons.view(parts, place, version), theme)
    except TerraError as error:
        return _sentence(error, theme)


@router.get("/changes/frame")
@needs(Action.READ_NOTEBOOKS)
async def changes_frame(
    parts: TheParts, spot: ASpot, path: str, version: str, since: str = "", theme: str = ""
) -> Response:
    """What changed, alone."""
    place = place_of(spot, path)
    try:
        return comparisons.document(parts, place, await comparisons.compare(parts, place, since, version), theme)
    except TerraError as error:
        return _sentence(error, theme)


@router.get("")
@needs(Action.READ_NOTEBOOKS)
async def view_version(parts: TheParts, person: APerson, spot: ASpot, path: str, version: str) -> Response:
    """The page with a version to read."""
    return await _version_page(parts, person, place_of(spot, path), version, since=None)


@router.get("/changes")
@needs(Action.READ_NOTEBOOKS)
async def view_changes(
    parts: TheParts, person: APerson, spot: ASpot, path: str, version: str, since: str = ""
) -> Response:
    """The page with what changed since another version; since the one before where none is said."""
    return await _version_page(parts, person, place_of(spot, path), version, since=since)


async def _version_page(parts: Parts, person: Person, place: Place, which: str, *, since: str | None) -> Response:
    found = await parts.deeds(histories.look_at_version, place, which)
    other = None
    if since is not None:
        other = found.before if not since else (await parts.deeds(histories.look_at_version, place, since)).version
        if other is None:
            raise VersionMissing("This is the first version that there is: there is none before it to compare with.")
    at = quoted(place.namespace, place.name)
    here = f"{address_of_notebook(parts, place)}/history"
    number = found.version.number
    frame = f"{here}/{number}/frame" if other is None else f"{here}/{number}/changes/frame?since={other.number}"
    return parts.pages.page(
        "version.html",
        person,
        has_frame=True,
        found=found,
        version=found.version,
        other=other,
        words=KINDS,
        path=place.path,
        file=place.path.rpartition("/")[2],
        workspace=place.name,
        here=f"{parts.settings.service_prefix}workspaces/{at}",
        notebook_url=address_of_notebook(parts, place),
        history_url=here,
        frame_url=frame,
        sandbox=page.SANDBOX,
    )


def _sentence(error: TerraError, theme: str) -> Response:
    body = page.sentence_page("Nothing to show", error.message, theme)
    headers = {**page.HEADERS, "Cache-Control": "no-store"}
    return Response(body, status_of(error), media_type="text/html", headers=headers)
