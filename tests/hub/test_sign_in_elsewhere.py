"""Signing in with a real OpenID provider through the real Hub: who comes in, what ends it, and forged answers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from deployment import Person, until, xsrf_of
from identity_provider import ANA, ANA_NAME, BEN, ROSA, Outside, is_signed_in, sentence

pytestmark = [pytest.mark.docker, pytest.mark.full]

Arrives = Callable[..., Person]


@pytest.fixture(autouse=True)
def honest(outside: Outside) -> None:
    outside.provider.reset()


@pytest.fixture
def browser(outside: Outside) -> Iterator[httpx.Client]:
    with outside.browser() as made:
        yield made


@pytest.fixture
def arrives(outside: Outside, browser: httpx.Client) -> Iterator[Callable[..., Person]]:
    """Signs somebody in at the provider, in `browser` unless another is named."""
    arrived: list[Person] = []

    def arrive(login: str, name: str, there: httpx.Client = browser) -> Person:
        page = outside.sign_in(there, login)
        assert page.status_code == 200, sentence(page)
        arrived.append(Person.of_session(outside.deployment, name, there))
        return arrived[-1]

    yield arrive
    for person in arrived:
        person.close()


def set_back(outside: Outside, name: str, *, disabled: bool) -> None:
    """As the operator does it at the machine: the account, disabled or not."""
    done = outside.deployment.run("accounts", "disable" if disabled else "enable", name)
    assert done.returncode == 0, done.stderr


@pytest.mark.feature("A3")
def test_a_person_with_an_email_for_a_name_comes_in_and_has_an_account(outside: Outside, arrives: Arrives) -> None:
    ana = arrives(ANA, ANA_NAME)
    assert ana.hub.get("/user").json()["name"] == ANA_NAME
    account = ana.api.get("/account").json()
    assert (account["name"], account["email"], account["roles"]) == (ANA_NAME, "ana@example.org", ["user"])
    listed = " ".join(outside.deployment.run("accounts", "list").stdout.split())
    assert f"{ANA_NAME} signs in elsewhere user" in listed
    log = outside.deployment.service("hub").logs().decode()
    assert "a secret of the client" not in log
    assert "eyJ" not in log, "a token or a state is in the log"
    assert "[secret]" in log
    assert re.search(r"[?&]code=[^&\[]", log) is None


def test_pkce_state_and_nonce_go_along(outside: Outside, browser: httpx.Client) -> None:
    sent = browser.get("/hub/oauth_login", follow_redirects=False)
    query = parse_qs(urlsplit(sent.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"{outside.deployment.url}/hub/oauth_callback"]
    assert len(query["code_challenge"][0]) == 43
    assert len(query["nonce"][0]) == 64
    assert "code_verifier" not in base64.urlsafe_b64decode(query["state"][0]).decode()
    cookie = next(line for line in sent.headers.get_list("set-cookie") if "sign-in=" in line and '""' not in line)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_who_is_in_no_allowed_group_is_told_so_and_gets_no_account(outside: Outside, browser: httpx.Client) -> None:
    page = outside.sign_in(browser, BEN)
    assert (page.status_code, "none of the groups" in sentence(page)) == (403, True)
    assert not is_signed_in(browser)
    assert "ben@example.org" not in outside.deployment.run("accounts", "list").stdout


def test_a_removed_claim_takes_the_role_away_while_signed_in(
    outside: Outside, browser: httpx.Client, arrives: Arrives
) -> None:
    rosa = arrives(ROSA, "rosa@example.org")
    assert rosa.api.get("/accounts").status_code == 200
    outside.provider.change(ROSA, groups=["lab"])
    until(lambda: rosa.api.get("/accounts").status_code == 403, "the role of an operator is gone")
    assert is_signed_in(browser)
    outside.provider.change(ROSA, groups=[])
    until(lambda: not is_signed_in(browser), "who may not come in any more is out")
    until(lambda: rosa.api.get("/whoami").status_code == 401, "so is the token")
    acts = [entry["details"] for entry in _audit(outside, arrives) if entry["subject"] == "account:rosa@example.org"]
    assert [said["lost"] for said in acts if said.get("lost")][:2] == [["lab"], ["people who operate"]]


@pytest.mark.feature("A3", "B1")
def test_a_claimed_group_belongs_to_a_billing_project_as_long_as_it_is_claimed(
    outside: Outside, browser: httpx.Client, arrives: Arrives
) -> None:
    rosa = arrives(ROSA, "rosa@example.org")
    assert rosa.api.post("/projects", json={"namespace": "imaging"}).status_code == 201
    with outside.browser() as other:
        ana = arrives(ANA, ANA_NAME, other)
        assert rosa.api.put("/projects/imaging/members/group:heart", json={"role": "member"}).status_code == 200
        made = ana.api.post("/workspaces", json={"namespace": "imaging", "name": "cells"})
        assert made.status_code == 201
        outside.provider.change(ANA, groups=["lab"])
        until(lambda: ana.api.get("/projects/imaging").status_code == 404, "the project is gone with the claim")


def _audit(outside: Outside, arrives: Arrives) -> list[dict[str, Any]]:
    """As an operator reads it."""
    outside.provider.reset()
    with outside.browser() as browser:
        items: list[dict[str, Any]] = arrives(ROSA, "rosa@example.org", browser).api.get("/audit").json()["items"]
    return items


def test_who_is_gone_from_the_provider_is_out(outside: Outside, browser: httpx.Client, arrives: Arrives) -> None:
    arrives(ANA, ANA_NAME)
    outside.provider.remove(ANA)
    until(lambda: not is_signed_in(browser), "whoever left the provider is out here")


def test_a_provider_that_is_down_ends_nobodys_work_and_lets_nobody_in(
    outside: Outside, browser: httpx.Client, arrives: Arrives
) -> None:
    ana = arrives(ANA, ANA_NAME)
    outside.provider.tell(is_down=True)
    hub = outside.deployment.service("hub")
    before = len(hub.logs())
    until(
        lambda: ana.hub.get("/user") and f"cannot be asked about {ANA_NAME}" in hub.logs()[before:].decode(),
        "the provider was asked in vain",
    )
    assert is_signed_in(browser)
    outside.provider.tell(is_down=False)
    with outside.browser() as other:
        answer = outside.come_back(other, ANA)
        outside.provider.tell(is_down=True)
        page = other.get(answer)
        assert (page.status_code, "the Lab's provider is not answering" in sentence(page)) == (503, True)
        assert not is_signed_in(other)


def test_a_disabled_account_is_refused_with_a_sentence(
    outside: Outside, browser: httpx.Client, arrives: Arrives
) -> None:
    ana = arrives(ANA, ANA_NAME)
    set_back(outside, ANA_NAME, disabled=True)
    try:
        assert not is_signed_in(browser)
        assert ana.hub.get("/user").status_code == 403
        with outside.browser() as another:
            page = outside.sign_in(another, ANA)
        assert (page.status_code, sentence(page)) == (403, "This account is disabled. Ask the operator.")
    finally:
        set_back(outside, ANA_NAME, disabled=False)
    assert not is_signed_in(browser)


LIES = {
    "key": "InvalidSignatureError",
    "audience": "InvalidAudienceError",
    "issuer": "InvalidIssuerError",
    "nonce": "the token belongs to another sign-in",
    "no nonce": 'MissingRequiredClaimError: Token is missing the "nonce" claim',
    "expired": "ExpiredSignatureError",
    "person": "visitor-refused",
    "unsigned": "InvalidAlgorithmError",
    "secret": "InvalidAlgorithmError",
}
"""What the provider lies about, and what the Hub's log says of it."""


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_proves_nothing_lets_nobody_in(outside: Outside, browser: httpx.Client, lie: str) -> None:
    outside.provider.tell(lie=lie)
    before = len(outside.deployment.service("hub").logs())
    page = outside.sign_in(browser, ANA)
    assert page.status_code == 403
    assert "Sign in again" in sentence(page)
    assert "eyJ" not in page.text
    assert not is_signed_in(browser)
    assert LIES[lie] in outside.deployment.service("hub").logs()[before:].decode()


def forged(address: str, **changes: str) -> str:
    """The provider's answer with something else in it."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return parts._replace(query=urlencode({**query, **changes})).geturl()


def state_of(**said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


@pytest.mark.parametrize(
    "state",
    [
        "",
        "x",
        "\u00e9",
        "W10=",
        state_of(),
        state_of(state_id=None),
        state_of(state_id="0" * 32),
        state_of(state_id=[1]),
    ],
)
def test_an_answer_with_a_forged_state_is_refused(outside: Outside, browser: httpx.Client, state: str) -> None:
    page = browser.get(forged(outside.come_back(browser, ANA), state=state))
    assert (page.status_code, "was not begun in this browser" in sentence(page)) == (400, True)
    assert not is_signed_in(browser)


def test_an_answer_for_one_browser_signs_no_other_in(outside: Outside, browser: httpx.Client) -> None:
    answer = outside.come_back(browser, ANA)
    with outside.browser() as victim:
        outside.go_to_provider(victim)
        page = victim.get(answer)
        assert (page.status_code, "was not begun in this browser" in sentence(page)) == (400, True)
        assert not is_signed_in(victim)
    assert browser.get(answer).status_code == 200


def test_a_code_is_good_once(outside: Outside, browser: httpx.Client) -> None:
    answer = outside.come_back(browser, ANA)
    cookies = list(browser.cookies.jar)
    assert browser.get(answer).status_code == 200
    again = browser.get(answer)
    assert (again.status_code, "used already" in sentence(again)) == (400, True)
    with outside.browser() as thief:  # who has the state's cookie as well
        for cookie in cookies:
            thief.cookies.jar.set_cookie(cookie)
        page = thief.get(answer)
        assert (page.status_code, "used already" in sentence(page)) == (403, True)
        assert not is_signed_in(thief)


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"code": "forged"}, 403, "did not confirm this sign-in"),
        ({"code": ""}, 400, "without an answer"),
        ({"iss": "https://id.example.org"}, 403, "does not come from"),
        (
            {"error": "access_denied", "error_description": "Call 555 and tell your password"},
            403,
            "did not sign you in",
        ),
    ],
)
def test_a_forged_answer_is_refused_with_a_sentence_of_ours(
    outside: Outside, browser: httpx.Client, changes: dict[str, str], status: int, says: str
) -> None:
    page = browser.get(forged(outside.come_back(browser, ANA), **changes))
    assert (page.status_code, says in sentence(page)) == (status, True), sentence(page)
    assert "555" not in page.text
    assert not is_signed_in(browser)


def test_the_hubs_own_form_and_rest_let_nobody_in_past_the_state(outside: Outside, browser: httpx.Client) -> None:
    answer = outside.come_back(browser, ANA)
    (code,) = parse_qs(urlsplit(answer).query)["code"]
    page = browser.get("/hub/login")
    assert "Password" not in page.text
    posted = browser.post(
        "/hub/login", data={"code": code, "username": "ana", "password": "x", "_xsrf": xsrf_of(browser)}
    )
    assert (posted.status_code, "Sign in with the Lab&#39;s provider" in posted.text) == (403, True)
    by_rest = httpx.post(
        f"{outside.deployment.url}/hub/api/users/{ANA_NAME}/tokens", json={"auth": {"code": code}}, timeout=60
    )
    assert by_rest.status_code == 403
    assert not is_signed_in(browser)


def test_signing_out_ends_the_session_here_and_offers_the_way_in_again(
    outside: Outside, browser: httpx.Client, arrives: Arrives
) -> None:
    arrives(ANA, ANA_NAME)
    assert browser.get("/hub/logout").status_code == 200
    assert not is_signed_in(browser)
    assert "Sign in with the Lab&#39;s provider" in browser.get("/hub/login").text


@pytest.mark.parametrize("wanted", ["https://evil.example.org/", "//evil.example.org/", "/\\evil.example.org/"])
def test_the_way_back_leads_to_this_hub_alone(outside: Outside, browser: httpx.Client, wanted: str) -> None:
    answer = outside.come_back(browser, ANA, wanted)
    landed = browser.get(answer, follow_redirects=False).headers["location"]
    assert landed.startswith("/"), landed
    assert not landed.startswith(("//", "/\\"))


def test_nobody_sets_a_password_and_no_account_is_made_by_hand(
    outside: Outside, browser: httpx.Client, arrives: Arrives
) -> None:
    ana = arrives(ANA, ANA_NAME)
    refused = ana.api.put("/account/password", json={"present": "x", "new": "a garden of words"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "passwords-elsewhere")
    assert "the Lab's provider keeps your password" in refused.json()["error"]["message"]
    by_hand = outside.deployment.run("accounts", "add", "otto")
    assert (by_hand.returncode, "People sign in here with the Lab's provider" in by_hand.stderr) == (1, True)
