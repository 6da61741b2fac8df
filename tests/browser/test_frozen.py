"""The buttons Freeze, Resume and Pause on the card of an environment (FEATURES.md C8)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.browser]


@pytest.mark.feature("C8")
def test_the_card_freezes_says_what_that_means_and_wakes(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{workspace.path}")
    card = page.locator("#environment")
    page.screenshot(path=artefacts / "running.png")
    card.get_by_role("button", name="Freeze").click()
    expect(card).to_contain_text("It stands still: nothing runs and no variable is lost.")
    expect(card).to_contain_text("of memory in use")
    expect(card.get_by_role("link", name="Open Lab")).to_have_count(0)
    page.screenshot(path=artefacts / "frozen.png")
    card.get_by_role("button", name="Resume").click()
    expect(card.get_by_role("link", name="Open Lab")).to_be_visible()
    card.get_by_role("button", name="Freeze").click()
    expect(card.get_by_role("button", name="Resume")).to_be_visible()
    card.get_by_role("button", name=re.compile("^Pause")).click()
    expect(card.get_by_text("paused", exact=True)).to_be_visible()
    page.screenshot(path=artefacts / "paused.png")
