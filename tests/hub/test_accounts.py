"""Accounts through the real Hub: what a link, a new password and a disabling do to cookies, tokens and servers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator

import httpx
import pytest

from deployment import API, Deployment, Person, Workspace, unique, until
from terraspawner.domain.sign_in import SLOWDOWNS, Guard

pytestmark = pytest.mark.docker

SERVICE = "/services/workspaces"


def set_password(deployment: Deployment, url: str) -> tuple[str, str]:
    """Use a link as a program would. Returns name and password."""
    password = f"words {secrets.token_hex(8)}"
    used = httpx.post(f"{deployment.url}{API}/links/use", json={"code": url, "password": password}, timeout=60)
    assert used.status_code == 200, used.text
    return used.json()["account"], password


@pytest.fixture
def eva(deployment: Deployment, operator: Person) -> Iterator[Person]:
    """Somebody new, signed in."""
    made = operator.api.post("/accounts", json={"name": unique("eva")})
    assert made.status_code == 201, made.text
    name, password = set_password(deployment, made.json()["url"])
    signed_in = Person.signed_in(deployment, name, password)
    signed_in.password = password  # type: ignore[attr-defined]
    yield signed_in
    operator.api.patch(f"/accounts/{name}", json={"is_disabled": True})
    signed_in.close()


@pytest.fixture
def arrives() -> Iterator[Callable[..., Person]]:
    """Signs somebody in, in a browser of its own."""
    arrived: list[Person] = []

    def sign_in(deployment: Deployment, name: str, password: str) -> Person:
        arrived.append(Person.signed_in(deployment, name, password))
        return arrived[-1]

    yield sign_in
    for person in arrived:
        person.close()


def form(deployment: Deployment, name: str, password: str, **headers: str) -> httpx.Response:
    """The Hub's login form, from a browser that was never here."""
    with httpx.Client(base_url=deployment.url, headers=headers, timeout=60) as browser:
        browser.get("/hub/login")
        data = {"username": name, "password": password, "_xsrf": browser.cookies.get("_xsrf", path="/hub/") or ""}
        return browser.post("/hub/login", data=data)


def is_signed_in(person: Person) -> bool:
    return person.browser_session.get("/hub/token", follow_redirects=False).status_code == 200


@pytest.mark.feature("A2")
def test_the_command_adds_a_person_and_says_what_is_wrong(deployment: Deployment) -> None:
    name = unique("otto")
    added = deployment.run("accounts", "add", name, "--email", "otto@example.org")
    assert added.returncode == 0, added.stderr
    (url,) = re.findall(r"http://\S+#\S+", added.stdout)
    assert url.startswith(f"{deployment.url}{SERVICE}/set-password#")
    listed = " ".join(deployment.run("accounts", "list").stdout.split())
    assert f"{name} link not used yet user never otto@example.org" in listed
    again = deployment.run("accounts", "add", name)
    assert (again.returncode, f"There is an account {name} already" in again.stderr) == (1, True)
    assert "Traceback" not in again.stderr
    set_password(deployment, url)
    assert deployment.run("accounts", "disable", name).returncode == 0
    assert "disabled" in deployment.run("accounts", "list").stdout
    last = deployment.run("accounts", "disable", "operator")
    assert (last.returncode, "last operator" in last.stderr) == (1, True)
    secret = url.partition("#")[2].partition(".")[2]
    assert secret not in deployment.run("logs", "--no-follow").stdout


def test_a_new_password_ends_every_session_and_token_and_no_environment(
    deployment: Deployment, eva: Person, arrives: Callable[..., Person]
) -> None:
    workspace = eva.workspace(unique("kept"))
    workspace.start()
    container = workspace.container().id
    second = arrives(deployment, eva.name, eva.password)  # type: ignore[attr-defined]
    in_lab = f"{workspace.server_url}lab"
    assert second.browser_session.get(in_lab).url.path == in_lab
    new = f"words {secrets.token_hex(8)}"
    assert eva.api.put("/account/password", json={"present": "wrong guess", "new": new}).status_code == 422
    assert is_signed_in(second)
    changed = eva.api.put("/account/password", json={"present": eva.password, "new": new})  # type: ignore[attr-defined]
    assert changed.status_code == 204, changed.text
    for person in (eva, second):
        assert not is_signed_in(person)
        assert person.hub.get("/user").status_code == 403
        assert person.api.get("/whoami").status_code == 401
    until(lambda: second.browser_session.get(in_lab).url.path == "/hub/login", "Lab in the other browser has ended")
    assert form(deployment, eva.name, eva.password).status_code == 403  # type: ignore[attr-defined]
    fresh = arrives(deployment, eva.name, new)
    there = Workspace(owner=fresh, name=workspace.name, slug=workspace.slug)
    assert there.environment()["state"] == "running"
    assert there.container().id == container
    # the server's own token lives: it signs people in and reports what they do
    opened = fresh.browser_session.get(in_lab)
    assert (opened.status_code, opened.url.path) == (200, in_lab), opened.text[:500]
    there.delete(disk="delete")


@pytest.mark.parametrize("state", ["running", "frozen"])
def test_disabling_ends_sessions_tokens_and_what_is_up_and_is_told_at_the_sign_in(
    deployment: Deployment, operator: Person, eva: Person, arrives: Callable[..., Person], state: str
) -> None:
    workspace = eva.workspace(unique("ended"))
    workspace.start()
    container, token = workspace.container(), workspace.server_token()
    if state == "frozen":
        workspace.freeze()
    assert workspace.environment()["state"] == state
    assert deployment.status_of_token(token) == 200
    assert operator.api.patch(f"/accounts/{eva.name}", json={"is_disabled": True}).status_code == 200
    assert not is_signed_in(eva)
    assert eva.hub.get("/user").status_code == 403
    assert eva.api.get("/whoami").status_code in (401, 403)
    assert eva.hub.post(f"/users/{eva.name}/servers/{workspace.slug}").status_code == 403
    told = form(deployment, eva.name, eva.password)  # type: ignore[attr-defined]
    assert (told.status_code, "This account is disabled. Ask the operator." in told.text) == (403, True)

    def has_ended() -> bool:
        container.reload()
        return bool(container.status == "exited")

    until(has_ended, "the container has ended")
    until(lambda: deployment.status_of_token(token) == 403, "the server's token is dead")
    assert operator.api.patch(f"/accounts/{eva.name}", json={"is_disabled": False}).status_code == 200
    assert not is_signed_in(eva)
    assert eva.hub.get("/user").status_code == 403
    again = arrives(deployment, eva.name, eva.password)  # type: ignore[attr-defined]
    back = Workspace(owner=again, name=workspace.name, slug=workspace.slug)
    back.wait_for("paused")
    back.delete(disk="delete")
    acts = [
        entry["action"]
        for entry in operator.api.get("/audit").json()["items"]
        if entry["subject"] == f"account:{eva.name}"
    ]
    assert acts == ["account-enabled", "account-disabled", "link-used", "link-made", "account-added"]


def test_forged_addresses_do_not_shorten_the_wait_and_nothing_typed_is_logged(deployment: Deployment) -> None:
    name = f"typed {secrets.token_hex(8)}"
    free = SLOWDOWNS[Guard.PAIR].free

    def attempt(number: int) -> httpx.Response:
        address = f"192.0.2.{number}"
        return form(deployment, name, "wrong", **{"X-Real-IP": address, "X-Forwarded-For": address})

    said = [attempt(number) for number in range(free)]
    assert [answer.status_code for answer in said] == [403] * free
    assert "Wrong name or password. Try again." in said[0].text
    assert "Wait 15 seconds before the next try" in said[-1].text
    # a slow machine may let one more through, and then the wait is twice as long
    numbers = iter(range(free, 200))
    refused = until(lambda: (answer := attempt(next(numbers))).status_code == 429 and answer, "a try must wait")
    assert "Try again in" in refused.text
    assert int(refused.headers["Retry-After"]) > 0
    by_token = httpx.post(
        f"{deployment.url}/hub/api/users/ana/tokens", json={"auth": {"username": name, "password": "wrong"}}, timeout=60
    )
    assert by_token.status_code == 403
    log = deployment.service("hub").logs().decode()
    assert "sign-in-refused" in log
    assert name not in log
    assert name.partition(" ")[2] not in log


def test_a_server_of_no_workspace_leaves_no_row_in_the_hub(ana: Person) -> None:
    def known() -> set[str]:
        return set(ana.hub.get("/users/ana?include_stopped_servers=1").json()["servers"])

    before = known()
    name = unique("junk")
    for method in ("POST", "PUT"):
        refused = ana.hub.request(method, f"/users/ana/servers/{name}", json={})
        assert refused.status_code == 404
        assert "No workspace of yours" in refused.json()["message"]
    page = ana.browser_session.get(f"/hub/spawn/ana/{name}")
    assert page.status_code == 404
    assert known() == before
