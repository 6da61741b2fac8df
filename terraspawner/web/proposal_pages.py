"""Pages: what was proposed for a notebook. Each proposal is shown beside the notebook as it is, merged or declined."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.domain.proposal import LONGEST_NOTE, ProposalState
from terraspawner.errors import Conflict, LeaseHeld, MergeConflicts, NotAllowed, ProposalMissing, Refused, TerraError
from terraspawner.operations import proposals as deeds
from terraspawner.operations.notebooks import Place
from terraspawner.preview import page
from terraspawner.web import comparisons, proposals
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, ASpot, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.history_pages import address_of_notebook, place_of
from terraspawner.web.pages import see
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import quoted
from terraspawner.web.responses import status_of

router = APIRouter(prefix="/workspaces/{namespace}/{name}/notebooks/{path:tail}/proposals", include_in_schema=False)

Field = Annotated[str, Form(max_length=2000)]
WORDS = {
    ProposalState.MERGED: "merged",
    ProposalState.DECLINED: "declined",
    ProposalState.WITHDRAWN: "withdrawn",
}
_NOTICES = {
    "merged": "It is merged. The version before is in the history.",
    "declined": "It is declined. Who made it finds that here, with what you wrote.",
    "withdrawn": "Your proposal is withdrawn.",
}
_REFUSALS = (Refused, Conflict, LeaseHeld, NotAllowed, ProposalMissing)


@router.get("")
@needs(Action.READ_NOTEBOOKS)
async def show_proposals(parts: TheParts, person: APerson, spot: ASpot, path: str, notice: str = "") -> Response:
    """All that the person may see."""
    return await _proposals_page(parts, person, place_of(spot, path), said=_NOTICES.get(notice, ""))


@router.get("/{proposal_id:id}/frame")
@needs(Action.READ_NOTEBOOKS)
async def proposal_frame(
    parts: TheParts, spot: ASpot, path: str, proposal_id: str, since: str = "", theme: str = ""
) -> Response:
    """What it changes, alone; a refusal as a document of the same kind."""
    place = place_of(spot, path)
    try:
        made = await proposals.compare(parts, place, proposal_id, since_base=since == "base")
        return comparisons.document(parts, place, made, theme)
    except TerraError as error:
        body = page.sentence_page("Nothing to show", error.message, theme)
        headers = {**page.HEADERS, "Cache-Control": "no-store"}
        return Response(body, status_of(error), media_type="text/html", headers=headers)


@router.get("/{proposal_id:id}")
@needs(Action.READ_NOTEBOOKS)
async def show_proposal(
    parts: TheParts, person: APerson, spot: ASpot, path: str, proposal_id: str, since: str = ""
) -> Response:
    """One, beside the notebook as it is."""
    return await _proposal_page(parts, person, place_of(spot, path), proposal_id, since=since)


@router.post("/merge")
@needs(Action.WRITE_NOTEBOOKS)
async def merge(
    parts: TheParts, person: APerson, spot: ASpot, path: str, proposal: Field = "", marks: Field = ""
) -> Response:
    """The dialog of the button Merge; with `marks` that of the question that follows where both changed the same."""
    place = place_of(spot, path)
    try:
        await proposals.merge(parts, place, proposal, None, marks=bool(marks))
    except MergeConflicts as error:
        return await _proposal_page(parts, person, place, proposal, error=error)
    except _REFUSALS as error:
        return await _proposals_page(parts, person, place, error=error)
    return see(f"{address_of_notebook(parts, place)}/proposals?notice=merged")


@router.post("/close")
@needs(Action.READ_NOTEBOOKS)
async def close(
    parts: TheParts, person: APerson, spot: ASpot, path: str, proposal: Field = "", word: Field = ""
) -> Response:
    """The dialogs of the buttons Decline and Withdraw."""
    place = place_of(spot, path)
    try:
        closed = await parts.deeds(deeds.close, place, proposal, word)
    except _REFUSALS as error:
        return await _proposals_page(parts, person, place, error=error)
    return see(f"{address_of_notebook(parts, place)}/proposals?notice={closed.state}")


async def _proposals_page(
    parts: Parts, person: Person, place: Place, *, said: str = "", error: TerraError | None = None
) -> Response:
    offers = await parts.deeds(deeds.list_proposals, place)
    return parts.pages.page(
        "proposals.html",
        person,
        status=status_of(error) if error else 200,
        offers=offers,
        closed=[each for each in offers.proposals if not each.is_open],
        words=WORDS,
        longest=LONGEST_NOTE,
        said=said,
        error=error,
        **_values(parts, place),
    )


async def _proposal_page(
    parts: Parts, person: Person, place: Place, proposal_id: str, *, since: str = "", error: TerraError | None = None
) -> Response:
    offers = await parts.deeds(deeds.list_proposals, place)
    proposal = next((each for each in offers.open if each.id == proposal_id), None)
    if proposal is None:
        gone = ProposalMissing("This proposal is not open any more. Look below what became of it.")
        return await _proposals_page(parts, person, place, error=gone)
    return parts.pages.page(
        "proposal.html",
        person,
        status=status_of(error) if error else 200,
        has_frame=True,
        offers=offers,
        proposal=proposal,
        since="base" if since == "base" else "present",
        has_conflicts=isinstance(error, MergeConflicts),
        longest=LONGEST_NOTE,
        error=error,
        sandbox=page.SANDBOX,
        **_values(parts, place),
    )


def _values(parts: Parts, place: Place) -> dict[str, Any]:
    notebook_url = address_of_notebook(parts, place)
    return {
        "path": place.path,
        "file": place.path.rpartition("/")[2],
        "workspace": place.name,
        "here": f"{parts.settings.service_prefix}workspaces/{quoted(place.namespace, place.name)}",
        "notebook_url": notebook_url,
        "page_url": f"{notebook_url}/proposals",
    }
