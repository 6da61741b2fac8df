"""Pages and REST where an identity provider signs people in: nothing offers a password, all say who keeps it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from terraspawner.domain.visitor import Visitor
from terraspawner.operations import external_accounts, groups
from tests.web.sites import API, PREFIX, Site, opened

KEPT = "Lab &lt;i&gt;"
"""The provider's name as a page shows it: whoever sets a deployment up may call it anything."""


@pytest_asyncio.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(
        tmp_path,
        sign_in="oidc",
        sign_in_client_id="hub",
        sign_in_issuer="https://id.example.org",
        sign_in_label="Lab <i>",
        sign_in_operators="rosa",
    ) as made:
        yield made


async def test_ones_own_page_says_who_keeps_the_password_and_which_groups_there_are(outside: Site) -> None:
    groups.set_managed(outside.context, user="ana", names=["heart & <b>lungs</b>", "lab"])
    ana = await outside.browser("ana")
    page = await ana.client.get(f"{PREFIX}/account")
    assert page.status_code == 200
    assert f"You sign in with {KEPT}" in page.text
    assert "heart &amp; &lt;b&gt;lungs&lt;/b&gt;" in page.text
    assert "password" in page.text
    assert 'type="password"' not in page.text
    async with outside.person("ana") as program:
        assert (await program.get("account")).json()["groups"] == ["heart & <b>lungs</b>", "lab"]


async def test_nobody_without_groups_is_shown_an_empty_list(outside: Site) -> None:
    ana = await outside.browser("ana")
    assert "None that" in (await ana.client.get(f"{PREFIX}/account")).text


async def test_a_password_that_is_sent_all_the_same_changes_nothing_and_is_answered(outside: Site) -> None:
    ana = await outside.browser("ana")
    words = {"present": "ana-secret", "new": "a garden of words", "again": "a garden of words"}
    page = await ana.submit(f"{PREFIX}/account/password", **words)
    assert page.status_code == 409
    assert f"{KEPT} keeps your password" in page.text
    for path, values in (("set-password", {"code": "x.y"}), ("set-password/new", {"code": "x.y", **words})):
        answer = await ana.client.post(f"{PREFIX}/{path}", data=values)
        assert answer.status_code == 409
        assert "People sign in here with" in answer.text
    asked = await ana.client.get(f"{PREFIX}/set-password")
    assert (asked.status_code, "People sign in here with" in asked.text) == (409, True)


async def test_operators_see_people_and_are_offered_no_links(outside: Site) -> None:
    operator = await outside.browser("operator")
    page = await operator.client.get(f"{PREFIX}/accounts")
    assert page.status_code == 200
    assert "an account is made by the first sign-in" in page.text
    assert f"has not come by {KEPT}" in page.text
    for word in ("add-account", "Password link", "New password link", "no password yet"):
        assert word not in page.text
    assert "Disable ana" in page.text


async def test_operators_see_who_was_let_go(outside: Site) -> None:
    eva = Visitor(
        subject="https://id.example.org 42", name="eva", email="", groups=(), is_operator=False, is_allowed=True
    )
    external_accounts.arrive(outside.context, eva)
    assert not external_accounts.renew(outside.context, replace(eva, is_allowed=False))
    operator = await outside.browser("operator")
    assert f"let go by {KEPT}" in (await operator.client.get(f"{PREFIX}/accounts")).text
    async with outside.person("operator") as program:
        told = {each["name"]: each["is_let_go"] for each in (await program.get("accounts")).json()["items"]}
    assert [name for name, is_let_go in told.items() if is_let_go] == ["eva"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("accounts", {"name": "eva"}),
        ("accounts/ana/link", {}),
        ("links/look", {"code": "x.y"}),
        ("links/use", {"code": "x.y", "password": "a garden of words"}),
    ],
)
async def test_rest_says_so_too(outside: Site, path: str, body: dict[str, str]) -> None:
    async with outside.person("operator") as operator:
        answer = await operator.post(f"http://terra.test{API}/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "passwords-elsewhere")


async def test_the_embedded_pages_speak_of_no_provider(site: Site) -> None:
    ana = await site.browser("ana")
    page = (await ana.client.get(f"{PREFIX}/account")).text
    assert "Change the password" in page
    assert "You sign in with" not in page
