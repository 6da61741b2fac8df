"""What the open page of a user's server may do with its token, and from where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from terraspawner.db import tables
from terraspawner.web.addresses import server_origin
from terraspawner.web.lab_pages import LabPage, is_of_somebody, may_call_from, page_of
from tests import builders
from tests.web.hubs import until
from tests.web.sites import API, Site, opened

PAGE: dict[str, Any] = {
    "kind": "user",
    "name": "ana",
    "session_id": "2db082af",
    "scopes": ["access:servers!server=ana/ana-alpha", "read:users:groups!user=ana", "read:users:name!user=ana"],
}
"""As the Hub 6.1 tells of it."""
ACCESS = "access:servers!server=ana/ana-alpha"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, LabPage(user="ana", slug="ana-alpha")),
        ({"scopes": [ACCESS]}, LabPage(user="ana", slug="ana-alpha")),
        ({"name": "ben"}, None),
        ({"kind": "service"}, None),
        ({"session_id": None}, None),
        ({"session_id": ""}, None),
        ({"scopes": []}, None),
        ({"scopes": ["access:servers!user=ana"]}, None),
        ({"scopes": ["access:servers"]}, None),
        ({"scopes": ["access:servers!server=ana/"]}, None),
        ({"scopes": ["access:servers!server=ana"]}, None),
        ({"scopes": [ACCESS, "access:servers!server=ana/ana-beta"]}, None),
        ({"scopes": [ACCESS, "users:activity!user=ana"]}, None),
        ({"scopes": [ACCESS, "access:services!service=workspaces"]}, None),
    ],
)
def test_whose_page_a_token_is(change: dict[str, Any], expected: LabPage | None) -> None:
    assert page_of(PAGE | change) == expected


TERRA, SUB = "https://terra.test", "https://terra.test:8443"


@pytest.mark.parametrize(
    ("origin", "theirs", "expected"),
    [
        ("", "", True),
        (TERRA, "", True),
        ("https://evil.test", "", False),
        ("null", "", False),
        ("http://terra.test", "", False),
        ("https://ana.terra.test", "https://ana.terra.test", True),
        ("", "https://ana.terra.test", True),
        ("https://ben.terra.test", "https://ana.terra.test", False),
        (TERRA, "https://ana.terra.test", False),
        ("https://ana.terra.test.evil.test", "https://ana.terra.test", False),
        ("null", "https://ana.terra.test", False),
    ],
)
def test_from_where_a_page_may_call(origin: str, theirs: str, expected: bool) -> None:
    assert may_call_from(origin, ours=TERRA, theirs=theirs) is expected


@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        ("https://ana.terra.test", TERRA, True),
        ("https://u-ana--1f2e3d4.terra.test", TERRA, True),
        ("https://ana.terra.test:8443", SUB, True),
        ("https://ana.terra.test", SUB, False),
        (TERRA, TERRA, False),
        ("http://ana.terra.test", TERRA, False),
        ("https://anaXterra.test", TERRA, False),
        ("https://a.b.terra.test", TERRA, False),
        ("https://ana.terra.test.evil.test", TERRA, False),
        ("https://evil.test/.terra.test", TERRA, False),
        ("https://ana.terra.test\n", TERRA, False),
        ("null", TERRA, False),
        ("", TERRA, False),
        ("https://ana.terra.test", "", False),
        ("://ana.", "", False),
    ],
)
def test_which_origins_can_be_a_users(origin: str, host: str, expected: bool) -> None:
    assert is_of_somebody(origin, host) is expected


@pytest.mark.parametrize("user", ["ana", "Ana Lovelace", "a.b", "x--y", "x" * 60])
def test_every_users_origin_is_known_as_one(tmp_path: Path, user: str) -> None:
    settings = builders.context(tmp_path, subdomain_host=SUB).settings
    assert is_of_somebody(server_origin(settings, user), SUB)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as made:
        yield made


@pytest.fixture
async def sub(tmp_path: Path) -> AsyncIterator[Site]:
    """With subdomains."""
    async with opened(tmp_path, subdomain_host="http://terra.test") as made:
        yield made


HERE = f"{API}/workspaces/ana/alpha/environment"


def page(site: Site, origin: str = "") -> httpx.AsyncClient:
    slug = site.workspace().slug
    origins = {"origin": origin} if origin else {}
    return site.client(authorization=f"token {site.hub.page_token('ana', slug)}", **origins)


async def test_a_page_starts_its_environment_and_sees_its_state(site: Site) -> None:
    async with page(site, "http://terra.test") as lab:
        assert (await lab.get(HERE)).json()["state"] == "none"
        assert (await lab.post(f"{HERE}/start")).json()["state"] == "running"
        assert (await lab.get(HERE)).json()["state"] == "running"


@pytest.mark.parametrize("wish", [{"size": "large"}, {"image": "r"}, {"startup_script": "true"}])
async def test_a_page_cannot_choose_what_its_environment_costs_or_runs(site: Site, wish: dict[str, str]) -> None:
    async with page(site, "http://terra.test") as lab:
        refused = await lab.post(f"{HERE}/start", json=wish)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not-allowed")
    assert site.hub.calls == []


async def test_a_page_elsewhere_is_refused_and_nothing_starts(site: Site) -> None:
    async with page(site, "http://evil.test") as lab:
        assert (await lab.post(f"{HERE}/start")).status_code == 403
        assert (await lab.get(HERE)).status_code == 403
    assert site.hub.calls == []


async def test_a_page_learns_nothing_of_workspaces_that_are_not_its_own(site: Site) -> None:
    site.workspace("ben", "secret")
    async with page(site) as lab:
        there, nowhere = [
            (await lab.get(f"{API}/workspaces/{at}/environment")).json() for at in ("ben/secret", "ben/nothing")
        ]
    assert there["error"]["code"] == "not-allowed"
    assert there == nowhere


async def test_a_page_of_a_disabled_account_is_refused(site: Site) -> None:
    async with page(site) as lab:
        with site.context.database.write() as connection:
            connection.execute(sa.update(tables.account).where(tables.account.c.name == "ana").values(is_disabled=True))
        assert (await lab.get(HERE)).status_code == 403


async def test_without_subdomains_no_other_origin_is_let_in_by_the_browser(site: Site) -> None:
    asked = {"origin": "http://ana.terra.test", "access-control-request-method": "GET"}
    async with page(site) as lab:
        for answer in (await lab.options(HERE, headers=asked), await lab.get(HERE, headers=asked)):
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("path", "method", "origin", "expected"),
    [
        (HERE, "GET", "http://ana.terra.test", True),
        (f"{HERE}/start", "POST", "http://ana.terra.test", True),
        (f"{HERE}/pause", "POST", "http://ana.terra.test", False),
        (HERE, "DELETE", "http://ana.terra.test", False),
        (f"{API}/whoami", "GET", "http://ana.terra.test", False),
        (f"{API}/workspaces/ana/alpha/notebooks/environment", "GET", "http://ana.terra.test", False),
        (HERE, "GET", "http://evil.test", False),
        (HERE, "GET", "http://terra.test", False),
    ],
)
async def test_what_a_browser_is_told_on_a_users_domain(
    sub: Site, path: str, method: str, origin: str, expected: bool
) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization",
    }
    async with sub.client() as client:
        answer = await client.options(path, headers=asked)
    is_let_in = answer.status_code == 200 and answer.headers.get("access-control-allow-origin") == origin
    assert is_let_in is expected
    assert "access-control-allow-credentials" not in answer.headers


async def test_with_subdomains_a_page_calls_from_its_users_domain_alone(sub: Site) -> None:
    async with page(sub) as lab:
        answer = await lab.get(HERE, headers={"origin": "http://ana.terra.test"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "http://ana.terra.test"
        for origin in ("http://ben.terra.test", "http://terra.test", "http://evil.test"):
            assert (await lab.get(HERE, headers={"origin": origin})).status_code == 403


async def test_a_refusal_is_readable_on_the_users_domain(sub: Site) -> None:
    async with sub.client(authorization="token gone", origin="http://ana.terra.test") as lab:
        answer = await lab.get(HERE)
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "http://ana.terra.test"


async def test_an_environment_pauses_itself_by_its_key(site: Site) -> None:
    alpha, beta = site.workspace(), site.workspace(name="beta")
    site.running(beta)
    async with site.environment(site.running(alpha).key) as inside:
        assert (await inside.post("environments/self/pause")).status_code == 202
        await until(lambda: site.state(alpha) == "paused", "it is paused")
        assert (await inside.post("environments/self/pause")).status_code == 401
    assert (site.state(alpha), site.state(beta)) == ("paused", "running")
