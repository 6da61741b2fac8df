"""By which lease a request comes: its headers and its caller, put together. The person and the environment are never
what the request says but who it was found to be from."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header

from terraspawner.domain.lease import Claim, Editor, session_named
from terraspawner.web.callers import ASpot, ASpotOfEither
from terraspawner.web.responses import Malformed
from terraspawner.web.sights import Spot

MOST = 2**63 - 1
Fence = Annotated[str | None, Header(alias="Lease-Fence", description="of the caller's lease; with Lease-Session")]
Session = Annotated[str | None, Header(alias="Lease-Session", description="the session that holds the lease")]


def editor_of(spot: Spot, session: str) -> Editor:
    """The session of whoever asks. Raises `Refused` for what can be none."""
    return Editor(user=spot.user, environment=spot.environment, session=session_named(session))


def claim_of(spot: Spot, session: str | None, fence: str | None) -> Claim:
    """The claim of a request with these headers; without a lease where it has neither. Raises `Malformed`."""
    if session is None and fence is None:
        return Claim(editor=Editor(user=spot.user, environment=spot.environment, session=""))
    if session is None or fence is None:
        raise Malformed("Send Lease-Fence and Lease-Session together, or neither of them.")
    if not (fence.isascii() and fence.isdecimal()) or int(fence[:20]) > MOST:
        raise Malformed("Lease-Fence must be the number that the holder of the lease was told.")
    return Claim(editor=editor_of(spot, session), fence=int(fence))


async def _claim(spot: ASpot, fence: Fence = None, session: Session = None) -> Claim:
    return claim_of(spot, session, fence)


async def _claim_of_either(spot: ASpotOfEither, fence: Fence = None, session: Session = None) -> Claim:
    return claim_of(spot, session, fence)


AClaim = Annotated[Claim, Depends(_claim)]
"""The lease by which a person's request comes."""
AClaimOfEither = Annotated[Claim, Depends(_claim_of_either)]
"""The same, of a person or of an environment."""
