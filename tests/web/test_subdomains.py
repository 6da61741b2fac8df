"""A7: what the service does differently where each user has a domain of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from terraspawner.settings import Settings
from terraspawner.web.addresses import server_origin
from tests.web.sites import PREFIX, opened


@pytest.mark.parametrize(
    ("host", "user", "origin"),
    [
        ("", "ana", ""),
        ("https://lab.example.org", "ana", "https://ana.lab.example.org"),
        ("http://lab.localhost:8000", "ana", "http://ana.lab.localhost:8000"),
    ],
)
def test_where_a_persons_servers_are(host: str, user: str, origin: str) -> None:
    assert server_origin(Settings(subdomain_host=host), user) == origin


@pytest.mark.feature("A7")
async def test_links_lead_to_the_persons_domain_and_cookies_stay_here(tmp_path: Path) -> None:
    async with opened(tmp_path, subdomain_host="https://terra.test") as site:
        at = site.workspace()
        async with site.person() as ana:
            told = (await ana.get("workspaces/ana/alpha/environment")).json()
        assert told["url"] == f"https://ana.terra.test/user/ana/{at.slug}/"

        async with site.client() as client:
            client.base_url = "https://terra.test"  # type: ignore[assignment]
            page = await client.get(f"{PREFIX}/", follow_redirects=True)
            (cookie,) = client.cookies.jar
        assert page.status_code == 200
        assert (cookie.name, cookie.path, cookie.secure) == ("__Host-terraspawner-workspaces", "/", True)
        assert not cookie.domain_specified
        assert "form-action 'self' https://ana.terra.test;" in page.headers["content-security-policy"]
        assert '<meta name="terra-servers" content="https://ana.terra.test">' in page.text


async def test_without_subdomains_forms_lead_nowhere_else(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, site.client() as client:
        page = await client.get(f"{PREFIX}/", follow_redirects=True)
    assert "form-action 'self';" in page.headers["content-security-policy"]
    assert "terra-servers" not in page.text
