"""Whoever is signed in by a provider is asked for again: how often, what a "no" is, and what no answer is.

The provider here speaks HTTP and says what a test wants; a real one stands in `tests/hub/test_sign_in_elsewhere.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from jupyterhub.crypto import CryptKeeper
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

import builders
from terraspawner import wiring
from terraspawner.domain.visitor import Visitor
from terraspawner.errors import ProviderUnavailable, SettingsWrong
from terraspawner.operations import external_accounts, groups
from terraspawner.operations.context import Context
from terraspawner.sessions import OPERATORS
from terraspawner.sign_in.external import GRACE, RETRY
from terraspawner.sign_in.github import GitHubSignIn
from terraspawner.sign_in.openid import OpenIdSignIn

HubUser = Callable[..., Any]
EVA = {"sub": "42", "preferred_username": "eva", "groups": ["lab"]}


@dataclass(kw_only=True)
class ProviderThatSays:
    """Tells what a test wants, to whom shows a good token; each token it gives is another one."""

    issuer: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "42", "preferred_username": "eva", "groups": ["lab"]}
    )
    teams: list[dict[str, Any]] = field(default_factory=list)
    good: str = "first"
    is_down: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, request: RequestHandler) -> Any:
        self.asked.append(path)
        if self.is_down:
            raise HTTPError(503)
        if path == "/.well-known/openid-configuration":
            endpoints = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
            return {"issuer": self.issuer, **{name: f"{self.issuer}/{name}" for name in endpoints}, **self.document}
        if path == "/token_endpoint":
            if request.get_argument("refresh_token") != f"after {self.good}":
                raise HTTPError(400)
            self.good += "+"
            return {"access_token": self.good, "refresh_token": f"after {self.good}", "token_type": "bearer"}
        if request.request.headers.get("Authorization") != f"Bearer {self.good}":
            raise HTTPError(401)
        return {"teams": self.teams} if path.endswith("/teams") else self.claims


class Door(RequestHandler):
    def initialize(self, provider: ProviderThatSays) -> None:
        self.provider = provider

    def get(self) -> None:
        said = self.provider.answer(self.request.path, self)
        teams = said.get("teams") if isinstance(said, dict) else None
        self.set_header("Content-Type", "application/json")
        self.finish(said if teams is None else _json(teams))

    post = get


def _json(value: Any) -> str:
    from tornado.escape import json_encode  # noqa: PLC0415 - tornado writes no lists by itself

    return str(json_encode(value))


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[ProviderThatSays]:
    made = ProviderThatSays()
    server = HTTPServer(Application([(".*", Door, {"provider": made})]))
    (socket,) = bind_sockets(0, "127.0.0.1")
    server.add_sockets([socket])
    made.issuer = f"http://127.0.0.1:{socket.getsockname()[1]}"
    yield made
    server.stop()
    await server.close_all_connections()


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
