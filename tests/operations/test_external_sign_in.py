"""Whoever is signed in by a provider is asked for again: how often, what a "no" is, and what no answer is.

The provider here speaks HTTP and says what a test wants; a real one stands in `tests/hub/test_sign_in_elsewhere.py`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from jupyterhub.crypto import CryptKeeper
from tornado.web import HTTPError

import builders
import certificates
from provider_that_says import ProviderThatSays, speaking
from terraspawner import wiring
from terraspawner.domain.visitor import Visitor
from terraspawner.errors import SettingsWrong
from terraspawner.errors_accounts import ProviderUnavailable
from terraspawner.operations import external_accounts, groups
from terraspawner.operations.context import Context
from terraspawner.sessions import OPERATORS
from terraspawner.sign_in.external import GRACE, RETRY
from terraspawner.sign_in.github import GitHubSignIn
from terraspawner.sign_in.openid import OpenIdSignIn

HubUser = Callable[..., Any]


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[ProviderThatSays]:
    async with speaking() as made:
        yield made


@pytest.fixture(autouse=True)
def seal() -> Iterator[None]:
    """The key that the Hub seals a provider's tokens with."""
    CryptKeeper.instance().keys = [b"k" * 32]
    yield
    CryptKeeper.clear_instance()


def site(folder: Path, clock: builders.Clock, issuer: str, **changes: Any) -> Context:
    said = {"sign_in": "oidc", "sign_in_client_id": "hub", "sign_in_client_secret": "s", "sign_in_issuer": issuer}
    return builders.context(folder, clock, **{**said, "sign_in_operator_groups": "it", **changes})


@pytest.fixture
def outside(
    tmp_path: Path, clock: builders.Clock, provider: ProviderThatSays, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Context]:
    made = site(tmp_path, clock, provider.issuer, sign_in_allowed_groups="lab")
    monkeypatch.setattr(wiring, "deployment_context", lambda: made)
    yield made
    made.database.close()


@pytest.fixture
def door(outside: Context) -> OpenIdSignIn:
    return OpenIdSignIn()


@pytest_asyncio.fixture
async def eva(outside: Context, provider: ProviderThatSays, hub_user: HubUser) -> Any:
    """Somebody who has signed in, before this Hub process began."""
    visitor = Visitor(
        subject=f"{provider.issuer} 42", name="eva", email="", groups=("lab",), is_operator=False, is_allowed=True
    )
    external_accounts.arrive(outside, visitor)
    user = hub_user("eva")
    user.sync_groups(["lab"])  # as the Hub did then
    await user.save_auth_state({"token_response": {"access_token": "first", "refresh_token": "after first"}})
    return user


async def test_the_provider_is_asked_at_once_by_a_new_process_and_then_now_and_then(
    door: OpenIdSignIn, eva: Any, provider: ProviderThatSays, clock: builders.Clock
) -> None:
    assert await door.refresh_user(eva)
    asked = len(provider.asked)
    assert asked > 0
    for _ in range(5):
        assert await door.refresh_user(eva) is True
    assert len(provider.asked) == asked
    clock.move(seconds=door.context.settings.sign_in_refresh)
    assert await door.refresh_user(eva)
    assert provider.asked[asked:] == ["/userinfo_endpoint"]


async def test_an_access_token_that_is_over_is_renewed_once_however_many_ask(
    door: OpenIdSignIn, eva: Any, provider: ProviderThatSays
) -> None:
    provider.good = "second"
    await eva.save_auth_state({"token_response": {"access_token": "first", "refresh_token": "after second"}})
    assert all(await asyncio.gather(*(door.refresh_user(eva) for _ in range(20))))
    assert provider.asked.count("/token_endpoint") == 1
    kept = (await eva.get_auth_state())["token_response"]
    assert (kept["access_token"], kept["refresh_token"]) == ("second+", "after second+")


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "43"},
        {"sub": None},
        {"groups": []},
        {"groups": ["others"]},
        {"preferred_username": None},
    ],
)
async def test_a_no_counts_at_once_and_may_be_taken_back(
    door: OpenIdSignIn, eva: Any, provider: ProviderThatSays, clock: builders.Clock, claims: dict[str, Any]
) -> None:
    before = provider.claims
    provider.claims = {**before, **claims}
    assert await door.refresh_user(eva) is False
    asked = len(provider.asked)
    assert await door.refresh_user(eva) is False
    assert len(provider.asked) == asked, "who is out does not make the provider busy"
    provider.claims = before
    clock.move(seconds=door.context.settings.sign_in_refresh)
    assert await door.refresh_user(eva)


async def test_tokens_that_the_provider_ended_are_a_no(
    door: OpenIdSignIn, eva: Any, provider: ProviderThatSays
) -> None:
    provider.good = "nobody's"
    assert await door.refresh_user(eva) is False


async def test_who_has_no_tokens_has_to_sign_in(door: OpenIdSignIn, eva: Any) -> None:
    await eva.save_auth_state(None)
    assert await door.refresh_user(eva) is False


async def test_no_answer_is_no_no_for_a_while(
    door: OpenIdSignIn, eva: Any, provider: ProviderThatSays, clock: builders.Clock
) -> None:
    assert await door.refresh_user(eva)
    provider.is_down = True
    clock.move(seconds=door.context.settings.sign_in_refresh)
    assert await door.refresh_user(eva) is True
    asked = len(provider.asked)
    assert await door.refresh_user(eva) is True
    assert len(provider.asked) == asked, "one that is down is not asked at each request"
    clock.now += RETRY
    assert await door.refresh_user(eva) is True
    assert len(provider.asked) > asked
    clock.now += GRACE
    assert await door.refresh_user(eva) is False
    provider.is_down = False
    clock.now += RETRY
    assert await door.refresh_user(eva)


async def test_who_was_let_go_does_not_come_in_by_a_restart_while_nobody_answers(
    door: OpenIdSignIn, eva: Any, provider: ProviderThatSays, clock: builders.Clock
) -> None:
    before = provider.claims
    provider.claims = {**before, "groups": []}
    assert await door.refresh_user(eva) is False
    provider.is_down, provider.claims = True, before
    restarted = OpenIdSignIn()
    assert await restarted.refresh_user(eva) is False
    provider.is_down = False
    clock.now += RETRY
    assert await restarted.refresh_user(eva)


async def test_a_group_that_makes_an_operator_does_so_while_signed_in(
    door: OpenIdSignIn, eva: Any, provider: ProviderThatSays
) -> None:
    provider.claims["groups"] = ["lab", "it"]
    said = await door.refresh_user(eva)
    assert isinstance(said, dict)
    assert said["groups"] == ["it", "lab", OPERATORS]


async def test_a_providers_group_of_the_operators_name_makes_none(
    door: OpenIdSignIn, eva: Any, provider: ProviderThatSays
) -> None:
    provider.claims["groups"] = ["lab", OPERATORS]
    said = await door.refresh_user(eva)
    assert isinstance(said, dict)
    assert said["groups"] == groups.managed_groups(door.context, "eva") == ["lab"]


async def test_a_session_of_an_account_with_a_password_is_none_here(door: OpenIdSignIn, hub_user: HubUser) -> None:
    assert await door.refresh_user(hub_user("ana")) is False
    assert await door.refresh_user(hub_user("nobody")) is False


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://id.example.org"},
        {"token_endpoint": "http://id.example.org/token"},
        {"userinfo_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_a_provider_that_is_another_or_speaks_openly_is_not_used(
    door: OpenIdSignIn, provider: ProviderThatSays, document: dict[str, Any]
) -> None:
    provider.document = document
    with pytest.raises(ProviderUnavailable, match="not set up as it should be"):
        await door.ready()


async def test_without_a_secret_the_hub_says_which_setting_is_missing(
    outside: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = replace(outside, settings=replace(outside.settings, sign_in_client_secret=""))
    monkeypatch.setattr(wiring, "deployment_context", lambda: bare)
    with pytest.raises(SettingsWrong, match="TERRA_SIGN_IN_CLIENT_SECRET"):
        OpenIdSignIn()


async def test_githubs_teams_are_groups_and_its_number_is_the_person(
    tmp_path: Path, clock: builders.Clock, provider: ProviderThatSays, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = site(tmp_path, clock, provider.issuer, sign_in="github", sign_in_allowed_groups="heart-lab:imaging")
    monkeypatch.setattr(wiring, "deployment_context", lambda: made)
    provider.claims = {"id": 583231, "login": "Octo-Cat", "email": None}
    provider.teams = [{"slug": "imaging", "organization": {"login": "heart-lab"}}]
    told = await GitHubSignIn().claims_of({"access_token": "first", "token_type": "bearer"})
    assert told == {
        "sub": "583231",
        "login": "Octo-Cat",
        "email": "",
        "email_verified": True,
        "groups": ["heart-lab", "heart-lab:imaging"],
    }
    assert provider.asked == ["/api/v3/user", "/api/v3/user/teams"]
    made.database.close()


async def test_an_authority_of_the_sites_own_is_trusted_for_the_provider_where_it_is_named(
    tmp_path: Path, clock: builders.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, key = certificates.make(tmp_path, "localhost")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(chain, key)
    async with speaking(ssl_options=server) as provider:
        context = site(tmp_path, clock, provider.issuer)
        named = replace(context, settings=replace(context.settings, sign_in_authorities=chain.read_text()))
        monkeypatch.setattr(wiring, "deployment_context", lambda: context)
        with pytest.raises(HTTPError) as refused, (stranger := OpenIdSignIn()).told():
            await stranger.ready()
        assert refused.value.status_code == 503
        assert "is not answering as it should" in str(refused.value.log_message)
        monkeypatch.setattr(wiring, "deployment_context", lambda: named)
        await OpenIdSignIn().ready()
        assert provider.asked == ["/.well-known/openid-configuration"]
        context.database.close()
