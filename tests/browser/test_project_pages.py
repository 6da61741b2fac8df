"""Billing projects and groups in the browser: made, shared, changed; by keyboard, on a phone, in the dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import go_to, sign_in
from browser.test_environments_page import seen_on_a_phone_and_in_the_dark
from deployment import Deployment, Person, unique

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full]


@pytest.mark.feature("B1", "B3")
def test_an_operator_makes_a_group_and_a_project_and_its_member_finds_it(
    page: Page, browser: Browser, deployment: Deployment, operator: Person, artefacts: Path
) -> None:
    group, project = unique("physics"), unique("lab")
    sign_in(page, deployment, "operator")
    go_to(page, "Operate", "Groups")
    page.get_by_label("Name", exact=True).fill("Two words")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(group)
    page.keyboard.press("Enter")
    page.get_by_label(f"Person to put into {group}").fill("ben")
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-group='{group}']")).to_contain_text("ben")
    seen_on_a_phone_and_in_the_dark(page, artefacts, "01-groups")

    page.get_by_role("link", name="Projects", exact=True).click()
    page.get_by_label("Name", exact=True).fill(project)
    page.get_by_label("Title (may be empty)").fill("The physics lab of the north wing")
    seen_on_a_phone_and_in_the_dark(page, artefacts, "02-projects")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The physics lab of the north wing")).to_be_visible()
    page.get_by_label("Person, or group").fill(f"group:{group}")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(f"[data-member='group:{group}']")).to_be_visible()
    page.get_by_label("Person, or group").fill("nobody-known")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("nobody-known")
    page.screenshot(path=artefacts / "03-project.png", full_page=True)
    seen_on_a_phone_and_in_the_dark(page, artefacts, "03-project")

    with browser.new_context(base_url=deployment.url, viewport={"width": 1280, "height": 860}) as context:
        context.set_default_timeout(60_000)
        bens = context.new_page()
        sign_in(bens, deployment, "ben")
        bens.get_by_role("link", name="Projects", exact=True).click()
        bens.get_by_role("link", name="The physics lab of the north wing").click()
        expect(bens.get_by_text("You are here by a group.")).to_be_visible()
        seen_on_a_phone_and_in_the_dark(bens, artefacts, "04-member")

    page.goto("/services/workspaces/groups")
    page.get_by_role("button", name=f"Remove ben from {group}").click()
    dialog = page.get_by_role("dialog", name=f"Remove ben from {group}?")
    expect(dialog).to_be_visible()
    page.screenshot(path=artefacts / "05-remove.png")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.locator(f"[data-group='{group}']")).to_contain_text("nobody")
    assert operator.api.get(f"/projects/{project}").status_code == 200
