"""REST: proposals for a notebook. Who may read it proposes a changed copy; who may change it merges or declines."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.domain.proposal import LONGEST_NOTE, Proposal, ProposalState
from terraspawner.operations import proposals as deeds
from terraspawner.operations.notebooks import Place
from terraspawner.operations.proposals import Offers
from terraspawner.web import comparisons, proposals
from terraspawner.web.api_notebooks import NOTEBOOK_AS_IT_IS, NOTEBOOK_BYTES, NOTEBOOK_TYPE, notebook_headers
from terraspawner.web.bodies import read_notebook_body
from terraspawner.web.callers import ASpot, ASpotOfEither, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.lease_claims import AClaimOfEither
from terraspawner.web.openapi import BOTH, HTML, PERSON, for_person
from terraspawner.web.room import InPieces
from terraspawner.web.schemas import In, ListOut, SavedOut
from terraspawner.web.sights import Spot

router = APIRouter(prefix="/workspaces/{namespace}/{name}/notebooks/{path:tail}/proposals", tags=["proposals"])

ONE = "/{proposal_id:id}"


class ProposalOut(BaseModel):
    id: str
    proposer: str
    at: datetime
    base: int = Field(description="number of the version that it came from")
    size: int
    note: str = Field(description="what it is about, as its maker wrote; may be empty")
    state: ProposalState
    closed_by: str = Field(description="empty while it is open")
    closed_at: datetime | None
    word: str = Field(description="why it was declined, as somebody wrote; may be empty")

    @classmethod
    def of(cls, proposal: Proposal) -> ProposalOut:
        return cls(**{name: getattr(proposal, name) for name in cls.model_fields})


class ProposalsOut(ListOut[ProposalOut]):
    may_decide: bool = Field(description="whether you may merge and decline them")

    @classmethod
    def of(cls, offers: Offers) -> ProposalsOut:
        return cls(items=[ProposalOut.of(each) for each in offers.proposals], may_decide=offers.may_decide)


class MergeIn(In):
    marks: bool = Field(
        default=False, description="where both changed the same save both texts, between the marks that git uses"
    )


@router.get("", responses=for_person(404, 422), openapi_extra=BOTH)
@needs(Action.READ_NOTEBOOKS)
async def list_proposals(parts: TheParts, spot: ASpotOfEither, path: str) -> ProposalsOut:
    """The newest first: the open ones, and what became of your own; for who may decide, of all."""
    return ProposalsOut.of(await parts.deeds(deeds.list_proposals, _place(spot, path)))


@router.post(
    "",
    status_code=201,
    responses=for_person(404, 408, 413, 422, 429),
    openapi_extra={**BOTH, "requestBody": {"required": True, "content": NOTEBOOK_BYTES}},
)
@needs(Action.READ_NOTEBOOKS)
async def make_proposal(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    request: Request,
    base: Annotated[
        str,
        Query(max_length=300, description="the version that the notebook came from; left out: the present one"),
    ] = "",
    note: Annotated[str, Query(max_length=4 * LONGEST_NOTE, description="what it is about")] = "",
) -> ProposalOut:
    """Offer the notebook that is sent. It takes the place of the one that you offered before."""
    place = _place(spot, path)
    with closing(parts.room.share(spot.user)) as share:
        body = await read_notebook_body(request.stream(), parts.settings.notebook_limit, place.path, share)
        made = await parts.deeds(deeds.propose, place, body, base=base, note=note)
    return ProposalOut.of(made)


@router.get(
    ONE,
    response_class=Response,
    responses={200: NOTEBOOK_AS_IT_IS, **for_person(404, 422, 429)},
    openapi_extra=BOTH,
)
@needs(Action.READ_NOTEBOOKS)
async def read_proposal(parts: TheParts, spot: ASpotOfEither, path: str, proposal_id: str) -> Response:
    """The bytes of an open one, as they were sent."""
    place = _place(spot, path)
    body, found, _ = await parts.deeds(deeds.read_proposal, place, proposal_id)
    share = parts.room.share(spot.user)
    share.grow(len(body))
    return InPieces(body, share, media_type=NOTEBOOK_TYPE, headers=notebook_headers(place.path, found.id))


@router.get(
    f"{ONE}/diff",
    response_class=Response,
    responses={
        200: HTML,
        **for_person(404, 413, 422, 429),
    },
    openapi_extra=BOTH,
)
@needs(Action.READ_NOTEBOOKS)
async def diff_proposal(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    proposal_id: str,
    since: Literal["present", "base"] = "present",
    theme: Literal["", "light", "dark"] = "",
) -> Response:
    """What merging it would change in the notebook as it is, or what was changed since the version it came from."""
    place = _place(spot, path)
    made = await proposals.compare(parts, place, proposal_id, since_base=since == "base")
    return comparisons.document(parts, place, made, theme)


# no address of a notebook ends so: whatever is in the id's place is no notebook's folder
@router.post("/{proposal_id}/merge", responses=for_person(404, 409, 413, 422, 423, 429), openapi_extra=BOTH)
@needs(Action.WRITE_NOTEBOOKS)
async def merge_proposal(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    proposal_id: str,
    claim: AClaimOfEither,
    wanted: MergeIn,
    response: Response,
) -> SavedOut:
    """Merge it into the notebook as it is, cell by cell, and save that: by the caller's lease, or while nobody has one.

    409 `merge-conflicts` where both changed the same and no marks are wished; then nothing is saved.
    """
    info = await proposals.merge(parts, _place(spot, path), proposal_id, claim, marks=wanted.marks)
    response.headers["ETag"] = f'"{info.version}"'
    return SavedOut.of(info)


@router.delete(ONE, responses=for_person(404, 422), openapi_extra=PERSON)
@needs(Action.READ_NOTEBOOKS)
async def close_proposal(
    parts: TheParts,
    spot: ASpot,
    path: str,
    proposal_id: str,
    word: Annotated[str, Query(max_length=4 * LONGEST_NOTE, description="why, to who made it")] = "",
) -> ProposalOut:
    """Withdraw your own, or decline somebody's."""
    return ProposalOut.of(await parts.deeds(deeds.close, _place(spot, path), proposal_id, word))


def _place(spot: Spot, path: str) -> Place:
    return Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=names.notebook_path(path))
