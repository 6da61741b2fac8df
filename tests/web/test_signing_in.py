"""The browser's way through the Hub's OAuth."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import builders
from terraspawner.errors import SettingsWrong
from terraspawner.hub import HubClient
from terraspawner.web.app import create_app
from tests.web.hosts import HostThatObeys
from tests.web.mounters import MounterThatObeys
from tests.web.sites import API, PREFIX, Site


async def test_a_link_leads_through_the_sign_in_back_to_itself(site: Site) -> None:
    site.workspace()
    async with site.client() as client:
        answer = await client.get(f"{PREFIX}/workspaces/ana/alpha?notice=deleted", follow_redirects=True)
        assert answer.status_code == 200
        assert answer.url.path == f"{PREFIX}/workspaces/ana/alpha"
        assert answer.url.query == b"notice=deleted"
        (cookie,) = client.cookies.jar
    assert cookie.name == "terraspawner-workspaces"
    assert cookie.path == f"{PREFIX}/"
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert not cookie.secure
    assert "ana" not in (cookie.value or "")
    assert not any(token in (cookie.value or "") for token in site.hub.tokens)


async def test_behind_tls_the_cookies_are_secure(site: Site) -> None:
    async with site.client(**{"x-forwarded-proto": "https,http"}) as client:
        answer = await client.get(f"{PREFIX}/login")
    assert "; Secure" in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/",
        "//evil.test",
        "/hub/home",
        f"{PREFIX}/\\evil",
        f"{PREFIX}/\r\nx",
        f"{PREFIX}/../../user/ben/hostile/",
        f"{PREFIX}/%2e%2e/.%2E/user/ben/hostile/",
        f"{PREFIX}/..%2f..%2fuser/ben/hostile/",
        "javascript:1",
        "",
    ],
)
async def test_a_sign_in_leads_nowhere_but_to_us(site: Site, url: str) -> None:
    async with site.client() as client:
        answer = await client.get(f"{PREFIX}/login", params={"next": url}, follow_redirects=True)
    assert answer.url.path == f"{PREFIX}/"


async def test_two_tabs_sign_in_at_once(site: Site) -> None:
    site.workspace()
    async with site.client() as client:
        first = await client.get(f"{PREFIX}/login", params={"next": f"{PREFIX}/"})
        second = await client.get(f"{PREFIX}/login", params={"next": f"{PREFIX}/workspaces/ana/alpha"})
        back = [await client.get(answer.headers["location"]) for answer in (second, first)]
        second_end = await client.get(back[0].headers["location"])
        assert second_end.headers["location"] == f"{PREFIX}/workspaces/ana/alpha"


@pytest.mark.parametrize("change", ["state", "code", "cookie"])
async def test_a_forged_return_signs_nobody_in(site: Site, change: str) -> None:
    async with site.client() as client:
        departure = await client.get(f"{PREFIX}/login")
        back = (await client.get(departure.headers["location"])).headers["location"]
        said = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        if change == "cookie":
            client.cookies.clear()
        else:
            said[change] = "forged"
        answer = await client.get(f"{PREFIX}/oauth_callback", params=said)
        assert answer.status_code == 401
        assert "Try again" in answer.text
        assert (await client.get(f"{API}/whoami")).status_code == 401


async def test_a_session_of_another_deployment_or_purpose_is_no_session(site: Site) -> None:
    async with site.client() as client:
        departure = await client.get(f"{PREFIX}/login")
        (state,) = client.cookies.jar
        client.cookies.set("terraspawner-workspaces", state.value or "", path=f"{PREFIX}/")
        assert (await client.get(f"{API}/whoami")).status_code == 401
    assert departure.status_code == 302


async def test_without_the_hub_the_service_says_so_and_stays_alive(tmp_path: Path) -> None:
    context = builders.context(tmp_path, hub_api_url="http://127.0.0.1:9/hub/api")
    app = create_app(
        context, HubClient(context.settings.hub_api_url, "s" * 64), HostThatObeys(), MounterThatObeys(), vendor=tmp_path
    )
    alone = Site(context=context, app=app, hub=None, door=app)  # type: ignore[arg-type]
    async with app.router.lifespan_context(app), alone.client(authorization="token abc") as client:
        whoami, health, page = await asyncio.gather(
            client.get(f"{API}/whoami"), client.get(f"{PREFIX}/health"), client.get(f"{PREFIX}/")
        )
    context.database.close()
    assert (whoami.status_code, whoami.json()["error"]["code"]) == (503, "hub-unavailable")
    assert whoami.headers["retry-after"]
    assert (health.status_code, health.json()["ready"]) == (200, False)
    assert health.json()["parts"]["hub"]["ok"] is False
    assert page.status_code == 503
    assert "The Hub is not answering" in page.text


@pytest.mark.parametrize("change", [{"secret_key": "short"}, {"service_token": ""}])
def test_a_wrong_secret_is_one_sentence_at_the_start(tmp_path: Path, change: dict[str, str]) -> None:
    context = builders.context(tmp_path, **change)
    with pytest.raises(SettingsWrong, match="TERRA_"):
        create_app(context, HubClient("http://x", "t"), HostThatObeys(), MounterThatObeys(), vendor=tmp_path)
    context.database.close()
