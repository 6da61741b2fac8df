"""The ways to sign in: which settings make one, and what is wrong with the others."""

import pytest

from terraspawner.errors import SettingsWrong
from terraspawner.providers import PROVIDERS
from terraspawner.settings import Settings

OWN = {
    "TERRA_SIGN_IN": "oidc",
    "TERRA_SIGN_IN_CLIENT_ID": "hub",
    "TERRA_SIGN_IN_ISSUER": "https://id.example.org/realms/lab",
    "TERRA_SIGN_IN_OPERATORS": "Rosa@example.org",
}
"""What a site with a provider of its own has to say, and nothing more."""


def made(**changes: str) -> Settings:
    return Settings.from_environ({**OWN, **changes})


def test_a_site_says_where_its_provider_is_and_who_operates() -> None:
    way = made().way
    assert way is not None
    assert (way.label, way.name_claim, way.groups_claims) == ("id.example.org", "preferred_username", ("groups",))
    assert way.scopes == ("openid", "profile", "email")
    assert way.operators == {"rosa@example.org"}
    assert way.is_open


def test_the_embedded_form_is_no_provider() -> None:
    assert Settings.from_environ({}).way is None


@pytest.mark.parametrize("kind", sorted(set(PROVIDERS) - {"oidc"}))
def test_a_known_provider_needs_an_id_groups_and_operators(kind: str) -> None:
    way = made(TERRA_SIGN_IN=kind, TERRA_SIGN_IN_ISSUER="", TERRA_SIGN_IN_ALLOWED_GROUPS="Lab of R, lab:b").way
    assert way is not None
    assert way.issuer == PROVIDERS[kind].issuer
    assert way.label == PROVIDERS[kind].label
    assert way.allowed_groups == {"Lab of R", "lab:b"}
    assert not way.is_open


def test_the_whole_world_comes_in_only_where_that_is_said() -> None:
    with pytest.raises(SettingsWrong, match="TERRA_SIGN_IN_ALLOWED_GROUPS is empty, and anybody"):
        made(TERRA_SIGN_IN="google", TERRA_SIGN_IN_ISSUER="")
    way = made(TERRA_SIGN_IN="google", TERRA_SIGN_IN_ISSUER="", TERRA_SIGN_IN_ALLOWED_GROUPS="*").way
    assert way is not None
    assert way.is_open


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TERRA_SIGN_IN", "saml"),
        ("TERRA_SIGN_IN", "OIDC"),
        ("TERRA_SIGN_IN_CLIENT_ID", ""),
        ("TERRA_SIGN_IN_ISSUER", ""),
        ("TERRA_SIGN_IN_ISSUER", "id.example.org"),
        ("TERRA_SIGN_IN_ISSUER", "http://id.example.org"),
        ("TERRA_SIGN_IN_ISSUER", "http://192.0.2.7"),
        ("TERRA_SIGN_IN_ISSUER", "http://localhost.example.org"),
        ("TERRA_SIGN_IN_ISSUER", "https://id.example.org/?realm=lab"),
        ("TERRA_SIGN_IN_ISSUER", "https://me:word@id.example.org"),
        ("TERRA_SIGN_IN_ISSUER", "https://[id"),
        ("TERRA_SIGN_IN_ISSUER", "https://id.example.org:port"),
        ("TERRA_SIGN_IN_SCOPES", "email, profile"),
        ("TERRA_SIGN_IN_OPERATORS", ""),
        ("TERRA_SIGN_IN_REFRESH", "0"),
        ("TERRA_SIGN_IN_REFRESH", "often"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_the_setting(name: str, value: str) -> None:
    with pytest.raises(SettingsWrong, match=name) as refused:
        made(**{name: value})
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("name", ["TERRA_SIGN_IN_CLIENT_ID", "TERRA_SIGN_IN_ISSUER"])
def test_a_provider_that_is_described_and_not_chosen_is_refused(name: str) -> None:
    with pytest.raises(SettingsWrong, match=name):
        Settings.from_environ({name: OWN[name]})


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:9000", "http://id.localhost:9000", "http://[::1]:9000", "http://172.31.239.200:9000"]
)
def test_without_tls_a_provider_is_on_this_machine(issuer: str) -> None:
    way = made(TERRA_SIGN_IN_ISSUER=issuer).way
    assert way is not None
    assert way.issuer == issuer


def test_the_callback_is_where_the_browser_finds_the_hub() -> None:
    assert (
        made(TERRA_SUBDOMAIN_HOST="https://lab.example.org").callback_url
        == "https://lab.example.org/hub/oauth_callback"
    )
