"""Tags in the browser: set by the keyboard, a click narrows the list, on a phone and in the dark; in the bill (C22)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Workspace
from tests.browser.test_environments_page import fits, seen_on_a_phone_and_in_the_dark

pytestmark = [pytest.mark.docker, pytest.mark.browser]


@pytest.mark.full
@pytest.mark.feature("C22")
def test_a_machine_is_tagged_and_its_cost_found_by_it(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    here = workspace.environment()["id"]
    course = f"course-{workspace.name}"
    sign_in(page, deployment, "ana")
    page.get_by_role("link", name="Environments", exact=True).click()
    row = page.locator(f"[data-environment='{here}']")
    row.get_by_role("button", name="Tags of").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#tags-field")).to_be_focused()
    page.keyboard.type(f"name: Deep model\nCourse: {course}\nOwner: me")
    page.get_by_role("button", name="Save tags").click()
    expect(page.locator("#tags-fault")).to_contain_text("known without being set")
    expect(page.locator("#tags-field")).to_have_value(f"name: Deep model\nCourse: {course}\nOwner: me")
    page.screenshot(path=artefacts / "01-refused.png")
    page.locator("#tags-field").fill(f"name: Deep model\ncourse: {course}")
    page.get_by_role("button", name="Save tags").click()
    expect(page.get_by_role("status").filter(has_text="The tags are saved.")).to_be_visible()
    expect(row).to_contain_text("“Deep model”")
    row.get_by_role("link", name=course).click()
    expect(page.locator("[data-environment]")).to_have_count(1)
    workspace.pause()
    expect(row).to_contain_text("last ran until")  # what is narrowed is live too
    expect(row.get_by_role("link", name=course)).to_be_visible()
    seen_on_a_phone_and_in_the_dark(page, artefacts, "02-tagged")
    row.get_by_role("button", name="Tags of").click()
    expect(page.locator("#tags-field")).to_have_value(f"course:{course}\nname:Deep model")
    expect(page.locator("#tags-field")).to_be_focused()  # while it opens a dialog does not heed Escape
    page.keyboard.press("Escape")
    expect(page.locator("#tags-dialog")).to_be_hidden()
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("#tag-filter").get_by_role("textbox")).to_have_value("")
    page.goto(f"{deployment.url}/services/workspaces/usage?by=course")
    line = page.locator("#usage tbody").filter(has=page.get_by_role("rowheader", name=f"course: {course}"))
    expect(line).to_contain_text("environment running")
    expect(page.get_by_role("rowheader", name="course: (untagged)")).to_be_visible()
    assert fits(page)
    page.screenshot(path=artefacts / "03-usage.png", full_page=True)
