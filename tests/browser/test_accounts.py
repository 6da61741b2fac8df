"""People and passwords in the browser: an operator adds somebody, who comes in by a link; and how that ends."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import go_to, sign_in
from browser.test_journey import in_lab
from deployment import Deployment, Person, unique, until
from terraspawner.domain.sign_in import SLOWDOWNS, Guard

pytestmark = [pytest.mark.docker, pytest.mark.browser]


def come_in(page: Page, name: str, password: str) -> None:
    page.goto("/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.feature("A2")
def test_an_operator_adds_eva_who_sets_a_password_works_and_is_disabled(
    page: Page, browser: Browser, deployment: Deployment, artefacts: Path
) -> None:
    name, password = unique("eva"), f"words {secrets.token_hex(8)}"

    # the operator makes the account and its link
    sign_in(page, deployment, "operator")
    go_to(page, "Operate", "People")
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Eva!")
    page.get_by_role("button", name="Add and make a link").click()
    expect(page.get_by_role("alert")).to_contain_text("'E'")
    page.screenshot(path=artefacts / "01-refused.png", full_page=True)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("E-mail").fill("eva@example.org")
    page.get_by_role("button", name="Add and make a link").click()
    link = page.get_by_role("textbox", name=f"Link for {name}").input_value()
    expect(page.locator(f"[data-account='{name}']")).to_contain_text("no password yet")
    page.screenshot(path=artefacts / "02-link.png", full_page=True)

    with browser.new_context(base_url=deployment.url, viewport={"width": 1280, "height": 860}) as context:
        context.set_default_timeout(60_000)
        eva = context.new_page()
        asked: list[str] = []
        eva.on("request", lambda request: asked.append(f"{request.url} {request.headers}"))

        # eva opens the link: who it is for, a refusal, the password
        eva.goto(link)
        expect(eva.get_by_role("heading", name=f"Set the password of {name}")).to_be_visible()
        eva.get_by_label("Password", exact=True).fill(name)
        eva.get_by_label("The same once more").fill(name)
        eva.get_by_role("button", name="Set the password").click()
        expect(eva.get_by_role("alert")).to_be_visible()
        eva.screenshot(path=artefacts / "03-weak.png")
        eva.get_by_label("Password", exact=True).fill(password)
        eva.get_by_label("The same once more").fill(password)
        eva.get_by_role("button", name="Set the password").click()
        expect(eva.get_by_role("heading", name=f"The password of {name} is set")).to_be_visible()
        eva.screenshot(path=artefacts / "04-set.png")
        secret = link.partition("#")[2].partition(".")[2]
        assert len(secret) > 40
        assert [line for line in asked if secret in line] == []
        assert eva.evaluate("window.location.hash + document.referrer") in ("", f"{deployment.url}/")

        # she signs in and reads who made the link, and that it was used
        eva.get_by_role("link", name="Sign in").click()
        eva.get_by_label("Username").fill(name)
        eva.get_by_label("Password").fill(password)
        eva.get_by_role("button", name="Sign in").click()
        news = eva.locator("#link-news")
        expect(news).to_contain_text("operator made a link that sets a new password for your account")
        expect(news).to_contain_text("It was used")
        eva.screenshot(path=artefacts / "05-told.png")
        eva.get_by_role("button", name="I have read this").click()
        expect(news).to_have_count(0)
        expect(eva.locator("#links")).to_contain_text(re.compile(r"made by operator.*used", re.DOTALL))
        eva.screenshot(path=artefacts / "06-account.png", full_page=True)

        # the link is dead
        page.goto(link)
        expect(page.get_by_role("alert")).to_contain_text("This link sets no password")
        page.screenshot(path=artefacts / "07-dead.png")

        # she works in Lab; the operator disables her
        eva.get_by_role("link", name="Workspaces").click()
        work = unique("work")
        eva.get_by_label("Name", exact=True).fill(work)
        eva.get_by_role("button", name="Create workspace").click()
        expect(eva.get_by_role("heading", name=work)).to_be_visible()
        eva.get_by_label("Name", exact=True).fill("first look")
        eva.get_by_role("button", name="Create and open").click()
        in_lab(eva, "first look")
        lab = eva.url
        page.goto("/services/workspaces/accounts")
        page.get_by_role("button", name=f"Disable {name}").first.click()
        expect(page.get_by_role("heading", name=f"Disable {name}?")).to_be_visible()
        page.screenshot(path=artefacts / "08-disable.png")
        page.get_by_role("dialog").get_by_role("button", name=f"Disable {name}").click()
        expect(page.locator(f"[data-account='{name}']")).to_contain_text("disabled")
        page.screenshot(path=artefacts / "09-disabled.png", full_page=True)

        def is_out() -> bool:
            """Her environment ends once all in it is saved."""
            eva.goto(lab)
            return eva.get_by_role("heading", name="Sign in").is_visible()

        until(is_out, "she is out")
        expect(eva.locator(".jp-NotebookPanel")).to_have_count(0)
        come_in(eva, name, password)
        expect(eva.get_by_text("This account is disabled. Ask the operator.")).to_be_visible()
        eva.screenshot(path=artefacts / "10-told-at-the-sign-in.png")


def test_five_wrong_passwords_make_the_next_try_wait_and_say_so(page: Page, artefacts: Path) -> None:
    name = unique("nobody")
    for _ in range(SLOWDOWNS[Guard.PAIR].free):
        come_in(page, name, "wrong")
        expect(page.get_by_text("Wrong name or password")).to_be_visible()
    expect(page.get_by_text("Wait 15 seconds before the next try.")).to_be_visible()
    early = page.get_by_text(re.compile(r"too many wrong passwords. Try again in \d+ (second|minute)"))

    def is_too_early() -> bool:
        """A slow machine may let one more through, and then the wait is twice as long."""
        come_in(page, name, "wrong")
        expect(page.locator(".login_error")).to_be_visible()
        return early.count() == 1

    until(is_too_early, "a try must wait")
    page.screenshot(path=artefacts / "wait.png")
    assert page.get_by_label("Username").input_value() == name


def test_the_owner_changes_the_password(page: Page, deployment: Deployment, artefacts: Path, operator: Person) -> None:
    name, first, second = unique("ada"), f"words {secrets.token_hex(8)}", f"words {secrets.token_hex(8)}"
    made = operator.api.post("/accounts", json={"name": name}).json()
    operator.api.post("/links/use", json={"code": made["url"], "password": first})
    come_in(page, name, first)
    go_to(page, name, "Account")
    for present, says in (("wrong guess", "Wrong present password"), (first, "")):
        page.get_by_label("Present password").fill(present)
        page.get_by_label("New password").fill(second)
        page.get_by_label("The same once more").fill(second)
        page.get_by_role("button", name="Change the password").click()
        if says:
            expect(page.get_by_role("alert")).to_contain_text(says)
            page.screenshot(path=artefacts / "wrong.png", full_page=True)
    expect(page.get_by_role("heading", name="Your password is changed")).to_be_visible()
    page.screenshot(path=artefacts / "changed.png")
    page.get_by_role("link", name="Sign in with the new password").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(second)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My workspaces")).to_be_visible()
    operator.api.patch(f"/accounts/{name}", json={"is_disabled": True})
