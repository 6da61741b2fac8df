"""The history of a notebook in a browser: what changed since, and the way back to how it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import in_lab, type_cell
from deployment import Deployment, Person, Workspace, unique, until
from notebooks_made import code, made

pytestmark = [pytest.mark.docker, pytest.mark.browser]


def saved(workspace: Workspace, *bodies: bytes) -> None:
    condition = {"If-None-Match": "*"}
    for body in bodies:
        answer = workspace.owner.api.put(f"{workspace.path}/notebooks/a.ipynb", content=body, headers=condition)
        assert answer.status_code in (200, 201), answer.text
        condition = {"If-Match": answer.headers["etag"]}


def versions(workspace: Workspace, path: str) -> list[dict[str, str]]:
    items: list[dict[str, str]] = workspace.owner.api.get(f"{workspace.path}/notebooks/{path}/versions").json()["items"]
    return items


@pytest.mark.feature("F10")
def test_what_changed_is_seen_and_taken_back(page: Page, deployment: Deployment, ana: Person, artefacts: Path) -> None:
    workspace = ana.workspace(unique("taken-back"))
    hostile = "<img src=x onerror=\"document.title='owned'\">"
    first, second = (made({**code(f"x = {x}"), "id": "only"}) for x in ("1", f"2  # {hostile}"))
    saved(workspace, first, second)
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces/workspaces/ana/{workspace.name}/notebooks/a.ipynb")
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.get_by_text("Version 2", exact=True)).to_be_visible()
    page.screenshot(path=artefacts / "1-history.png", full_page=True)

    page.get_by_role("link", name="Changes in version 2").click()
    changes = page.frame_locator("#preview")
    expect(changes.locator("del")).to_contain_text("x = 1")
    expect(changes.locator("ins")).to_contain_text(f"x = 2  # {hostile}")
    assert "owned" not in page.title()
    page.screenshot(path=artefacts / "2-changes.png", full_page=True)

    page.get_by_role("main").get_by_role("link", name="History", exact=True).last.click()
    page.get_by_role("button", name="Restore version 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(page.get_by_text("It is the newest version now.")).to_be_visible()
    expect(page.locator("#version-3")).to_contain_text("restored from an older one")
    assert workspace.owner.api.get(f"{workspace.path}/notebooks/a.ipynb").content == first
    page.screenshot(path=artefacts / "3-restored.png", full_page=True)


@pytest.mark.full
@pytest.mark.feature("F10")
def test_what_is_saved_in_jupyterlab_is_a_version(
    page: Page, deployment: Deployment, ana: Person, workspace: Workspace
) -> None:
    workspace.create_notebook("first look")
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/first look.ipynb")
    in_lab(page, "first look")
    type_cell(page, "print('a version')")
    until(lambda: len(versions(workspace, "first look.ipynb")) > 1, "the save is a version")
    newest, *_, first = versions(workspace, "first look.ipynb")
    assert (newest["author"], newest["kind"], first["kind"]) == ("ana", "saved", "created")
