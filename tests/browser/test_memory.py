"""What a person sees when a cell takes more memory than the environment has (FEATURES.md C15)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import in_lab, output, type_cell
from deployment import Deployment, Workspace
from hub.test_memory import TAKE_TOO_MUCH

pytestmark = [pytest.mark.docker, pytest.mark.browser]


@pytest.mark.full
@pytest.mark.feature("C15")
def test_a_kernel_beyond_the_limit_is_explained(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.create_notebook("too much")
    sign_in(page, deployment, "ana")
    here = f"/services/workspaces{workspace.path}"
    page.goto(here)
    page.get_by_role("link", name="Edit too much.ipynb").click()
    in_lab(page, "too much")
    type_cell(page, TAKE_TOO_MUCH)

    # Lab's own dialog says that the kernel died, and ours why
    expect(page.get_by_role("dialog")).to_contain_text("appears to have died")
    page.get_by_role("button", name="Ok", exact=True).click()
    notice = page.get_by_role("alert").filter(has_text="Out of memory")
    expect(notice).to_contain_text("the kernel of too much.ipynb was stopped. Your files are safe")
    page.screenshot(path=artefacts / "notice.png")
    notice.get_by_role("button", name="What to do").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("the variables of that kernel are lost")
    expect(dialog).to_contain_text("Work on less data at a time")
    page.screenshot(path=artefacts / "what-to-do.png")
    dialog.get_by_role("button", name="Ok", exact=True).click()
    type_cell(page, "print('goes' + ' on')")
    output(page, "goes on")

    # told once: Lab does not repeat it at each reload
    page.reload()
    in_lab(page, "too much")
    expect(notice).to_have_count(0)

    page.goto(here)
    card = page.locator("#environment")
    expect(card).to_contain_text("Out of memory: the kernel of too much.ipynb was stopped")
    expect(card).to_contain_text("Your files are safe; the variables of that kernel are lost.")
    page.screenshot(path=artefacts / "page.png")
