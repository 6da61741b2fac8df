"""A real OpenID provider (npm's `oidc-provider`) in a container beside the Hub, and a deployment that signs in with it.

The container has an address on the deployment's core network, so Hub and browser find it at the same one, and what is
said with it leaves the machine as little as loopback does.
"""

from __future__ import annotations

import html
import ipaddress
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deployment import ROOT, Deployment, deployed, with_settings
from npm import node_modules
from waiting import until

NAME, SUBNET = "tsp-oidc", 208
PORT = 9000
CLIENT, SECRET = "terraspawner", "a secret of the client's"
STATE_SECONDS = 3
"""How long an access token of the provider's is good for: shorter than anybody's visit."""

ANA, BEN, ROSA = "ana-at-the-provider", "ben-at-the-provider", "rosa-at-the-provider"
"""The provider's own names for people, which a login is here too."""
ACCOUNTS: dict[str, dict[str, Any]] = {
    ANA: {
        "preferred_username": "Ana.O+lab@Example.org",
        "email": "ana@example.org",
        "email_verified": True,
        "groups": ["lab", "heart"],
    },
    BEN: {"preferred_username": "ben@example.org", "groups": ["others"]},
    ROSA: {"preferred_username": "rosa@example.org", "groups": ["lab", "people who operate"]},
}
ANA_NAME = "ana.o+lab@example.org"


@dataclass(kw_only=True)
class Provider:
    """The provider. `state` is what it knows and whether it lies; it reads that at each use."""

    issuer: str
    folder: Path
    state: dict[str, Any] = field(default_factory=dict)

    def tell(self, **changes: Any) -> None:
        """Change what the provider knows."""
        self.state |= changes
        new = self.folder / "state.new"
        new.write_text(json.dumps(self.state))
        new.chmod(0o644)
        new.replace(self.folder / "state.json")

    def change(self, login: str, **claims: Any) -> None:
        """Change what it says of one person."""
        accounts = self.state["accounts"]
        self.tell(accounts={**accounts, login: {**accounts[login], **claims}})

    def remove(self, login: str) -> None:
        self.tell(accounts={name: claims for name, claims in self.state["accounts"].items() if name != login})

    def reset(self) -> None:
        self.tell(accounts=ACCOUNTS, lie="", is_down=False)


@dataclass(kw_only=True)
class Outside:
    """A deployment whose people come from a provider."""

    deployment: Deployment
    provider: Provider

    def browser(self) -> httpx.Client:
        """A browser that was never here."""
        return self.deployment.client(base_url=self.deployment.url, follow_redirects=True)

    def go_to_provider(self, browser: httpx.Client, wanted: str = "/hub/token") -> str:
        """Set out for a sign-in, to end at `wanted`; returns where the provider asks who comes."""
        asked = browser.get("/hub/oauth_login", params={"next": wanted})
        assert asked.url.path.startswith("/interaction/"), (asked.status_code, asked.url, asked.text[:2000])
        return str(asked.url)

    def come_back(self, browser: httpx.Client, login: str, wanted: str = "/hub/token") -> str:
        """Sign in at the provider; returns the address that it sends the browser back to, not yet visited."""
        answer = browser.post(self.go_to_provider(browser, wanted), data={"login": login}, follow_redirects=False)
        while not answer.headers["location"].startswith(self.deployment.url):
            answer = browser.get(answer.headers["location"], follow_redirects=False)
        return str(answer.headers["location"])

    def sign_in(self, browser: httpx.Client, login: str) -> httpx.Response:
        """The whole way. Returns the Hub's page at its end."""
        return browser.get(self.come_back(browser, login))


def sentence(page: httpx.Response) -> str:
    """What the Hub's page of an error says."""
    found = re.search(r'role="alert">([^<]*)<', page.text)
    return html.unescape(" ".join(found[1].split())) if found else page.text


def is_signed_in(browser: httpx.Client) -> bool:
    return browser.get("/hub/token", follow_redirects=False).status_code == 200


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """A deployment and its provider, from nothing to nothing."""
    core = ipaddress.ip_network(with_settings(NAME, SUBNET).environ["TERRA_CORE_SUBNET"])
    address = str(core[100])
    issuer = f"http://{address}:{PORT}"
    secret = folder / "client secret"
    secret.write_text(f"{SECRET}\n")

    def settings(_: int) -> dict[str, str]:
        return {
            "TERRA_SIGN_IN": "oidc",
            "TERRA_SIGN_IN_ISSUER": issuer,
            "TERRA_SIGN_IN_LABEL": "the Lab's provider",
            "TERRA_SIGN_IN_CLIENT_ID": CLIENT,
            "TERRA_SIGN_IN_CLIENT_SECRET_FILE": str(secret),
            "TERRA_SIGN_IN_ALLOWED_GROUPS": "lab, people who operate",
            "TERRA_SIGN_IN_OPERATOR_GROUPS": "people who operate",
            "TERRA_SIGN_IN_REFRESH": "1",
        }

    with deployed(NAME, SUBNET, settings) as deployment:
        provider = Provider(issuer=issuer, folder=folder)
        provider.reset()
        setup = {
            "issuer": issuer,
            "port": PORT,
            "access_seconds": STATE_SECONDS,
            "another": ROSA,
            "clients": [
                {
                    "client_id": CLIENT,
                    "client_secret": SECRET,
                    "redirect_uris": [f"{deployment.url}/hub/oauth_callback"],
                    "grant_types": ["authorization_code", "refresh_token"],
                    "token_endpoint_auth_method": "client_secret_post",
                }
            ],
        }
        (folder / "setup.json").write_text(json.dumps(setup))
        container = _started(deployment, folder, address)
        try:
            until(lambda: _answers(f"{issuer}/.well-known/openid-configuration"), "the provider answers")
            yield Outside(deployment=deployment, provider=provider)
        finally:
            artefacts = ROOT / "tests" / "artefacts"
            artefacts.mkdir(exist_ok=True)
            (artefacts / "provider.log").write_bytes(container.logs())
            container.remove(force=True)


def _started(deployment: Deployment, folder: Path, address: str) -> Any:
    client = deployment.docker
    for old in client.containers.list(all=True, filters={"name": f"^{deployment.name}-provider$"}):
        old.remove(force=True)
    folder.chmod(0o755)
    container = client.containers.create(
        deployment.service("hub").image.id,
        ["node", "/provider/provider.mjs", "/state"],
        entrypoint=[],
        name=f"{deployment.name}-provider",
        user="65534:65534",
        volumes={
            str(node_modules(ROOT / "tests" / "provider")): {"bind": "/provider/node_modules", "mode": "ro"},
            str(ROOT / "tests" / "provider" / "provider.mjs"): {"bind": "/provider/provider.mjs", "mode": "ro"},
            str(folder): {"bind": "/state", "mode": "ro"},
        },
        network_mode="none",
        cap_drop=["ALL"],
    )
    client.networks.get("none").disconnect(container)
    client.networks.get(f"{deployment.name}-core").connect(container, ipv4_address=address)
    container.start()
    return container


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
