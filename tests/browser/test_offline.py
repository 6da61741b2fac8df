"""What a person sees when the browser loses the environment in the middle of work (FEATURES.md F6)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, type_cell
from deployment import Deployment, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.browser]


@pytest.mark.feature("F6")
def test_a_tab_without_a_connection_says_what_is_not_saved_and_saves_by_itself(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.create_notebook("train ride")
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{workspace.path}")
    page.get_by_role("link", name="Edit train ride.ipynb").click()
    in_lab(page, "train ride")
    type_cell(page, "print('before')")
    badge(page, "workspace")

    page.context.set_offline(True)
    type_cell(page, "'typed in the tunnel'")
    badge(page, "unsaved")
    shown = page.locator("[data-terra-banner][data-state=offline]")
    expect(shown).to_contain_text("No connection since")
    expect(shown).to_contain_text("kept in this tab")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.screenshot(path=artefacts / "offline.png")

    page.context.set_offline(False)
    badge(page, "workspace")
    expect(page.locator("[data-terra-banner]")).to_be_hidden()
    expect(page.get_by_role("dialog")).to_have_count(0)
    until(lambda: "tunnel" in str(workspace.notebook("train ride.ipynb")), "the bucket has what was typed")
