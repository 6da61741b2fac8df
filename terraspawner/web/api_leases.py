"""REST: leases. Who edits a notebook holds its lease: acquire, renew, release, ask for it, hand it over, take it over.

The holder is a session: `session` is a name that the caller chose, with the environment whose key was sent. A person's
program holds one for itself. Every answer has the lease as it is now; 423 says who has it and for how long.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from terraspawner.domain.access import Action
from terraspawner.domain.lease import Claim, Editor
from terraspawner.operations import leases
from terraspawner.operations.leases import LeaseSight
from terraspawner.operations.notebooks import Place
from terraspawner.web import lease_claims
from terraspawner.web.callers import ASpot, ASpotOfEither, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.lease_claims import editor_of
from terraspawner.web.openapi import BOTH, PERSON, for_person
from terraspawner.web.parts import Parts
from terraspawner.web.schemas import In, Text
from terraspawner.web.schemas_leases import LeaseOut
from terraspawner.web.sights import Spot

router = APIRouter(prefix="/workspaces/{namespace}/{name}/notebooks/{path:tail}/lease", tags=["leases"])

_CHANGES = for_person(404, 409, 422, 423)


class SessionIn(In):
    session: Text = Field(description="1 to 64 letters a-z, digits, '-' and '_'; a random one per tab")


class ClaimIn(SessionIn):
    fence: int = Field(ge=0, le=lease_claims.MOST, description="that the holder was told")


class HandoverIn(ClaimIn):
    to: Text | None = Field(default=None, description="a person who has asked; it is reserved for them")
    to_session: Text | None = Field(default=None, description="another session of the same environment; has it at once")

    @model_validator(mode="after")
    def _says_to_whom(self) -> HandoverIn:
        if (self.to is None) == (self.to_session is None):
            raise ValueError("give `to` or `to_session`")
        return self


class DeclineIn(ClaimIn):
    user: Text = Field(description="who has asked")


@router.get("", responses=for_person(404, 422), openapi_extra=BOTH)
@needs(Action.READ_NOTEBOOKS)
async def get_lease(
    parts: TheParts,
    spot: ASpotOfEither,
    path: str,
    session: Annotated[str, Query(description="the caller's, to be told the fence of its own lease")] = "",
) -> LeaseOut:
    """Who edits it, until when; who has asked for it."""
    asks = editor_of(spot, session) if session else _nobodys(spot)
    return LeaseOut.of(await parts.deeds(leases.look, _place(spot, path)), asks)


@router.post("", responses=_CHANGES, openapi_extra=BOTH)
@needs(Action.WRITE_NOTEBOOKS)
async def acquire_lease(parts: TheParts, spot: ASpotOfEither, path: str, who: SessionIn) -> LeaseOut:
    """Get it, or go on with it. Held for 90 seconds; renew it every 20. Read the notebook after this, not before."""
    editor = editor_of(spot, who.session)
    return LeaseOut.of(await parts.deeds(leases.acquire, _place(spot, path), editor), editor)


@router.patch("", responses=_CHANGES, openapi_extra=BOTH)
@needs(Action.WRITE_NOTEBOOKS)
async def renew_lease(parts: TheParts, spot: ASpotOfEither, path: str, who: ClaimIn) -> LeaseOut:
    """Hold it for another 90 seconds; also one that ran out, while nobody took it. The answer has the requests."""
    claim = _claim(spot, who)
    return LeaseOut.of(await parts.deeds(leases.renew, _place(spot, path), claim), claim.editor)


@router.delete("", status_code=204, response_model=None, responses=_CHANGES, openapi_extra=BOTH)
@needs(Action.WRITE_NOTEBOOKS)
async def release_lease(parts: TheParts, spot: ASpotOfEither, path: str, who: ClaimIn) -> None:
    """Give it back. Once more does no harm."""
    await parts.deeds(leases.release, _place(spot, path), _claim(spot, who))


@router.post("/request", responses=_CHANGES, openapi_extra=BOTH)
@needs(Action.WRITE_NOTEBOOKS)
async def request_lease(parts: TheParts, spot: ASpotOfEither, path: str) -> LeaseOut:
    """Ask the holder for it. They see it in JupyterLab, and hand it over or decline."""
    return _told(_called(parts, await parts.deeds(leases.ask, _place(spot, path))), spot)


@router.post("/decline", responses=_CHANGES, openapi_extra=BOTH)
@needs(Action.WRITE_NOTEBOOKS)
async def decline_request(parts: TheParts, spot: ASpotOfEither, path: str, answer: DeclineIn) -> LeaseOut:
    """The holder says no to somebody who asked."""
    claim = _claim(spot, answer)
    return LeaseOut.of(await parts.deeds(leases.decline, _place(spot, path), claim, answer.user), claim.editor)


@router.post("/handover", responses=_CHANGES, openapi_extra=BOTH)
@needs(Action.WRITE_NOTEBOOKS)
async def hand_over_lease(parts: TheParts, spot: ASpotOfEither, path: str, to_whom: HandoverIn) -> LeaseOut:
    """The holder gives it to a person who asked, for whom it is reserved two minutes, or to another of its own tabs."""
    claim, place = _claim(spot, to_whom), _place(spot, path)
    if to_whom.to_session is not None:
        other = editor_of(spot, to_whom.to_session)
        return LeaseOut.of(await parts.deeds(leases.hand_to_session, place, claim, other.session), other)
    return _told(await parts.deeds(leases.hand_over, place, claim, to_whom.to or ""), spot)


@router.post("/takeover", responses=_CHANGES, openapi_extra=PERSON)
@needs(Action.TAKE_LEASES)
async def take_over_lease(parts: TheParts, spot: ASpot, path: str) -> LeaseOut:
    """An owner of the workspace takes it: after a countdown of a minute, at once where nobody else holds it.

    It is reserved for the owner then. What the former holder has not saved is kept in their environment.
    """
    return _told(_called(parts, await parts.deeds(leases.take_over, _place(spot, path))), spot)


def _called(parts: Parts, sight: LeaseSight) -> LeaseSight:
    parts.calls.tell_holder(sight)
    return sight


def _place(spot: Spot, path: str) -> Place:
    return Place(user=spot.user, namespace=spot.namespace, name=spot.name, path=path)


def _claim(spot: Spot, who: ClaimIn) -> Claim:
    return Claim(editor=editor_of(spot, who.session), fence=who.fence)


def _nobodys(spot: Spot) -> Editor:
    return Editor(user=spot.user, environment=spot.environment, session="")


def _told(sight: LeaseSight, spot: Spot) -> LeaseOut:
    return LeaseOut.of(sight, _nobodys(spot))
