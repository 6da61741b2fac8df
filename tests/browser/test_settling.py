"""What a tab has not saved is in the workspace before its environment is paused or frozen, whoever asks (F9)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, type_cell
from deployment import Deployment, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.feature("F9")]

FILE = "last words.ipynb"


def opened(page: Page, deployment: Deployment, workspace: Workspace) -> None:
    """A notebook in Lab, which saves nothing by itself."""
    workspace.create_notebook(FILE.removesuffix(".ipynb"))
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/{FILE}")
    in_lab(page, FILE.removesuffix(".ipynb"))
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Autosave Documents").click()


def has(workspace: Workspace, word: str) -> Callable[[], bool]:
    return lambda: word in str(workspace.notebook(FILE))


def kinds(workspace: Workspace) -> list[str]:
    found = workspace.owner.api.get(f"{workspace.path}/notebooks/{FILE}/versions").json()["items"]
    return [version["kind"] for version in found]


def status(container: Any) -> str:
    container.reload()
    return str(container.status)


def by_rest(workspace: Workspace) -> None:
    workspace.pause()


def by_the_hub(workspace: Workspace) -> None:
    answer = workspace.owner.hub.delete(f"/users/{workspace.owner.name}/servers/{workspace.slug}")
    assert answer.status_code in (202, 204), answer.text
    workspace.wait_for("paused")


@pytest.mark.parametrize("pause", [by_rest, pytest.param(by_the_hub, marks=pytest.mark.full)])
def test_a_pause_saves_what_is_open_and_sends_it(
    page: Page, deployment: Deployment, workspace: Workspace, pause: Callable[[Workspace], None]
) -> None:
    opened(page, deployment, workspace)
    type_cell(page, "'typed before the pause'")
    badge(page, "workspace")
    pause(workspace)
    assert has(workspace, "typed before the pause")()
    assert kinds(workspace)[0] == "session-end"
    assert workspace.environment()["reason"] == ""


@pytest.mark.full
def test_a_freeze_does_and_what_is_typed_after_the_wake_is_saved_as_ever(
    page: Page, deployment: Deployment, workspace: Workspace
) -> None:
    opened(page, deployment, workspace)
    type_cell(page, "'typed before the freeze'")
    workspace.freeze()
    assert has(workspace, "typed before the freeze")()
    assert kinds(workspace)[0] == "session-end"
    workspace.start()
    expect(page.locator("[data-terra-banner]")).to_be_hidden(timeout=60_000)
    type_cell(page, "'typed after the wake'")
    page.keyboard.press("Control+s")
    until(has(workspace, "typed after the wake"), "it is saved")
    assert kinds(workspace)[0] == "saved"


@pytest.mark.full
def test_with_the_service_away_it_is_on_the_disk_is_told_and_arrives_at_the_next_start(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    opened(page, deployment, workspace)
    type_cell(page, "'typed while it was away'")
    container, service = workspace.container(), deployment.service("workspaces")
    service.kill()
    try:
        answer = workspace.owner.hub.delete(f"/users/{workspace.owner.name}/servers/{workspace.slug}")
        assert answer.status_code in (202, 204), answer.text
        until(lambda: status(container) == "exited", "it has stopped", within=60)
    finally:
        service.start()
    here = f"{workspace.path}/environment"
    until(lambda: workspace.owner.api.get(here).status_code == 200, "the service is back", within=60)
    workspace.wait_for("paused")
    reason = workspace.environment()["reason"]
    assert reason == f"1 notebook is on the disk and not in the workspace yet: {FILE}. It is sent at the next start."
    assert not has(workspace, "typed while it was away")()
    page.goto(f"/services/workspaces{workspace.path}")
    expect(page.locator("#environment")).to_contain_text("not in the workspace yet")
    page.screenshot(path=artefacts / "unsent.png")
    workspace.start()
    until(has(workspace, "typed while it was away"), "it has arrived", within=60)


@pytest.mark.full
def test_a_text_file_that_is_open_is_saved_too(page: Page, deployment: Deployment, workspace: Workspace) -> None:
    opened(page, deployment, workspace)
    workspace.shell("echo old > ~/notes.txt")
    page.goto(f"{workspace.server_url}lab/tree/notes.txt")
    text = page.locator(".jp-FileEditor .cm-content")
    expect(text).to_contain_text("old", timeout=60_000)
    text.click()
    page.keyboard.insert_text("new ")
    workspace.pause()
    workspace.start()
    assert "new" in workspace.shell("cat ~/notes.txt")[1]
