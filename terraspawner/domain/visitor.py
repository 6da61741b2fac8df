"""Who an identity provider says has come: from the claims of its user info to a name, an e-mail and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from terraspawner.domain.account import email_address, external_name
from terraspawner.errors import Refused
from terraspawner.errors_accounts import VisitorRefused
from terraspawner.providers import Way

GROUP_LIMIT = 255
GROUPS_LIMIT = 2000
SUBJECT_LIMIT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person as a provider tells of them now. `subject` is the same for ever; everything else may change.

    The subject is the provider's own number for the person together with the provider, and it is what an account is
    bound to: names and e-mails are given to somebody else one day.
    """

    subject: str
    name: str
    email: str
    groups: tuple[str, ...]
    is_operator: bool
    is_allowed: bool


def visitor_of(claims: Mapping[str, object], way: Way) -> Visitor:
    """The visitor that these claims tell of. Raises `VisitorRefused` where they make no account."""
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub or len(sub) > SUBJECT_LIMIT or not sub.isprintable():
        raise VisitorRefused(f"{way.label} did not say who you are (the claim sub). Ask the operator.")
    name = _name(claims, way)
    groups = groups_of(claims, way)
    return Visitor(
        subject=f"{way.issuer} {sub}",
        name=name,
        email=_email(claims),
        groups=groups,
        is_operator=name in way.operators or not way.operator_groups.isdisjoint(groups),
        is_allowed=way.is_open or not way.allowed_groups.isdisjoint(groups),
    )


def groups_of(claims: Mapping[str, object], way: Way) -> tuple[str, ...]:
    """The groups in these claims, each once, in order. What is no name of a group is left out."""
    told = (each for path in way.groups_claims for each in _texts(_at(claims, path)))
    names = {each for each in told if each and len(each) <= GROUP_LIMIT and each.isprintable() and each == each.strip()}
    return tuple(sorted(names)[:GROUPS_LIMIT])


def _name(claims: Mapping[str, object], way: Way) -> str:
    text = _at(claims, way.name_claim)
    if not isinstance(text, str) or not text:
        raise VisitorRefused(
            f"{way.label} did not tell your user name (the claim {way.name_claim}). Ask the operator to look at "
            "TERRA_SIGN_IN_NAME_CLAIM and TERRA_SIGN_IN_SCOPES."
        )
    if way.name_claim == "email" and claims.get("email_verified") is not True:
        raise VisitorRefused(f"{way.label} has not verified your e-mail address. Verify it there, then sign in again.")
    try:
        return external_name(text)
    except Refused as refused:
        raise VisitorRefused(
            f"You cannot sign in with the name that {way.label} has for you: {refused.message}"
        ) from None


def _email(claims: Mapping[str, object]) -> str:
    """The e-mail, where the provider says that it is the person's."""
    text = claims.get("email")
    if not isinstance(text, str) or claims.get("email_verified") is not True:
        return ""
    try:
        return email_address(text)
    except Refused:
        return ""


def _at(claims: Mapping[str, object], path: str) -> object:
    """A claim by its name, which may hold dots itself (``https://example.org/groups``), else step by step."""
    if path in claims:
        return claims[path]
    found: object = claims
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def _texts(value: object) -> Iterator[str]:
    """A text is one group; providers with one group for each person send it so."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (each for each in value if isinstance(each, str))
