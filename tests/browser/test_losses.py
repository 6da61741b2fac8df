"""The dialogs before a deletion name what would be lost, and change with what is said of the disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_environments_page import fits
from deployment import Deployment, Workspace, until
from hub.kernels import Kernel
from hub.test_losses import AS_PIP_LEAVES_IT

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full]

AS = "-c user.name=ana -c user.email=ana@example.org"
IN_GIT = f"mkdir ~/code && cd ~/code && git init -q && git {AS} commit -q --allow-empty -m 1"


@pytest.mark.feature("C7")
def test_what_would_be_lost_stands_in_the_dialog(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    assert workspace.shell(IN_GIT)[0] == 0
    workspace.pause()
    workspace.start()  # git folders are looked for at the start, then every five minutes
    assert workspace.execute("sh", "-c", AS_PIP_LEAVES_IT, user="0") == (0, "")
    Kernel.started(workspace)
    until(lambda: workspace.environment()["kernels"], "the kernel is told of")
    sign_in(page, deployment, "ana")
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"/services/workspaces{workspace.path}")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Delete…").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Delete the environment")
    for sort, word in (
        ("kernels", "without a notebook"),
        ("pip", "my-tool 1.2"),
        ("files", "/usr/local/share/mine.txt"),
    ):
        expect(dialog.locator(f"[data-loss='{sort}'] + dd")).to_contain_text(word)
    expect(dialog.locator("[data-loss='home']")).to_have_count(0)
    page.screenshot(path=artefacts / "01-phone.png")
    dialog.get_by_label("Delete the disk").check()
    expect(dialog.locator("[data-loss='home']")).to_be_visible()
    expect(dialog.locator("[data-loss='trees'] + dd")).to_contain_text("~/code (1 not pushed)")
    page.evaluate("document.documentElement.setAttribute('data-bs-theme', 'dark')")
    page.screenshot(path=artefacts / "02-with-the-disk-dark.png")
    assert fits(page)
    dialog.get_by_role("button", name="Cancel").click()
    page.goto("/services/workspaces/environments")
    page.get_by_role("link", name=f"Delete ana/{workspace.name}").click()
    expect(page.locator("#going [data-loss='pip'] + dd")).to_contain_text("my-tool 1.2")
    page.screenshot(path=artefacts / "03-asked.png", full_page=True)
    assert fits(page)
