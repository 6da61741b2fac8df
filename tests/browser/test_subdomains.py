"""A7: the short journey with and without a domain for each user, and what a page of a user's server can do in each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import opened_page, sign_in
from browser.hostile import PAGE, turned_hostile
from browser.test_journey import badge, in_lab, output, type_cell
from deployment import API, Deployment, Workspace, unique, until

pytestmark = [pytest.mark.docker, pytest.mark.browser]


@pytest.fixture(params=[pytest.param("deployment", marks=pytest.mark.full), "walled"])
def site(request: pytest.FixtureRequest) -> Deployment:
    """A deployment without and one with TLS and subdomains."""
    found: Deployment = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def opened(browser: Browser, site: Deployment, artefacts: Path) -> Iterator[Page]:
    yield from opened_page(browser, site, artefacts)


@pytest.mark.full
@pytest.mark.feature("A7")
def test_the_short_journey(opened: Page, site: Deployment, artefacts: Path) -> None:
    page, ana = opened, site.person("ana")
    sign_in(page, site, "ana")
    assert page.url == f"{site.url}/services/workspaces/"
    name = unique("short")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create workspace").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    workspace = Workspace(owner=ana, name=name, slug=ana.api.get(f"/workspaces/ana/{name}").json()["slug"])
    page.get_by_label("Name", exact=True).fill("short")
    page.get_by_role("button", name="Create and open").click()

    in_lab(page, "short")
    assert page.url.startswith(f"{site.origin_of('ana')}{workspace.server_url}lab")
    assert workspace.environment()["url"].endswith(workspace.server_url)
    type_cell(page, "print('went' + ' well')")
    output(page, "went well")
    badge(page, "workspace")
    page.screenshot(path=artefacts / "lab.png")

    # from Lab to the workspace's page, and what is told live there
    page.get_by_role("menuitem", name="File").click()
    with page.expect_popup() as popup:
        page.get_by_role("menuitem", name="Workspace Page").click()
    there = popup.value
    expect(there.get_by_role("link", name="Open Lab")).to_have_attribute(
        "href", f"{site.origin_of('ana') if site.origin_of('ana') != site.url else ''}{workspace.server_url}lab"
    )
    assert there.url == f"{site.url}/services/workspaces{workspace.path}"
    workspace.pause()
    expect(there.get_by_role("button", name="Resume")).to_be_visible()
    there.screenshot(path=artefacts / "paused.png")

    # the link of a notebook resumes, follows to where the server is, and signs in there by itself
    there.get_by_role("link", name="Edit short.ipynb").click()
    in_lab(there, "short")
    # and by a form without scripts, as far as the policy of our pages goes
    hand_over = there.context.new_page()
    hand_over.goto(f"/services/workspaces/open{workspace.path.removeprefix('/workspaces')}/notebooks/short.ipynb")
    in_lab(hand_over, "short")

    assert_cookies_are_scoped(there, site)
    workspace.clear()
    ana.close()


def assert_cookies_are_scoped(page: Page, site: Deployment) -> None:
    """Who signs somebody in is read by nobody else, and planted by nobody else where that can be had."""
    kept = {(item["name"], item["domain"]): item for item in page.context.cookies()}
    hub = urlsplit(site.url).hostname or ""
    if site.origin_of("ana") == site.url:
        assert {domain for _, domain in kept} == {hub}
        paths = {name: item["path"] for (name, _), item in kept.items()}
        assert paths[f"{site.name}-workspaces"] == "/services/workspaces/"
        assert paths["jupyterhub-hub-login"] == "/hub/"
        return
    signs_in = {
        key for key in kept if key[0].startswith("__Host-") and kept[key]["secure"] and kept[key]["path"] == "/"
    }
    assert (f"__Host-{site.name}-workspaces", hub) in signs_in
    assert ("__Host-jupyterhub-hub-login", hub) in signs_in
    assert any(domain == f"ana.{hub}" for _, domain in signs_in)
    for_all = {name for name, domain in kept if domain.startswith(".")}
    assert for_all == {"jupyterhub-session-id"}, "it opens nothing"


# --- a page of somebody's own server ---

READ = """async (url) => {
  try {
    const answer = await fetch(url, {credentials: "include"});
    return `${answer.status} ${await answer.text()}`;
  } catch (error) {
    return `refused: ${error.name}`;
  }
}"""
SEND = """async ([url, type, body]) => {
  try {
    const answer = await fetch(url, {method: "POST", mode: "no-cors", credentials: "include",
                                     headers: {"Content-Type": type}, body});
    return answer.type;
  } catch (error) {
    return `refused: ${error.name}`;
  }
}"""
LISTEN = """([kind, url]) => new Promise((resolve) => {
  const opened = kind === "socket" ? new WebSocket(url) : new EventSource(url, {withCredentials: true});
  opened.onopen = () => resolve("opened");
  opened.onerror = () => resolve("refused");
})"""
FRAME = """(url) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.onload = () => {
    try {
      resolve(frame.contentDocument ? frame.contentDocument.body.innerText : "closed");
    } catch (error) {
      resolve("closed");
    }
  };
  frame.src = url;
  document.body.append(frame);
})"""


@pytest.fixture
def victim(site: Deployment, opened: Page) -> Iterator[Workspace]:
    """Ben, signed in at the Hub, at the service and at his own server, with a kernel that runs there."""
    ben = site.person("ben")
    workspace = ben.workspace(unique("victim"))
    workspace.create_notebook("mine")
    sign_in(opened, site, "ben")
    opened.goto(f"/services/workspaces/open{workspace.path.removeprefix('/workspaces')}/notebooks/mine.ipynb")
    in_lab(opened, "mine")
    yield workspace
    workspace.clear()
    ben.close()


@pytest.fixture
def hostile(site: Deployment) -> Iterator[str]:
    """Address of a page of ana's server, which does as she likes."""
    ana = site.person("ana")
    workspace = ana.workspace(unique("hostile"))
    workspace.start()
    with turned_hostile(workspace) as address:
        yield address
    workspace.clear()
    ana.close()


def kernels_of(workspace: Workspace) -> list[dict[str, Any]]:
    owner = workspace.owner
    headers = {"Authorization": f"token {owner.token}"}
    answer = owner.deployment.get(f"{workspace.server_url}api/kernels", of=owner.name, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


@pytest.mark.full
@pytest.mark.parametrize("site", ["deployment"], indirect=True)
def test_without_subdomains_a_page_of_a_users_server_acts_as_its_visitor(
    opened: Page, site: Deployment, victim: Workspace, hostile: str
) -> None:
    """What the README says is not protected, and why `make up` refuses it beyond loopback."""
    opened.goto(hostile)
    assert opened.title() == PAGE
    status, _, text = opened.evaluate(READ, f"{site.url}{API}/whoami").partition(" ")
    assert (status, json.loads(text)["name"]) == ("200", "ben")


@pytest.mark.feature("A7")
@pytest.mark.parametrize("site", ["walled"], indirect=True)
def test_with_subdomains_a_page_of_a_users_server_is_a_stranger_to_all_others(
    opened: Page, site: Deployment, victim: Workspace, hostile: str
) -> None:
    ben, servers = victim.owner, f"{site.origin_of('ben')}{victim.server_url}"
    (kernel,) = kernels_of(victim)
    service, hub = f"{site.url}/services/workspaces", f"{site.url}/hub"
    page = opened
    page.goto(f"{service}/")
    assert page.evaluate(READ, f"{site.url}{API}/whoami").startswith("200"), "ben is signed in here"
    page.goto(hostile)
    assert page.title() == PAGE

    # reads nothing
    for url in (
        f"{site.url}{API}/whoami",
        f"{site.url}{API}{victim.path}/environment",
        f"{service}/",
        f"{service}/workspaces/ben/{victim.name}",
        f"{hub}/api/user",
        f"{hub}/token",
        f"{servers}lab",
        f"{servers}api/contents",
        f"{servers}api/kernels",
    ):
        assert page.evaluate(READ, url) == "refused: TypeError", url
        assert page.evaluate(FRAME, url) == "closed", url
    socket = servers.replace("https://", "wss://")
    assert page.evaluate(LISTEN, ["socket", f"{socket}api/kernels/{kernel['id']}/channels"]) == "refused"
    live = f"{service}/workspaces/ben/{victim.name}/environment/live"
    assert page.evaluate(LISTEN, ["stream", live]) == "refused"

    # changes nothing, by anything that a browser sends without asking first
    tokens = ben.hub.get("/users/ben/tokens").json()["api_tokens"]
    form, text = "application/x-www-form-urlencoded", "text/plain"
    attempts = [
        (f"{service}/workspaces", form, "namespace=ben&name=planted"),
        (f"{site.url}{API}/workspaces", text, '{"namespace":"ben","name":"planted","storage":"bucket"}'),
        (f"{service}/workspaces/ben/{victim.name}/environment/pause", form, ""),
        (f"{site.url}{API}{victim.path}/environment/pause", text, "{}"),
        (f"{hub}/api/users/ben/tokens", text, '{"note":"planted"}'),
        (f"{hub}/api/users/ben/servers/{victim.slug}", text, "{}"),
        (f"{servers}api/kernels", text, '{"name":"python3"}'),
        (f"{servers}api/terminals", text, "{}"),
    ]
    for attempt in attempts:
        page.evaluate(SEND, list(attempt))
    assert "planted" not in json.dumps(ben.api.get("/workspaces").json())
    assert victim.environment()["state"] == "running"
    assert {item["id"] for item in ben.hub.get("/users/ben/tokens").json()["api_tokens"]} == {
        item["id"] for item in tokens
    }
    assert [item["id"] for item in kernels_of(victim)] == [kernel["id"]]

    # plants no cookie that would make ben somebody else
    page.evaluate(PLANT, urlsplit(site.url).hostname)
    page.goto(f"{service}/")
    status, _, told = page.evaluate(READ, f"{site.url}{API}/whoami").partition(" ")
    assert (status, json.loads(told)["name"]) == ("200", "ben")
    badge_of_ben = page.goto(f"{hub}/token")
    assert badge_of_ben is not None
    assert badge_of_ben.status == 200
    until(lambda: victim.environment()["state"] == "running", "nothing was paused")

    # but may sign him out: the Hub takes that from any address that a browser is sent to
    page.goto(hostile)
    page.evaluate(SEEN, f"{hub}/logout")
    page.goto(f"{service}/")
    assert urlsplit(page.url).path == "/hub/login"


SEEN = """(url) => new Promise((resolve) => {
  const picture = new Image();
  picture.onerror = picture.onload = () => resolve();
  picture.src = url;
})"""
PLANT = """(host) => {
  for (const name of ["terraspawner-workspaces", "jupyterhub-hub-login"]) {
    for (const prefix of ["__Host-", ""]) {
      for (const path of ["/", "/hub/", "/services/workspaces/"]) {
        document.cookie = `${prefix}${name}=planted; Domain=${host}; Path=${path}; Secure`;
      }
    }
  }
}"""
