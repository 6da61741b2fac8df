"""The browser's way through the Hub: log in, come back, log out of this service."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from terraspawner.web.callers import TheParts
from terraspawner.web.declared import open_to_anybody

router = APIRouter(include_in_schema=False)


@router.get("/login")
@open_to_anybody
async def login(request: Request, parts: TheParts, next: str = "") -> RedirectResponse:  # noqa: A002 - the word in the address
    """Send the browser to the Hub, to come back to `next`."""
    departure = parts.auth.depart(next)
    response = RedirectResponse(departure.url, 302, headers={"Cache-Control": "no-store"})
    parts.auth.set_departure(request, response, departure)
    return response


@router.get("/oauth_callback")
@open_to_anybody
async def oauth_callback(request: Request, parts: TheParts) -> RedirectResponse:
    """The browser comes back with a code."""
    session, next_url = await parts.auth.arrive(request)
    response = RedirectResponse(next_url, 302, headers={"Cache-Control": "no-store"})
    parts.auth.clear(request, response, session=False)
    parts.auth.set_session(request, response, session)
    return response
