"""The page of a one-time link: whoever holds one sets the password of its account. Nobody signs in for that.

The secret stands behind the ``#``, which a browser sends to nobody; a small script puts it into a form, which sends it
in the body of a POST, and takes it out of the address. So it is in no log, no history and no ``Referer``. Without
scripts the link is pasted into the same form.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from terraspawner.domain import password as rules
from terraspawner.errors import TerraError
from terraspawner.errors_accounts import LinkDead, PasswordRefused
from terraspawner.operations import links, sign_ins
from terraspawner.web.addresses import is_https
from terraspawner.web.callers import TheParts
from terraspawner.web.declared import open_to_anybody
from terraspawner.web.pages import Field
from terraspawner.web.parts import Parts
from terraspawner.web.responses import status_of

router = APIRouter(include_in_schema=False)

_LONGEST = 2000
_DEVICE_SECONDS = 400 * 24 * 3600


@router.get("/set-password")
@open_to_anybody
async def ask_for_link(parts: TheParts) -> Response:
    """The address of every link, as far as a server sees it."""
    links.refuse_elsewhere(parts.deeds.context)
    return _page(parts, "link.html")


@router.post("/set-password")
@open_to_anybody
async def show_link(parts: TheParts, code: Field = "") -> Response:
    """Whom the link is for, and the form for the password."""
    return await _form(parts, code)


@router.post("/set-password/new")
@open_to_anybody
async def use_link(
    request: Request, parts: TheParts, code: Field = "", password: Field = "", again: Field = ""
) -> Response:
    """The password as it was typed twice."""
    if password != again:
        return await _form(parts, code, PasswordRefused("The two passwords differ. Type the same one twice."))
    try:
        name = await parts.hashing(links.use_link, code=code[:_LONGEST], password=password[:_LONGEST])
    except PasswordRefused as error:
        return await _form(parts, code, error)
    except LinkDead as error:
        return _page(parts, "link.html", error=error, status=404)
    response = _page(parts, "link_used.html", name=name, is_signed_in=parts.auth.session_of(request) is not None)
    _remember_browser(request, response, parts, name)
    return response


async def _form(parts: Parts, code: str, error: TerraError | None = None) -> Response:
    code = code[:_LONGEST].strip().rpartition("#")[2]
    try:
        link = await parts.deeds(links.look_at, code)
    except LinkDead as dead:
        return _page(parts, "link.html", error=dead, status=404)
    status = status_of(error) if error else 200
    return _page(parts, "link_form.html", link=link, code=code, error=error, shortest=rules.SHORTEST, status=status)


def _page(parts: Parts, template: str, *, status: int = 200, **values: Any) -> Response:
    response = parts.pages.page(template, None, status=status, **values)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _remember_browser(request: Request, response: Response, parts: Parts, name: str) -> None:
    """Who has just set the password is known at the Hub's login: no guesses by others make this person wait."""
    context = parts.deeds.context
    response.set_cookie(
        sign_ins.device_cookie(context, name),
        sign_ins.device_token(context, name),
        max_age=_DEVICE_SECONDS,
        path="/hub/",
        httponly=True,
        samesite="lax",
        secure=is_https(request),
    )
