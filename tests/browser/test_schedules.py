"""The dialog "When it pauses and starts", on a phone, in the dark, by keyboard; the zone is the browser's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browser.conftest import sign_in
from deployment import Deployment, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full, pytest.mark.feature("C19")]


def test_a_daily_stop_is_said_by_keyboard_in_the_browsers_own_zone(
    browser: Browser, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    context = browser.new_context(
        base_url=deployment.url,
        viewport={"width": 390, "height": 844},
        color_scheme="dark",
        timezone_id="Australia/Eucla",
        locale="en-GB",
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{workspace.path}")
    facts = page.locator("#schedule")
    expect(facts).to_contain_text("Nothing stops or starts it by itself at a time of day.")
    page.screenshot(path=artefacts / "1-card.png", full_page=True)
    page.get_by_role("button", name="When it pauses and starts…").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Your time zone")).to_have_value("Australia/Eucla")
    expect(dialog.get_by_label("Time of the daily stop")).to_be_hidden()
    page.screenshot(path=artefacts / "2-dialog.png")
    dialog.get_by_label("Pause it at").focus()
    page.keyboard.press("Space")
    dialog.get_by_label("Time of the daily stop").fill("19:45")
    page.screenshot(path=artefacts / "3-own.png")
    dialog.get_by_role("button", name="Save").press("Enter")
    said = "Stops every weekday at 19:45 Australia/Eucla, next: "
    expect(dialog.get_by_role("status")).to_contain_text(f"Saved. {said}")
    expect(facts).to_contain_text(said)
    page.screenshot(path=artefacts / "4-saved.png")
    dialog.get_by_label("Your time zone").fill("Eucla")
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Do you mean Australia/Eucla?")
    dialog.get_by_label("Start it, where it is paused, at").check()
    dialog.get_by_label("Start nothing between").check()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.screenshot(path=artefacts / "5-wide.png")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.screenshot(path=artefacts / "6-card.png", full_page=True)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "a phone shows all of it"
    context.close()
