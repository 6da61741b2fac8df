"""What was tried out in the playground comes back: proposed in JupyterLab, seen cell by cell and merged on the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import in_lab
from browser.test_playground import on_top
from deployment import Deployment, Person, Workspace, until
from notebooks_made import code, made

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full]

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def text(first: str, second: str) -> bytes:
    return made({**code(first), "id": "first"}, {**code(second), "id": "second"}, kernelspec=KERNEL)


@pytest.mark.feature("F13")
def test_a_reader_proposes_from_the_playground_and_the_owner_merges(
    page: Page, deployment: Deployment, workspace: Workspace, ben: Person, artefacts: Path
) -> None:
    notebook = f"{workspace.path}/notebooks/a.ipynb"
    saved = workspace.owner.api.put(notebook, content=text("one", "two"), headers={"If-None-Match": "*"})
    assert saved.status_code == 201, saved.text
    bens = workspace.shared(ben, "reader", compute=True)
    try:
        sign_in(page, deployment, "ben")
        page.goto(f"/services/workspaces{notebook}")
        page.get_by_role("link", name="Playground", exact=True).click()
        in_lab(page, "a")
        on_top(page).locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("End")
        page.keyboard.insert_text(" of ben")
        page.screenshot(path=artefacts / "1-playground.png")
        on_top(page).get_by_role("button", name="Propose…").click()
        page.get_by_role("dialog").get_by_role("textbox").fill("a better one")
        page.screenshot(path=artefacts / "2-propose.png")
        page.get_by_role("dialog").get_by_role("button", name="Propose").click()
        expect(page.get_by_text("Proposed for a.ipynb.").first).to_be_visible()
    finally:
        bens.clear()
    since = workspace.owner.api.put(notebook, content=text("one", "TWO"), headers={"If-Match": saved.headers["etag"]})
    assert since.status_code == 200, since.text

    page.context.clear_cookies()
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{notebook}")
    page.screenshot(path=artefacts / "3-notebook.png")
    page.get_by_role("link", name="Proposals 1").click()
    expect(page.locator("#open")).to_contain_text("a better one")
    page.screenshot(path=artefacts / "4-proposals.png")
    page.get_by_role("link", name="Changes that ben proposes").click()
    expect(page.frame_locator("#preview").locator("ins")).to_contain_text("one of ben")
    page.screenshot(path=artefacts / "5-changes.png", full_page=True)
    page.get_by_role("button", name="Merge…").click()
    page.screenshot(path=artefacts / "6-asked.png")
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    expect(page.get_by_text("It is merged.")).to_be_visible()
    page.screenshot(path=artefacts / "7-merged.png")
    sources = ["".join(cell["source"]) for cell in workspace.notebook("a.ipynb")[0]["cells"]]
    assert sources == ["one of ben", "TWO"]
    until(lambda: ben.api.get(f"{notebook}/proposals").json()["items"][0]["state"] == "merged", "ben learns of it")


@pytest.mark.feature("F13")
def test_who_edits_merges_in_jupyterlab_without_giving_the_notebook_back(
    page: Page, deployment: Deployment, workspace: Workspace, ben: Person, artefacts: Path
) -> None:
    notebook = f"{workspace.path}/notebooks/a.ipynb"
    saved = workspace.owner.api.put(notebook, content=text("one", "two"), headers={"If-None-Match": "*"})
    assert saved.status_code == 201, saved.text
    workspace.shared(ben, "reader")
    proposed = ben.api.post(f"{notebook}/proposals?base=1&note=better", content=text("one of ben", "two"))
    assert proposed.status_code == 201, proposed.text
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/a.ipynb")
    in_lab(page, "a")
    expect(page.get_by_text("a.ipynb: ben proposed changes.").first).to_be_visible()
    on_top(page).locator(".jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("End")
    page.keyboard.insert_text(" of ana")
    on_top(page).locator("[data-terra-mode]").get_by_role("button").click()
    page.get_by_role("menuitem", name="Proposals…").click()
    changes = page.frame_locator(".terra-Conflict iframe")
    expect(changes.locator("ins")).to_contain_text("one of ben")
    page.screenshot(path=artefacts / "1-in-lab.png")
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    cells = on_top(page).locator(".jp-CodeCell .cm-content")
    expect(cells.first).to_contain_text("one of ben")
    expect(cells.nth(1)).to_contain_text("two of ana")
    page.screenshot(path=artefacts / "2-merged.png")
    sources = ["".join(cell["source"]) for cell in workspace.notebook("a.ipynb")[0]["cells"]]
    assert sources == ["one of ben", "two of ana"]
