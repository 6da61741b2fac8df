"""What a person in an open Lab tab sees while the environment is away, and how the tab comes back (TRAPS.md 19)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, output, type_cell
from deployment import Deployment, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.browser]

STATE = re.compile(r"/api/v1/workspaces/[^/]+/[^/]+/environment$")


@pytest.fixture
def lab(page: Page, deployment: Deployment, workspace: Workspace) -> Page:
    """A notebook is open, with a variable in its kernel."""
    workspace.create_notebook("away")
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{workspace.path}")
    page.get_by_role("link", name="Edit away.ipynb").click()
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
    page.keyboard.insert_text(f"{text}; ")


def in_bucket(workspace: Workspace, text: str) -> None:
    until(lambda: text in str(workspace.notebook("away.ipynb")), f"the bucket has {text}")


def wait_for_looks(page: Page, count: int) -> None:
    """The tab has asked for the state so many times more."""
    seen: list[Request] = []
    page.on("request", lambda request: seen.append(request) if STATE.search(request.url.partition("?")[0]) else None)
    while len(seen) < count:
        page.wait_for_event("request", lambda request: STATE.search(request.url.partition("?")[0]) is not None)


PRETEND = """() => {
    const cell = document.querySelector('.jp-CodeCell .cm-content');
    cell.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }));
    cell.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
}"""
"""What a script in a notebook can do to look like a person."""


def open_terminal(page: Page) -> None:
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.get_by_text("New", exact=True).click()
    page.get_by_text("Terminal", exact=True).click()
    expect(page.locator(".jp-Terminal")).to_be_visible()
    show_tab(page, "away.ipynb")


def show_tab(page: Page, name: str) -> None:
    page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=name).click()


def use_theme(page: Page, name: str) -> None:
    page.get_by_role("menuitem", name="Settings").click()
    page.get_by_text("Theme", exact=True).click()
    page.get_by_text(name, exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")


def test_a_paused_environment_is_told_quietly_and_resumed_by_a_button(
    lab: Page, workspace: Workspace, artefacts: Path
) -> None:
    use_theme(lab, "JupyterLab Dark")
    workspace.pause()
    shown = banner(lab, "paused")
    expect(shown).to_contain_text("Paused since")
    type_unsaved(lab, "'typed while paused'")
    badge(lab, "unsaved")
    expect(shown).to_contain_text("kept in this tab")
    lab.screenshot(path=artefacts / "paused-dark.png")

    # neither looking nor typing resumes what costs
    wait_for_looks(lab, 2)
    no_dialog(lab)
    assert workspace.environment()["state"] == "paused"

    shown.get_by_role("button", name="Resume").click()
    no_banner(lab)
    assert workspace.environment()["state"] == "running"
    in_bucket(workspace, "typed while paused")
    badge(lab, "workspace")
    type_cell(lab, "print('goes', 'on')")
    output(lab, "goes on")
    no_dialog(lab)


def test_a_save_hangs_on_one_answer(lab: Page, workspace: Workspace) -> None:
    """Lab's own question after it, which an environment that has just gone leaves open, is not asked."""
    asked: list[str] = []
    lab.on("request", lambda request: asked.append(request.method) if "/away.ipynb" in request.url else None)
    type_unsaved(lab, "'saved' + ' once more'")
    in_bucket(workspace, "once more")
    badge(lab, "workspace")
    saves = asked[: len(asked) - asked[::-1].index("PUT")]
    assert saves == ["GET", "PUT"] * (len(saves) // 2)


@pytest.mark.full
def test_a_deleted_environment_is_told_with_a_way_out(lab: Page, workspace: Workspace, artefacts: Path) -> None:
    workspace.delete()
    # while it is being deleted the service tells; afterwards the page's sign-in is gone with it
    shown = lab.locator("[data-terra-banner]:is([data-state=deleted], [data-state=stopped])")
    expect(shown).to_be_visible()
    lab.screenshot(path=artefacts / "deleted.png")
    type_unsaved(lab, "'typed after the end'")
    with lab.expect_popup() as opened:
        shown.get_by_role("button", name="Workspace Page").click()
    expect(opened.value.get_by_role("heading", name=workspace.name)).to_be_visible()
    opened.value.get_by_role("button", name="Start", exact=True).click()
    # the tab finds the new environment by itself
    lab.bring_to_front()
    no_banner(lab)
    type_cell(lab, "print('new', 'kernel')")
    output(lab, "new kernel")
    in_bucket(workspace, "typed after the end")
    no_dialog(lab)


@pytest.mark.feature("C8")
def test_a_frozen_environment_is_woken_by_a_key_and_by_nothing_else(
    lab: Page, workspace: Workspace, artefacts: Path
) -> None:
    open_terminal(lab)
    began = workspace.container().attrs["State"]["StartedAt"]
    type_unsaved(lab, "'typed before'")
    workspace.freeze()
    shown = banner(lab, "frozen")
    expect(shown).to_contain_text("Frozen since")
    lab.screenshot(path=artefacts / "frozen.png")

    # the tab goes on looking, a script pretends to be a person, the mouse wanders over the menu: nothing wakes it
    lab.evaluate(PRETEND)
    wait_for_looks(lab, 2)
    assert workspace.environment()["state"] == "frozen"
    assert workspace.container().status == "paused"
    no_dialog(lab)

    type_cell(lab, "print('x', '+ 1 =', x + 1)")
    output(lab, "x + 1 = 42")
    no_banner(lab)
    assert workspace.environment()["state"] == "running"
    assert workspace.container().attrs["State"]["StartedAt"] == began
    in_bucket(workspace, "typed before")
    badge(lab, "workspace")
    lab.screenshot(path=artefacts / "back.png")

    # autosave goes on, and so does the terminal
    type_unsaved(lab, "'typed after'")
    in_bucket(workspace, "typed after")
    show_tab(lab, "Terminal")
    lab.locator(".jp-Terminal").click()
    lab.keyboard.type("echo terminal $((40 + 2)) > ~/said")
    lab.keyboard.press("Enter")
    until(lambda: workspace.execute("cat", "/home/jupyter/said")[1] == "terminal 42\n", "the terminal did it")
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


@pytest.mark.full
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
