"""Accounts over REST and pages: what operators do, what people do with a link, and what others try."""

from __future__ import annotations

import html
import logging
import re
from pathlib import Path

import httpx
import pytest

import builders
from terraspawner.domain.sign_in import SLOWDOWNS, Guard
from terraspawner.operations import accounts, links, sign_ins
from terraspawner.operations.attempts import place_of
from tests.web.hubs import until
from tests.web.sites import API, PREFIX, Site, opened

NEW = "a garden of words"
HERE = place_of("192.0.2.1")
FORGED = ["", ".", "x.y", "%00", "../../accounts", "a" * 1500, "\u0430.\u0430"]


def code_of(url: str) -> str:
    address, _, code = url.partition("#")
    assert address.endswith(f"{PREFIX}/set-password")
    assert len(code) > 40
    return code


def shown_link(answer: httpx.Response) -> str:
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r'id="link-url" value="([^"]+)"', answer.text)
    assert found, answer.text
    return html.unescape(found.group(1))


async def test_an_operator_adds_a_person_who_sets_a_password(site: Site) -> None:
    async with site.person("operator") as operator, site.client() as anybody:
        anybody.base_url = httpx.URL(f"http://terra.test{API}/")
        made = await operator.post("accounts", json={"name": "eva", "email": "eva@example.org"})
        assert made.status_code == 201
        assert made.json()["account"] == "eva"
        before = (await operator.get("accounts/eva")).json()
        assert (before["has_password"], before["signed_in_at"], before["link"]["state"]) == (False, None, "open")
        code = code_of(made.json()["url"])
        looked = await anybody.post("links/look", json={"code": code})
        assert (looked.json()["account"], looked.json()["made_by"]) == ("eva", "operator")
        assert (await anybody.post("links/use", json={"code": code, "password": "eva"})).status_code == 422
        used = await anybody.post("links/use", json={"code": code, "password": NEW})
        assert (used.status_code, used.json()) == (200, {"account": "eva"})
        for way, body in (("look", {"code": code}), ("use", {"code": code, "password": NEW})):
            again = await anybody.post(f"links/{way}", json=body)
            assert (again.status_code, again.json()["error"]["code"]) == (404, "link-dead")
        after = (await operator.get("accounts/eva")).json()
        assert (after["has_password"], after["link"]["state"]) == (True, "used")
        everything = (await operator.get("accounts")).text + (await operator.get("audit")).text
        assert code.partition(".")[2] not in everything
    assert sign_ins.sign_in(site.context, "eva", NEW, HERE).email == "eva@example.org"
    async with site.person("eva") as eva:
        (link,) = (await eva.get("account")).json()["links"]
        assert (link["made_by"], link["state"]) == ("operator", "used")


@pytest.mark.parametrize("name", ["", "../eva", "eva/..", "Eva", "\u0435va", "eva\u200b", "eva\n", "a" * 63])
async def test_a_bad_account_name_gets_one_sentence_and_makes_nothing(site: Site, name: str) -> None:
    async with site.person("operator") as operator:
        refused = await operator.post("accounts", json={"name": name})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "name-invalid")
        assert refused.json()["error"]["message"].endswith(".")
        assert len((await operator.get("accounts")).json()["items"]) == 3


async def test_a_name_that_is_there_is_not_made_again(site: Site) -> None:
    async with site.person("operator") as operator:
        refused = await operator.post("accounts", json={"name": "ana"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "name-taken")
    sign_ins.sign_in(site.context, "ana", "ana-secret", HERE)


async def test_disabling_ends_tokens_pages_keys_and_what_runs(site: Site) -> None:
    at = site.workspace()
    key = site.running(at).key
    page = await site.browser("ana")
    async with site.person("ana") as ana, site.person("operator") as operator, site.environment(key) as inside:
        told = await operator.patch("accounts/ana", json={"is_disabled": True})
        assert (told.status_code, told.json()["is_disabled"]) == (200, True)
        assert (await ana.get("whoami")).status_code == 403
        assert (await page.client.get(f"{PREFIX}/")).status_code == 403
        await until(lambda: ("stop", at.slug) in site.hub.calls, "its environment is paused")
        assert (await inside.get("environments/self")).status_code == 401
        assert site.state(at) == "paused"
        start = await ana.post("workspaces/ana/alpha/environment/start")
        assert start.status_code == 403
        assert (await operator.post("accounts/ana/link")).status_code == 409
        await operator.patch("accounts/ana", json={"is_disabled": False})
        assert site.state(at) == "paused"
    actions = [entry["action"] for entry in await audit_of(site, "operator")]
    assert [each for each in actions if each.startswith("account-")][:2] == ["account-enabled", "account-disabled"]


async def test_the_last_operator_and_oneself_cannot_be_disabled(site: Site) -> None:
    async with site.person("operator") as operator:
        refused = await operator.patch("accounts/operator", json={"is_disabled": True})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "operator-needed")


async def test_nobody_but_operators_sees_or_changes_accounts(site: Site) -> None:
    asked = [
        ("GET", "accounts", None),
        ("POST", "accounts", {"name": "eva", "is_operator": True}),
        ("GET", "accounts/ana", None),
        ("GET", "accounts/nobody", None),
        ("PATCH", "accounts/ben", {"is_disabled": True}),
        ("PATCH", "accounts/ana", {"is_disabled": False}),
        ("POST", "accounts/operator/link", None),
        ("POST", "accounts/ana/link", None),
    ]
    async with site.person("ana") as ana:
        for method, url, body in asked:
            refused = await ana.request(method, url, json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not-allowed"), url
            assert "operators" in refused.json()["error"]["message"]
    page = await site.browser("ana")
    token = await page.xsrf(f"{PREFIX}/account")
    for url in ("accounts", "accounts/ben/disable", "accounts/ben/enable", "accounts/operator/link"):
        refused = await page.client.post(f"{PREFIX}/{url}", data={"_xsrf": token, "name": "eva"})
        assert refused.status_code == 403, url
    assert (await page.client.get(f"{PREFIX}/accounts")).status_code == 403
    assert [listed.account.name for listed in accounts.list_accounts(site.context)] == ["ana", "ben", "operator"]
    assert not any(listed.account.is_disabled or listed.link for listed in accounts.list_accounts(site.context))


async def test_a_form_without_its_xsrf_token_changes_nothing(site: Site) -> None:
    operator, other = await site.browser("operator"), await site.browser("ben")
    foreign = await other.xsrf(f"{PREFIX}/account")
    for data in ({}, {"_xsrf": foreign}, {"_xsrf": "0" * 64}):
        for url in ("accounts", "accounts/ben/disable", "accounts/ben/link", "account/password", "account/seen"):
            refused = await operator.client.post(f"{PREFIX}/{url}", data={"name": "eva", **data})
            assert refused.status_code == 403, url
    for listed in accounts.list_accounts(site.context):
        assert (listed.account.is_disabled, listed.link) == (False, None)
        assert listed.account.name in ("ana", "ben", "operator")


async def test_names_in_addresses_lead_nowhere_else(site: Site) -> None:
    async with site.person("operator") as operator:
        for name in ("..%2fana", "%2e%2e", "ana%2f..%2foperator", "%d0%b0na", "ana%00", "'or'1'='1"):
            answer = await operator.patch(f"accounts/{name}", json={"is_disabled": True})
            assert answer.status_code in (404, 405), name
    assert not any(listed.account.is_disabled for listed in accounts.list_accounts(site.context))


async def test_a_forged_link_is_one_sentence_and_sets_nothing(site: Site) -> None:
    ana = links.make_link(site.context, name="ana", actor="operator").code
    ben = links.make_link(site.context, name="ben", actor="operator").code
    mixed = [f"{ana.partition('.')[0]}.{ben.partition('.')[2]}", f"{ben.partition('.')[0]}.{ana.partition('.')[2]}"]
    async with site.client() as anybody:
        for code in [*FORGED, *mixed]:
            rest = await anybody.post(f"{API}/links/use", json={"code": code, "password": NEW})
            assert (rest.status_code, rest.json()["error"]["code"]) == (404, "link-dead"), code
            page = await anybody.post(f"{PREFIX}/set-password/new", data={"code": code, "password": NEW, "again": NEW})
            assert page.status_code == 404, code
            assert "Ask the operator for a new one" in page.text
    sign_ins.sign_in(site.context, "ana", "ana-secret", HERE)
    sign_ins.sign_in(site.context, "ben", "ben-secret", HERE)


async def test_an_expired_link_and_a_replaced_one_set_nothing(tmp_path: Path) -> None:
    clock = builders.Clock()
    async with opened(tmp_path, clock=clock, link_lifetime=3600) as site, site.person("operator") as operator:
        first = code_of((await operator.post("accounts/ana/link")).json()["url"])
        second = code_of((await operator.post("accounts/ana/link")).json()["url"])
        async with site.client() as anybody:
            for code, moved in ((first, 0), (second, 3600)):
                clock.move(seconds=moved)
                dead = await anybody.post(f"{API}/links/use", json={"code": code, "password": NEW})
                assert dead.status_code == 404
        states = [link.state(clock()).value for link in links.links_of(site.context, "ana")]
        assert sorted(states) == ["expired", "replaced"]


async def test_the_secret_of_a_link_is_in_no_log_and_is_sent_on_to_nobody(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = links.make_link(site.context, name="ana", actor="operator").code
    async with site.client() as anybody:
        empty = await anybody.get(f"{PREFIX}/set-password")
        form = await anybody.post(f"{PREFIX}/set-password", data={"code": code})
        weak = await anybody.post(f"{PREFIX}/set-password/new", data={"code": code, "password": "x", "again": "x"})
        used = await anybody.post(f"{PREFIX}/set-password/new", data={"code": code, "password": NEW, "again": NEW})
        again = await anybody.post(f"{PREFIX}/set-password/new", data={"code": code, "password": NEW, "again": NEW})
    for answer, status in ((empty, 200), (form, 200), (weak, 422), (used, 200), (again, 404)):
        assert answer.status_code == status
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r'(href|src|action)="[a-z]*:?//', answer.text.replace("https://jupyter.org", ""))
    assert code.partition(".")[2] not in caplog.text
    assert NEW not in caplog.text + used.text + again.text


async def test_the_browser_that_used_a_link_is_known_at_the_next_sign_in(site: Site) -> None:
    code = links.make_link(site.context, name="ana", actor="operator").code
    async with site.client() as browser:
        await browser.post(f"{PREFIX}/set-password/new", data={"code": code, "password": NEW, "again": NEW})
        (cookie,) = browser.cookies.jar
    assert (cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == ("/hub/", True)
    assert cookie.name == sign_ins.device_cookie(site.context, "ana")
    assert sign_ins.place_of_device(site.context, "ana", cookie.value or "") is not None


async def test_the_page_shows_a_new_link_once(site: Site) -> None:
    operator = await site.browser("operator")
    token = await operator.xsrf(f"{PREFIX}/accounts")
    fields = {"_xsrf": token, "name": " eva ", "email": "eva@example.org"}
    made = await operator.client.post(f"{PREFIX}/accounts", data=fields)
    code = code_of(shown_link(made))
    assert links.look_at(site.context, code).account == "eva"
    assert code not in (await operator.client.get(f"{PREFIX}/accounts")).text
    another = await operator.client.post(f"{PREFIX}/accounts/eva/link", data={"_xsrf": token})
    assert links.look_at(site.context, code_of(shown_link(another))).account == "eva"
    refused = await operator.client.post(f"{PREFIX}/accounts", data={**fields, "name": "<b>Eva</b>"})
    assert refused.status_code == 422
    assert "<b>Eva" not in refused.text
    assert 'value="&lt;b&gt;Eva&lt;/b&gt;"' in refused.text


async def test_a_person_reads_of_a_link_on_every_page_until_it_was_read(site: Site) -> None:
    site.workspace()
    code = links.make_link(site.context, name="ana", actor="operator").code
    links.use_link(site.context, code=code, password=NEW)
    ana, ben = await site.browser("ana"), await site.browser("ben")
    for url in ("", "workspaces/ana/alpha", "account"):
        text = " ".join((await ana.client.get(f"{PREFIX}/{url}")).text.split())
        assert "operator made a link that sets a new password for your account" in text, url
        assert "It was used" in text
    assert "made a link that sets" not in (await ben.client.get(f"{PREFIX}/")).text
    up_to = re.search(r'name="up_to" value="([^"]+)"', (await ana.client.get(f"{PREFIX}/")).text)
    assert up_to
    seen = await ana.submit(f"{PREFIX}/account/seen", up_to=html.unescape(up_to.group(1)))
    assert seen.status_code == 303
    text = (await ana.client.get(f"{PREFIX}/account")).text
    assert 'id="link-news"' not in text
    assert "made by operator" in " ".join(text.split())


@pytest.mark.parametrize("up_to", ["", "yesterday", "2026-11-20T12:00:00", "9" * 3000])
async def test_a_made_up_moment_marks_nothing_as_read(site: Site, up_to: str) -> None:
    links.make_link(site.context, name="ana", actor="operator")
    ana = await site.browser("ana")
    answer = await ana.submit(f"{PREFIX}/account/seen", up_to=up_to)
    assert (answer.status_code, "Open the page again" in answer.text) == (422, True)
    assert 'id="link-news"' in (await ana.client.get(f"{PREFIX}/")).text


async def test_the_owner_changes_the_password_with_the_present_one_alone(site: Site) -> None:
    ana = await site.browser("ana")
    url = f"{PREFIX}/account/password"
    differ = await ana.submit(url, present="ana-secret", new=NEW, again="another")
    wrong = await ana.submit(url, present="guess", new=NEW, again=NEW)
    weak = await ana.submit(url, present="ana-secret", new="ana", again="ana")
    assert [answer.status_code for answer in (differ, wrong, weak)] == [422, 422, 422]
    assert ["differ" in differ.text, "Wrong present password" in wrong.text, "3 characters" in weak.text] == [True] * 3
    sign_ins.sign_in(site.context, "ana", "ana-secret", HERE)
    changed = await ana.submit(url, present="ana-secret", new=NEW, again=NEW)
    assert changed.status_code == 200
    assert "Your password is changed" in changed.text
    assert (await ana.client.get(f"{PREFIX}/")).headers["location"].startswith(f"{PREFIX}/login")
    sign_ins.sign_in(site.context, "ana", NEW, HERE)


async def test_guesses_at_the_present_password_must_wait(site: Site) -> None:
    async with site.person("ana") as ana:
        guess = {"present": "guess", "new": NEW}
        codes = [(await ana.put("account/password", json=guess)).status_code for _ in range(SLOWDOWNS[Guard.PAIR].free)]
        assert set(codes) == {422}
        refused = await ana.put("account/password", json={"present": "ana-secret", "new": NEW})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too-many-tries")
        assert refused.headers["retry-after"] == "15"


async def audit_of(site: Site, name: str) -> list[dict[str, str]]:
    async with site.person(name) as person:
        found: list[dict[str, str]] = (await person.get("audit")).json()["items"]
    return found


async def test_people_read_of_their_own_account_in_the_audit_and_operators_of_all(site: Site) -> None:
    links.make_link(site.context, name="ana", actor="operator")
    links.make_link(site.context, name="ben", actor="operator")
    assert {entry["subject"] for entry in await audit_of(site, "ana")} == {"account:ana"}
    assert {"account:ana", "account:ben"} <= {entry["subject"] for entry in await audit_of(site, "operator")}
