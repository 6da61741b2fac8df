"""REST: the history of a notebook. Each save is a version, with its author and time; older ones are thinned out.

`{version}` is a version's `number`, or the opaque `version` that a save was answered with.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from terraspawner.domain import names
from terraspawner.domain.access import Action
from terraspawner.domain.history import NotebookVersion, VersionKind
from terraspawner.operations import histories
from terraspawner.operations.histories import History
from terraspawner.operations.notebooks import Place
from terraspawner.web.api_notebooks import NOTEBOOK_AS_IT_IS, NOTEBOOK_TYPE, notebook_headers
from terraspawner.web.callers import ASpot, ASpotOfEither, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.lease_claims import AClaimOfEither
from terraspawner.web.openapi import BOTH, PERSON, for_person
from terraspawner.web.room import InPieces
from terraspawner.web.schemas import In, ListOut, SavedOut, Text
from terraspawner.web.sights import Spot

router = APIRouter(prefix="/workspaces/{namespace}/{name}/notebooks/{path:tail}/versions", tags=["history"])

ONE = "/{version}"


class VersionOut(BaseModel):
    number: int = Field(description="1, 2, 3, …; what was thinned out is missing")
    version: str = Field(description="opaque; the ETag that the save was answered with")
    kind: VersionKind = Field(
        description="why there is one; `external` was written past the service, `found` was there at the first look"
    )
    author: str = Field(description="empty where nobody of ours wrote it")
    at: datetime
    size: int
    name: str = Field(description="what somebody called it; empty where nobody did. Named ones are not thinned out")
    is_present: bool

    @classmethod
    def of(cls, version: NotebookVersion, present: int) -> VersionOut:
        return cls(
            number=version.number,
            version=version.version,
            kind=version.kind,
            author=version.author,
            at=version.at,
            size=version.size,
            name=version.name,
            is_present=version.number == present,
        )


class VersionsOut(ListOut[VersionOut]):
    count: int = Field(description="of all pages together")
    size: int | None = Field(description="bytes that the whole history takes; for owners of the workspace, else null")

    @classmethod
    def of(cls, history: History) -> VersionsOut:
        return cls(
            items=[VersionOut.of(each, history.notebook.number) for each in history.versions],
            next=str(history.following) if history.following else None,
            count=history.count,
            size=history.size,
        )


class VersionNameIn(In):
    name: Text = Field(description="what to call it, up to 120 characters; empty takes the name away")


@router.get("", responses=for_person(404, 422), openapi_extra=BOTH)
@needs(Action.READ_NOTEBOOKS)
async def list_versions(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="`next` of the page before")] = None,
) -> VersionsOut:
    """Its versions, the newest first: all of the last hour, one for every ten minutes of a day, then one a day."""
    return VersionsOut.of(await parts.deeds(histories.list_versions, _place(spot, path), cursor))


@router.get(
    ONE,
    response_class=Response,
    responses={200: NOTEBOOK_AS_IT_IS, **for_person(404, 422, 429)},
    openapi_extra=BOTH,
)
@needs(Action.READ_NOTEBOOKS)
async def read_version(parts: TheParts, spot: ASpotOfEither, path: str, version: str) -> Response:
    """The bytes of one version, as they were saved."""
    body, found = await parts.deeds(histories.read_version, _place(spot, path), version)
    share = parts.room.share(spot.user)
    share.grow(len(body))
    return InPieces(
        body, share, media_type=NOTEBOOK_TYPE, headers=notebook_headers(names.notebook_path(path), found.version)
    )


@router.patch(ONE, responses=for_person(404, 422), openapi_extra=PERSON)
@needs(Action.WRITE_NOTEBOOKS)
async def name_version(parts: TheParts, spot: ASpot, path: str, version: str, wanted: VersionNameIn) -> VersionOut:
    """Call it something, so that it is kept."""
    named, present = await parts.deeds(histories.name_version, _place(spot, path), version, wanted.name)
    return VersionOut.of(named, present.number)


@router.post(f"{ONE}/restore", responses=for_person(404, 409, 413, 422, 423), openapi_extra=BOTH)
@needs(Action.WRITE_NOTEBOOKS)
async def restore_version(
    parts: TheParts, spot: ASpotOfEither, path: str, version: str, claim: AClaimOfEither, response: Response
) -> SavedOut:
    """Save its bytes as a new version; all others stay. Refused while somebody else edits the notebook."""
    info = await parts.deeds(histories.restore_version, _place(spot, path), version, claim)
    response.headers["ETag"] = f'"{info.version}"'
    return SavedOut.of(info)


def _place(spot: Spot, path: str) -> Place:
    return Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=path)
