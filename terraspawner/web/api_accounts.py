"""REST: accounts for operators, one's own account, one-time links."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from terraspawner.domain.access import Action
from terraspawner.operations import accounts, groups, links, sign_ins
from terraspawner.web.callers import AnOperator, APerson, TheParts
from terraspawner.web.declared import needs, open_to_anybody
from terraspawner.web.openapi import NOBODY, PERSON, errors, for_person
from terraspawner.web.parts import Parts
from terraspawner.web.schemas import ListOut
from terraspawner.web.schemas_accounts import (
    AccountChangeIn,
    AccountIn,
    AccountOut,
    LinkCodeIn,
    LinkLookOut,
    LinkOut,
    LinkUsedOut,
    LinkUseIn,
    NewLinkOut,
    OwnAccountOut,
    PasswordIn,
    roles_of,
)

router = APIRouter(tags=["accounts"])


# --- for operators ---


@router.get("/accounts", responses=for_person(), openapi_extra=PERSON)
@needs(Action.RUN_ACCOUNTS)
async def list_accounts(parts: TheParts, operator: AnOperator) -> ListOut[AccountOut]:  # noqa: ARG001 - the guard
    """All accounts, by name. For operators."""
    now = parts.deeds.context.now()
    return ListOut(items=[AccountOut.of(listed, now) for listed in await parts.deeds(accounts.list_accounts)])


@router.post("/accounts", status_code=201, responses=for_person(409, 413, 422), openapi_extra=PERSON)
@needs(Action.RUN_ACCOUNTS)
async def add_account(parts: TheParts, operator: AnOperator, wanted: AccountIn) -> NewLinkOut:
    """Make an account and the link by which its owner sets the password. For operators, who never learn it."""
    made = await parts.deeds(
        accounts.add_account,
        name=wanted.name,
        email=wanted.email,
        is_operator=wanted.is_operator,
        actor=operator.name,
    )
    return NewLinkOut.of(made, _link_page(parts))


@router.get("/accounts/{account}", responses=for_person(404), openapi_extra=PERSON)
@needs(Action.RUN_ACCOUNTS)
async def get_account(parts: TheParts, operator: AnOperator, account: str) -> AccountOut:  # noqa: ARG001 - the guard
    """One account. For operators."""
    return AccountOut.of(await parts.deeds(accounts.get_account, account), parts.deeds.context.now())


@router.patch("/accounts/{account}", responses=for_person(404, 409, 413), openapi_extra=PERSON)
@needs(Action.RUN_ACCOUNTS)
async def change_account(parts: TheParts, operator: AnOperator, account: str, wanted: AccountChangeIn) -> AccountOut:
    """Disable or enable an account, or say whether it may create billing projects. Disabling ends its sessions and
    tokens and pauses its environments; its disks and work stay. For operators."""
    if wanted.may_create_projects is not None:
        await parts.deeds(
            accounts.set_project_founder,
            name=account,
            may_create_projects=wanted.may_create_projects,
            actor=operator.name,
        )
    if wanted.is_disabled is not None:
        act = accounts.disable if wanted.is_disabled else accounts.enable
        await parts.deeds(act, name=account, actor=operator.name)
    parts.worker.wake()
    return AccountOut.of(await parts.deeds(accounts.get_account, account), parts.deeds.context.now())


@router.post("/accounts/{account}/link", status_code=201, responses=for_person(404, 409), openapi_extra=PERSON)
@needs(Action.RUN_ACCOUNTS)
async def make_link(parts: TheParts, operator: AnOperator, account: str) -> NewLinkOut:
    """Make a one-time link by which the owner sets a password; an earlier one ends. The owner is shown who made it.
    For operators."""
    return NewLinkOut.of(await parts.deeds(links.make_link, name=account, actor=operator.name), _link_page(parts))


# --- one's own ---


@router.get("/account", responses=for_person(), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def own_account(parts: TheParts, person: APerson) -> OwnAccountOut:
    """The caller's account, with the links that were ever made for it."""
    now = parts.deeds.context.now()
    return OwnAccountOut(
        name=person.name,
        email=person.account.email,
        roles=roles_of(person.account),
        links=[LinkOut.of(link, now) for link in await parts.deeds(links.links_of, person.name)],
        groups=await parts.deeds(groups.managed_groups, person.name),
    )


@router.put("/account/password", status_code=204, responses=for_person(409, 413, 422, 429), openapi_extra=PERSON)
@needs(Action.ABOUT_ONESELF)
async def change_password(parts: TheParts, person: APerson, wanted: PasswordIn) -> Response:
    """Set another password. Every session and token of the account ends, the caller's too."""
    await parts.hashing(sign_ins.change_password, name=person.name, present=wanted.present, new=wanted.new)
    return Response(status_code=204)


# --- whoever has a link ---


@router.post("/links/look", responses=errors(404, 409, 413), openapi_extra=NOBODY)
@open_to_anybody
async def look_at_link(parts: TheParts, shown: LinkCodeIn) -> LinkLookOut:
    """Whom a one-time link is for. It stays as good as it was."""
    link = await parts.deeds(links.look_at, shown.code)
    return LinkLookOut(account=link.account, made_by=link.made_by, expires_at=link.expires_at)


@router.post("/links/use", responses=errors(404, 409, 413, 422), openapi_extra=NOBODY)
@open_to_anybody
async def use_link(parts: TheParts, shown: LinkUseIn) -> LinkUsedOut:
    """Set the password of the link's account. The link ends, and every session and token of the account."""
    return LinkUsedOut(account=await parts.hashing(links.use_link, code=shown.code, password=shown.password))


def _link_page(parts: Parts) -> str:
    return f"{parts.settings.address}{parts.settings.service_prefix}set-password"
