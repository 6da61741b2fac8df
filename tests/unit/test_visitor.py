"""Claims to visitors: whose word counts, and what makes no account."""

from typing import Any

import pytest

from terraspawner.domain.visitor import GROUPS_LIMIT, groups_of, visitor_of
from terraspawner.errors_accounts import VisitorRefused
from terraspawner.providers import Way

ANA = {
    "sub": "42",
    "preferred_username": "ana",
    "email": "ana@example.org",
    "email_verified": True,
    "groups": ["lab", "/units/heart team"],
}


def way(**changes: Any) -> Way:
    values = {
        "kind": "oidc",
        "label": "Lab",
        "issuer": "https://id.example.org",
        "scopes": ("openid",),
        "name_claim": "preferred_username",
        "groups_claims": ("groups",),
    }
    return Way(**(values | changes))


def test_a_visitor_is_bound_to_the_provider_and_its_number() -> None:
    visitor = visitor_of(ANA, way())
    assert visitor.subject == "https://id.example.org 42"
    assert (visitor.name, visitor.email, visitor.groups) == ("ana", "ana@example.org", ("/units/heart team", "lab"))
    assert (visitor.is_operator, visitor.is_allowed) == (False, True)


@pytest.mark.parametrize(
    ("changes", "is_operator", "is_allowed"),
    [
        ({"allowed_groups": {"lab"}}, False, True),
        ({"allowed_groups": {"Lab"}}, False, False),
        ({"allowed_groups": {"other", "*"}}, False, True),
        ({"operator_groups": {"lab"}}, True, True),
        ({"operator_groups": {"ana"}}, False, True),
        ({"operators": {"ana"}}, True, True),
        ({"operators": {"ana"}, "allowed_groups": {"other"}}, True, False),
    ],
)
def test_groups_let_in_and_make_operators(changes: dict[str, Any], is_operator: bool, is_allowed: bool) -> None:
    visitor = visitor_of(ANA, way(**changes))
    assert (visitor.is_operator, visitor.is_allowed) == (is_operator, is_allowed)


@pytest.mark.parametrize(
    ("told", "name"),
    [("Ana@Example.ORG", "ana@example.org"), ("ana.o+lab@example.org", "ana.o+lab@example.org"), ("ANA_1", "ana_1")],
)
def test_a_name_may_be_an_email_address_and_is_folded_as_the_hub_folds_it(told: str, name: str) -> None:
    assert visitor_of({**ANA, "preferred_username": told}, way()).name == name


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sub": None}, "who you are"),
        ({"sub": ""}, "who you are"),
        ({"sub": 42}, "who you are"),
        ({"sub": "4\n2"}, "who you are"),
        ({"sub": "4" * 256}, "who you are"),
        ({"preferred_username": None}, "claim preferred_username"),
        ({"preferred_username": ["ana"]}, "claim preferred_username"),
        ({"preferred_username": ""}, "claim preferred_username"),
        ({"preferred_username": "../ben"}, "contains '/'"),
        ({"preferred_username": "an a"}, "a space"),
        ({"preferred_username": "\u0430na"}, "cyrillic small letter a"),
        ({"preferred_username": "\u212aarl"}, "kelvin sign"),
        ({"preferred_username": ".."}, "begins or ends with '.'"),
        ({"preferred_username": "@example.org"}, "begins or ends with '@'"),
        ({"preferred_username": "(identity provider)"}, "contains '('"),
        ({"preferred_username": "a" * 201}, "201 characters"),
    ],
)
def test_what_makes_no_account_is_told_in_a_sentence(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(VisitorRefused) as refused:
        visitor_of({**ANA, **changes}, way())
    assert says in refused.value.message


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_email_that_nobody_verified_is_no_name_and_no_email(verified: object) -> None:
    told = {**ANA, "email_verified": verified}
    assert visitor_of(told, way()).email == ""
    with pytest.raises(VisitorRefused, match="has not verified your e-mail address"):
        visitor_of(told, way(name_claim="email"))


@pytest.mark.parametrize(
    ("claims", "paths", "groups"),
    [
        ({}, ("groups",), ()),
        ({"groups": None}, ("groups",), ()),
        ({"groups": "lab"}, ("groups",), ("lab",)),
        ({"groups": ["b", "a", "b", "", " c", "x\ny", 7, None, "g" * 256]}, ("groups",), ("a", "b")),
        ({"groups": {"lab": True}}, ("groups",), ()),
        ({"roles": {"team": ["t"], "group": ["g"]}}, ("roles.team", "roles.group"), ("g", "t")),
        ({"roles": ["t"]}, ("roles.team",), ()),
        ({"https://example.org/groups": ["lab"]}, ("https://example.org/groups",), ("lab",)),
    ],
)
def test_groups_are_read_from_wherever_the_site_says(
    claims: dict[str, object], paths: tuple[str, ...], groups: tuple[str, ...]
) -> None:
    assert groups_of(claims, way(groups_claims=paths)) == groups


def test_no_provider_fills_the_table() -> None:
    told = {"groups": [f"group {number}" for number in range(GROUPS_LIMIT * 2)]}
    assert len(groups_of(told, way())) == GROUPS_LIMIT
