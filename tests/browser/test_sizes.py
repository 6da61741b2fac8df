"""A size from the card to the container: chosen before there is one, and changed while it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full, pytest.mark.feature("C9", "C10", "J1")]

GIB = 1024**3


def test_a_size_is_chosen_changed_and_refused_on_the_page(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{workspace.path}")
    card = page.locator("#environment")
    expect(card.get_by_role("radio", name="Standard")).to_be_checked()
    expect(card).to_contain_text("$0.12 an hour running, $0.04 frozen, $0.00 paused")
    expect(card).to_contain_text("$2.00 a month")
    card.get_by_role("radio", name="Large").check()
    page.screenshot(path=artefacts / "1-choose.png", full_page=True)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^Pause"))).to_be_visible()
    expect(card).to_contain_text("Large: 2 CPU cores")
    assert workspace.container().attrs["HostConfig"]["Memory"] == 2 * GIB

    # the dialog says what it does, and opens with what is so now
    page.get_by_role("button", name="Change size…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="Large")).to_be_checked()
    expect(dialog).to_contain_text("Nothing is lost")
    dialog.get_by_role("radio", name="Standard").check()
    page.screenshot(path=artefacts / "2-dialog.png")
    dialog.get_by_role("button", name="Change size").click()
    expect(card).to_contain_text("Standard: 1 CPU core")
    expect(card).to_contain_text("now $0.06 an hour")
    assert workspace.container().attrs["HostConfig"]["Memory"] == GIB
    assert "overflow" not in page.evaluate(
        "document.documentElement.scrollWidth > window.innerWidth ? 'overflow' : 'fits'"
    ), "a phone shows all of it without scrolling sideways"

    # what is in the images
    page.goto("/services/workspaces/images")
    page.get_by_text("Python packages").first.click()
    expect(page.get_by_role("listitem").filter(has_text="numpy").first).to_be_visible()
    page.screenshot(path=artefacts / "3-images.png", full_page=True)
