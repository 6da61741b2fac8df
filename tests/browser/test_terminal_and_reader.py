"""A terminal from the workspace's page, and what a reader with an environment meets who changes a notebook in Lab."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import in_lab
from deployment import Deployment, Person, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full]


def typed(page: Page, line: str) -> None:
    terminal = page.locator(".jp-Terminal .xterm-helper-textarea")
    expect(terminal).to_be_attached()
    terminal.focus()
    page.keyboard.type(f"{line}\n")


@pytest.mark.feature("C16")
def test_a_terminal_opens_from_the_page_and_starts_what_is_paused(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{workspace.path}")
    page.get_by_role("link", name="Terminal").click()
    typed(page, "echo mine > ~/from-terminal")
    until(lambda: workspace.shell("cat ~/from-terminal") == (0, "mine\n"), "the terminal has done it")
    page.screenshot(path=artefacts / "01-terminal.png")
    page.goto(f"/services/workspaces{workspace.path}")
    page.get_by_role("link", name="Terminal").click()
    expect(page.locator(".jp-Terminal")).to_have_count(1)  # the one that is there, not one more
    page.goto(f"/services/workspaces{workspace.path}")
    workspace.pause()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("link", name="Terminal").click()
    typed(page, "echo again > ~/from-terminal")
    until(lambda: workspace.environment()["state"] == "running", "it was started for the terminal")
    until(lambda: workspace.shell("cat ~/from-terminal") == (0, "again\n"), "the terminal has done it")


@pytest.mark.feature("B3", "F6")
def test_a_reader_who_changes_a_notebook_in_lab_is_told_what_to_do(
    page: Page, deployment: Deployment, workspace: Workspace, ben: Person, artefacts: Path
) -> None:
    workspace.create_notebook("first look")
    bens = workspace.shared(ben, "reader", compute=True)
    bens.start()
    before = workspace.notebook("first look.ipynb")
    sign_in(page, deployment, "ben")
    page.goto(f"{bens.server_url}lab/tree/{bens.name}/edit/first%20look.ipynb")
    in_lab(page, "first look", "Python 3")
    bar = page.locator("[data-terra-bar]:not(.lm-mod-hidden)")
    expect(bar).to_contain_text("a reader may not create or change notebooks")
    expect(page.locator("[data-terra-mode] button")).to_have_attribute("title", re.compile("a reader may not"))
    cell = page.locator(".jp-NotebookPanel .jp-Cell .cm-content").first
    cell.click()
    page.keyboard.type("by a reader")
    expect(cell).not_to_contain_text("by a reader")
    page.screenshot(path=artefacts / "01-told.png")
    bar.get_by_role("button", name="Open in the Playground").click()
    expect(page.locator("[data-terra-mode][data-mode='playground']")).to_be_visible()
    assert workspace.notebook("first look.ipynb") == before
    bens.clear()
