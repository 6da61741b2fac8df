"""What goes in and out of the routes on accounts. No password and no link ever goes out but where it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from terraspawner.domain.account import Account, Link, LinkState
from terraspawner.operations.accounts import Listed
from terraspawner.operations.links import NewLink
from terraspawner.web.schemas import In, Text

RoleName = Literal["user", "operator", "project-founder"]


def roles_of(account: Account) -> list[RoleName]:
    """What an account is in the deployment."""
    roles: list[RoleName] = ["user"]
    if account.is_operator:
        roles.append("operator")
    if account.may_create_projects:
        roles.append("project-founder")
    return roles


class LinkOut(BaseModel):
    """A one-time link as it is told of, without what would open it."""

    made_by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    state: LinkState

    @classmethod
    def of(cls, link: Link, now: datetime) -> LinkOut:
        return cls(
            made_by=link.made_by,
            made_at=link.made_at,
            expires_at=link.expires_at,
            used_at=link.used_at,
            state=link.state(now),
        )


class AccountOut(BaseModel):
    name: str
    email: str
    is_operator: bool
    is_disabled: bool
    is_let_go: bool = Field(description="by the identity provider: in no group whose members may come in")
    may_create_projects: bool = Field(description="billing projects besides the personal one")
    has_password: bool = Field(description="false until the person has set one")
    created_at: datetime
    signed_in_at: datetime | None = Field(description="last sign-in; null before the first")
    link: LinkOut | None = Field(description="the newest one")

    @classmethod
    def of(cls, listed: Listed, now: datetime) -> AccountOut:
        account = listed.account
        return cls(
            name=account.name,
            email=account.email,
            is_operator=account.is_operator,
            is_disabled=account.is_disabled,
            is_let_go=account.is_let_go,
            may_create_projects=account.may_create_projects,
            has_password=listed.has_password,
            created_at=listed.created_at,
            signed_in_at=listed.signed_in_at,
            link=LinkOut.of(listed.link, now) if listed.link else None,
        )


class AccountIn(In):
    name: Text = Field(description="small letters a-z, digits, '.' and '-'", examples=["eva"])
    email: Text = ""
    is_operator: bool = False


class AccountChangeIn(In):
    """What is left out, or null, stays."""

    is_disabled: bool | None = None
    may_create_projects: bool | None = Field(default=None, description="billing projects besides the personal one")


class NewLinkOut(BaseModel):
    """A link as it is told once. Hand it to the person over a way that only the person reads."""

    account: str
    url: str = Field(description="what stands behind the # is sent to no server by a browser")
    expires_at: datetime

    @classmethod
    def of(cls, link: NewLink, page: str) -> NewLinkOut:
        return cls(account=link.account, url=f"{page}#{link.code}", expires_at=link.expires_at)


class LinkCodeIn(In):
    code: Text = Field(description="what stands behind the # of the link; the whole link does too")


class LinkUseIn(LinkCodeIn):
    password: Text


class LinkLookOut(BaseModel):
    """Whom a link is for."""

    account: str
    made_by: str
    expires_at: datetime


class LinkUsedOut(BaseModel):
    account: str


class PasswordIn(In):
    present: Text
    new: Text


class OwnAccountOut(BaseModel):
    name: str
    email: str
    roles: list[RoleName]
    links: list[LinkOut] = Field(description="all that were made for this account, the newest first")
    groups: list[str] = Field(description="as the identity provider told them last, where one signs people in")
