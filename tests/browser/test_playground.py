"""A notebook is tried out in a copy: nothing of that reaches the workspace until somebody says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, output, stored_outputs, type_cell
from deployment import Deployment, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.browser]


def mode(page: Page, which: str) -> None:
    """The notebook on top says in which mode it is open."""
    expect(on_top(page).locator("[data-terra-mode]")).to_have_attribute("data-mode", which)


def on_top(page: Page) -> Locator:
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def language(workspace: Workspace, path: str) -> dict[str, str]:
    """What the stored notebook says of it."""
    return dict(workspace.notebook(path)[0]["metadata"]["language_info"])


def save(page: Page) -> None:
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saving completed")).to_be_visible()


@pytest.mark.feature("E6", "E8", "E10")
def test_a_copy_in_the_playground_changes_nothing_until_it_is_saved_as_a_new_notebook(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.create_notebook("first look")
    before = workspace.notebook("first look.ipynb")
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    sign_in(page, deployment, "ana")
    here = f"/services/workspaces/workspaces/ana/{workspace.name}/notebooks/first look.ipynb"
    page.goto(here)
    page.screenshot(path=artefacts / "1-offered.png")
    page.get_by_role("link", name="Playground", exact=True).click()
    in_lab(page, "first look")
    mode(page, "playground")
    expect(on_top(page).locator("[data-terra-bar]:visible")).to_contain_text("Changes stay on this disk")
    type_cell(page, "print('tried ' + 'out')")
    output(page, "tried out")
    save(page)
    page.screenshot(path=artefacts / "2-playground.png")
    copy = workspace.execute("cat", f"{workspace.name}/playground/first look.ipynb")[1]
    assert "tried out" in copy
    assert workspace.notebook("first look.ipynb") == before

    # again: which of the two?
    page.goto(here)
    page.get_by_role("link", name="Playground", exact=True).click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("You have a copy of “first look.ipynb” in the playground")
    page.screenshot(path=artefacts / "3-asked.png")
    asked.get_by_role("button", name="Go On with Yours").click()
    output(page, "tried out")

    # into the workspace, under another name; the notebook it came from stays as it was
    on_top(page).get_by_role("button", name="Save as a New Notebook…").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("found")
    page.get_by_role("button", name="Save", exact=True).click()
    mode(page, "edit")
    badge(page, "workspace")
    assert "tried out" in stored_outputs(workspace, "found.ipynb")
    page.screenshot(path=artefacts / "4-saved-as-new.png")

    # the notebook itself beside it, and from there to the copy
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/first look.ipynb")
    expect(page.locator("#jp-main-dock-panel .lm-mod-current", has_text="first look.ipynb")).to_be_visible()
    mode(page, "edit")
    # Lab writes into a notebook that is edited which language its kernel has
    until(lambda: "version" in language(workspace, "first look.ipynb"), "the kernel's language is saved")
    edited = workspace.notebook("first look.ipynb")
    assert edited[0]["cells"] == before[0]["cells"]
    chip = on_top(page).locator("[data-terra-mode]").get_by_role("button")
    chip.click()
    page.get_by_role("menuitem", name="Open in the Playground").click()
    page.get_by_role("dialog").get_by_role("button", name="Take a Fresh Copy").click()
    mode(page, "playground")
    expect(on_top(page).locator(".jp-OutputArea-output")).to_have_count(0)
    until(
        lambda: "tried out" not in workspace.execute("cat", f"{workspace.name}/playground/first look.ipynb")[1], "fresh"
    )
    assert workspace.notebook("first look.ipynb") == edited
    assert errors == []
