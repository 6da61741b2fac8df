"""A person comes by way of an OpenID provider, works in Lab, and is let go by the provider."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import go_to, opened_page
from browser.test_journey import badge, in_lab, output, type_cell
from deployment import unique
from identity_provider import ANA, ANA_NAME, BEN, ROSA, Outside
from waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full]


@pytest.fixture
def page(browser: Browser, outside: Outside, artefacts: Path) -> Iterator[Page]:
    outside.provider.reset()
    yield from opened_page(browser, outside.deployment, artefacts)


@pytest.fixture
def another(browser: Browser, outside: Outside, artefacts: Path) -> Iterator[Page]:
    """Another person's browser."""
    yield from opened_page(browser, outside.deployment, artefacts)


def come_in(page: Page, login: str) -> None:
    """The whole way: our page, the provider's, and back."""
    page.goto("/")
    page.get_by_role("button", name="Sign in with the Lab's provider").click()
    expect(page.get_by_role("heading", name="The provider")).to_be_visible()
    page.get_by_label("Login").fill(login)
    page.get_by_role("button", name="Continue").click()


@pytest.mark.feature("A3")
def test_a_person_comes_by_the_provider_works_and_is_let_go(
    page: Page, another: Page, outside: Outside, artefacts: Path
) -> None:
    # no form of ours, one button
    page.goto("/")
    expect(page.get_by_role("button", name="Sign in with the Lab's provider")).to_be_visible()
    expect(page.locator("input[type=password]")).to_have_count(0)
    page.screenshot(path=artefacts / "01-sign-in.png")
    come_in(page, ANA)
    expect(page.get_by_role("heading", name="My workspaces")).to_be_visible()
    page.screenshot(path=artefacts / "02-arrived.png")

    # her groups, and nothing about passwords of ours
    go_to(page, ANA_NAME, "Account")
    expect(page.get_by_role("heading", name="You sign in with the Lab's provider")).to_be_visible()
    expect(page.locator("#groups li")).to_have_text(["heart", "lab"])
    expect(page.locator("input[type=password]")).to_have_count(0)
    page.screenshot(path=artefacts / "03-account.png", full_page=True)

    # an e-mail address is a name like any other: a server of hers, Lab, a kernel, a save
    page.get_by_role("link", name="Workspaces").click()
    work = unique("work")
    page.get_by_label("Name", exact=True).fill(work)
    page.get_by_role("button", name="Create workspace").click()
    expect(page.get_by_role("heading", name=work)).to_be_visible()
    hers_at = page.url
    page.get_by_label("Name", exact=True).fill("first look")
    page.get_by_role("button", name="Create and open").click()
    in_lab(page, "first look")
    assert "/user/ana.o" in page.url
    type_cell(page, "import os; print(os.environ['OWNER_EMAIL'])")
    output(page, "ana@example.org")
    page.keyboard.press("Control+s")
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    badge(page, "workspace")
    page.screenshot(path=artefacts / "04-lab.png")
    hers = outside.deployment.containers(user=ANA_NAME)
    assert hers
    for container in hers:
        assert "refresh_token" not in str(container.attrs["Config"]) + container.logs().decode(errors="replace")

    # an operator by the provider's word, who sees the people
    come_in(another, ROSA)
    go_to(another, "Operate", "People")
    expect(another.locator(f"[data-account='{ANA_NAME}']")).to_contain_text("last sign-in")
    another.screenshot(path=artefacts / "05-people.png", full_page=True)

    # the provider lets her go: she is out of Lab too, and is told why
    outside.provider.change(ANA, groups=["heart"])
    page.goto("/services/workspaces/")
    expect(page.get_by_role("button", name="Sign in with the Lab's provider")).to_be_visible()
    page.get_by_role("button", name="Sign in with the Lab's provider").click()
    expect(page.get_by_role("alert")).to_contain_text("none of the groups")
    page.screenshot(path=artefacts / "06-let-go.png")
    until(
        lambda: all(each.status == "exited" for each in outside.deployment.containers(user=ANA_NAME)),
        "what ran of hers is paused",
    )

    # she is in the group again, and her work is where it was
    outside.provider.reset()
    page.goto("/services/workspaces/")
    page.get_by_role("button", name="Sign in with the Lab's provider").click()
    expect(page.get_by_role("heading", name="My workspaces")).to_be_visible()
    page.goto(hers_at)
    page.get_by_role("link", name="Edit first look.ipynb").click()
    in_lab(page, "first look")
    output(page, "ana@example.org")

    # the operator disables her: that is told, whatever the provider says
    another.get_by_role("button", name=f"Disable {ANA_NAME}").first.click()
    another.get_by_role("dialog").get_by_role("button", name=f"Disable {ANA_NAME}").click()
    expect(another.locator(f"[data-account='{ANA_NAME}']")).to_contain_text("disabled")
    page.goto("/services/workspaces/")
    page.get_by_role("button", name="Sign in with the Lab's provider").click()
    expect(page.get_by_text("This account is disabled. Ask the operator.")).to_be_visible()
    page.screenshot(path=artefacts / "07-disabled.png")
    another.get_by_role("button", name=f"Enable {ANA_NAME}").click()
    expect(another.locator(f"[data-account='{ANA_NAME}']")).not_to_contain_text("disabled")


def test_who_cancels_or_may_not_come_in_reads_why(page: Page, artefacts: Path) -> None:
    come_in(page, "nobody-there")
    expect(page.get_by_role("alert")).to_contain_text("the Lab's provider did not sign you in")
    expect(page.get_by_text("own words")).to_have_count(0)
    page.screenshot(path=artefacts / "cancelled.png")
    come_in(page, BEN)
    expect(page.get_by_role("alert")).to_contain_text("none of the groups whose members may come in")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("Ask the operator"))
    page.screenshot(path=artefacts / "refused.png")
