"""Pages: accounts, for operators; and everybody's own account."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from terraspawner.domain import password as rules
from terraspawner.domain.access import Action
from terraspawner.domain.account import LinkState
from terraspawner.errors import Conflict, NameRefused, NotFound, Refused, TerraError
from terraspawner.errors_accounts import PasswordRefused, PasswordsElsewhere, TooManyTries
from terraspawner.operations import accounts, groups, links, sign_ins
from terraspawner.operations.links import NewLink
from terraspawner.web.addresses import is_https
from terraspawner.web.auth import Person
from terraspawner.web.callers import AnOperator, APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.pages import Field
from terraspawner.web.parts import Parts
from terraspawner.web.responses import status_of

router = APIRouter(include_in_schema=False)

_LONGEST = 2000


# --- for operators ---


@router.get("/accounts")
@needs(Action.RUN_ACCOUNTS)
async def all_accounts(parts: TheParts, operator: AnOperator) -> Response:
    """All accounts, and the form for a new one."""
    return await _accounts(parts, operator)


@router.post("/accounts")
@needs(Action.RUN_ACCOUNTS)
async def add_account(
    request: Request,
    parts: TheParts,
    operator: AnOperator,
    name: Field = "",
    email: Field = "",
    is_operator: Annotated[bool, Form()] = False,
) -> Response:
    """The form for a new account. A refusal stands beside the field; the link is shown once, on the answer."""
    wanted = {"name": name[:_LONGEST].strip(), "email": email[:_LONGEST].strip()}
    try:
        made = await parts.deeds(accounts.add_account, **wanted, is_operator=is_operator, actor=operator.name)
    except (Refused, Conflict) as error:
        return await _accounts(parts, operator, error=error, wanted={**wanted, "is_operator": is_operator})
    return await _accounts(parts, operator, made=made, page=_link_page(request, parts))


@router.post("/accounts/{account}/link")
@needs(Action.RUN_ACCOUNTS)
async def make_link(request: Request, parts: TheParts, operator: AnOperator, account: str) -> Response:
    """A one-time link, shown once, on the answer."""
    try:
        made = await parts.deeds(links.make_link, name=account, actor=operator.name)
    except (Conflict, NotFound) as error:
        return await _accounts(parts, operator, fault=error)
    return await _accounts(parts, operator, made=made, page=_link_page(request, parts))


@router.post("/accounts/{account}/disable")
@needs(Action.RUN_ACCOUNTS)
async def disable(parts: TheParts, operator: AnOperator, account: str) -> Response:
    """The dialog of the button Disable."""
    try:
        await parts.deeds(accounts.disable, name=account, actor=operator.name)
    except (Conflict, NotFound) as error:
        return await _accounts(parts, operator, fault=error)
    parts.worker.wake()
    return _see(f"{parts.settings.service_prefix}accounts")


@router.post("/accounts/{account}/enable")
@needs(Action.RUN_ACCOUNTS)
async def enable(parts: TheParts, operator: AnOperator, account: str) -> Response:
    """The button Enable."""
    try:
        await parts.deeds(accounts.enable, name=account, actor=operator.name)
    except NotFound as error:
        return await _accounts(parts, operator, fault=error)
    return _see(f"{parts.settings.service_prefix}accounts")


# --- one's own ---


@router.get("/account")
@needs(Action.ABOUT_ONESELF)
async def own_account(parts: TheParts, person: APerson) -> Response:
    """My account: the password, and who made links for it."""
    return await _own(parts, person)


@router.post("/account/password")
@needs(Action.ABOUT_ONESELF)
async def change_password(
    request: Request, parts: TheParts, person: APerson, present: Field = "", new: Field = "", again: Field = ""
) -> Response:
    """The form for another password. Everything that is signed in ends, this browser's session too."""
    try:
        if new != again:
            raise PasswordRefused("The two new passwords differ. Type the same one twice.")
        await parts.hashing(sign_ins.change_password, name=person.name, present=present[:_LONGEST], new=new[:_LONGEST])
    except (Refused, TooManyTries, PasswordsElsewhere) as error:
        return await _own(parts, person, error=error)
    response = parts.pages.page("password_changed.html", None, name=person.name)
    parts.auth.clear(request, response, session=True)
    return response


@router.post("/account/seen")
@needs(Action.ABOUT_ONESELF)
async def seen(parts: TheParts, person: APerson, up_to: Field = "") -> Response:
    """The button of the message about links: it was read."""
    await parts.deeds(links.mark_seen, person.name, _moment(up_to))
    return _see(f"{parts.settings.service_prefix}account")


def _moment(written: str) -> datetime:
    """The moment that the form was given. Raises `NameRefused` for anything else."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise NameRefused("This form was changed on its way: it has no moment in it. Open the page again.")
    return moment


async def _accounts(
    parts: Parts,
    operator: Person,
    *,
    made: NewLink | None = None,
    page: str = "",
    error: TerraError | None = None,
    fault: TerraError | None = None,
    wanted: dict[str, object] | None = None,
) -> Response:
    problem = error or fault
    return parts.pages.page(
        "accounts.html",
        operator,
        status=status_of(problem) if problem else 200,
        accounts=await parts.deeds(accounts.list_accounts),
        now=parts.deeds.context.now(),
        open_link=LinkState.OPEN,
        made=made,
        url=f"{page}#{made.code}" if made else "",
        error=error,
        fault=fault,
        wanted=wanted or {},
    )


async def _own(parts: Parts, person: Person, *, error: TerraError | None = None) -> Response:
    return parts.pages.page(
        "account.html",
        person,
        status=status_of(error) if error else 200,
        account=person.account,
        links=await parts.deeds(links.links_of, person.name),
        groups=await parts.deeds(groups.managed_groups, person.name),
        now=parts.deeds.context.now(),
        shortest=rules.SHORTEST,
        error=error,
    )


def _link_page(request: Request, parts: Parts) -> str:
    """As the operator's browser reaches this deployment, so will the person's."""
    scheme = "https" if is_https(request) else "http"
    host = urlsplit(str(request.url)).netloc
    return f"{scheme}://{host}{parts.settings.service_prefix}set-password"


def _see(url: str) -> RedirectResponse:
    """After a form: show the result, so that a reload repeats nothing."""
    return RedirectResponse(url, 303)
