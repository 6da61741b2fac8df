"""A cell goes on while no browser shows it, and whoever opens the notebook again finds all that it put out."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, stored_outputs, type_cell
from deployment import Deployment, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full, pytest.mark.feature("F14")]

LOOP = """import os, time
for i in range(6):
    print('line', i, flush=True)
while not os.path.exists('/home/jupyter/go'): time.sleep(0.1)
for i in range(6, 12):
    print('line', i, flush=True)
    time.sleep(0.5)
print('the', 'end')"""
WHOLE = "".join(f"line {number}\n" for number in range(12)) + "the end\n"


def opened(page: Page, deployment: Deployment, workspace: Workspace, name: str) -> None:
    workspace.create_notebook(name)
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/{name}.ipynb")
    in_lab(page, name)


def output(page: Page, text: str) -> None:
    expect(page.locator(".jp-OutputArea-output", has_text=text).last).to_be_visible(timeout=90_000)


def all_output(page: Page) -> str:
    return "".join(page.locator(".jp-Notebook .jp-OutputArea-output pre").all_inner_texts())


def test_a_page_that_is_loaded_anew_in_the_middle_of_a_cell_shows_all_of_it(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    opened(page, deployment, workspace, "long run")
    type_cell(page, LOOP)
    output(page, "line 5")
    page.reload()
    output(page, "line 0")
    expect(page.locator(".jp-CodeCell .jp-InputPrompt", has_text="[*]")).to_have_count(1)
    page.screenshot(path=artefacts / "running.png")
    workspace.shell("touch ~/go")
    output(page, "the end")
    assert all_output(page).split() == WHOLE.split()
    expect(page.locator(".jp-CodeCell .jp-InputPrompt", has_text="[*]")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    badge(page, "workspace")
    until(lambda: "the end\\n" in stored_outputs(workspace, "long run.ipynb"), "the new page has saved it")


def test_output_that_came_while_the_browser_was_closed_is_there_when_it_is_opened_again(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    first = page.context.new_page()
    opened(first, deployment, workspace, "overnight")
    type_cell(first, LOOP)
    output(first, "line 5")
    first.close()
    workspace.shell("touch ~/go")
    until(lambda: "the end\\n" in stored_outputs(workspace, "overnight.ipynb"), "the workspace has it")
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/overnight.ipynb")
    in_lab(page, "overnight")
    output(page, "the end")
    assert all_output(page).split() == WHOLE.split()
    page.screenshot(path=artefacts / "again.png")
    page.locator(".jp-CodeCell .jp-InputPrompt").click()
    page.keyboard.press("b")
    type_cell(page, "print('goes', 'on')")
    output(page, "goes on")
    badge(page, "workspace")
    expect(page.get_by_role("dialog")).to_have_count(0)
