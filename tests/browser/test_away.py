"""What a person in an open Lab tab sees while the environment is away, and how the tab comes back (TRAPS.md 19)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, output, type_cell
from deployment import Deployment, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.browser]


@pytest.fixture
def lab(page: Page, deployment: Deployment, workspace: Workspace) -> Page:
    """A notebook is open, with a variable in its kernel."""
    workspace.create_notebook("away")
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{workspace.path}")
    page.get_by_role("link", name="away.ipynb").click()
    in_lab(page, "away")
    type_cell(page, "x = 41; print('x', 'is', 'set')")
    output(page, "x is set")
    badge(page, "workspace")
    return page


def banner(page: Page, state: str) -> Locator:
    shown = page.locator(f"[data-terra-banner][data-state={state}]")
    expect(shown).to_be_visible()
    return shown


def no_banner(page: Page) -> None:
    expect(page.locator("[data-terra-banner]")).to_be_hidden()


def no_dialog(page: Page) -> None:
    expect(page.get_by_role("dialog")).to_have_count(0)


def type_unsaved(page: Page, text: str) -> None:
    page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    page.keyboard.insert_text(text)


def test_a_deleted_environment_is_told_with_a_way_out(lab: Page, workspace: Workspace, artefacts: Path) -> None:
    workspace.delete()
    shown = banner(lab, "stopped")
    lab.screenshot(path=artefacts / "deleted.png")
    with lab.expect_popup() as opened:
        shown.get_by_role("button", name="Workspace Page").click()
    expect(opened.value.get_by_role("heading", name=workspace.name)).to_be_visible()
    opened.value.get_by_role("button", name="Start").click()
    # the tab finds the new environment by itself
    lab.bring_to_front()
    no_banner(lab)
    type_cell(lab, "print('new', 'kernel')")
    output(lab, "new kernel")
    no_dialog(lab)


@pytest.mark.feature("C21")
def test_close_and_pause_saves_and_ends_on_the_workspace_page(lab: Page, workspace: Workspace, artefacts: Path) -> None:
    type_unsaved(lab, "'last words'")
    lab.screenshot(path=artefacts / "button.png")
    lab.get_by_role("button", name="Close and Pause").click()
    lab.wait_for_url(lambda url: url.endswith(workspace.path))
    expect(lab.get_by_role("button", name="Resume")).to_be_visible()
    assert workspace.environment()["state"] == "paused"
    assert "last words" in str(workspace.notebook("away.ipynb"))


@pytest.mark.feature("C21")
def test_close_and_pause_says_what_the_workspace_does_not_have_yet(
    lab: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    service = deployment.service("workspaces")
    mounts = workspace.container().attrs["Mounts"]
    (folder,) = [mount["Source"] for mount in mounts if mount["Destination"] == "/mnt/workspace/notebooks"]
    bucket = f"/srv/terra/buckets/{Path(folder).parent.name}/notebooks"
    before = service.exec_run(["stat", "-c", "%a", bucket]).output.decode().strip()
    assert service.exec_run(["chmod", "0", bucket]).exit_code == 0
    try:
        type_unsaved(lab, "'on its way'")
        lab.get_by_role("menuitem", name="File", exact=True).click()
        lab.get_by_role("menuitem", name="Close and Pause").click()
        asked = lab.get_by_role("dialog")
        expect(asked).to_contain_text("does not have the last changes of away.ipynb yet")
        lab.screenshot(path=artefacts / "asked.png")
        asked.get_by_role("button", name="Stay").click()
        no_dialog(lab)
        assert workspace.environment()["state"] == "running"
    finally:
        service.exec_run(["chmod", before, bucket])
    lab.get_by_role("button", name="Close and Pause").click()
    lab.wait_for_url(lambda url: url.endswith(workspace.path))
    workspace.wait_for("paused")
    assert "on its way" in str(workspace.notebook("away.ipynb"))
