"""A data disk from the page to the notebook's kernel and back: what it costs and loses is said before."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full, pytest.mark.feature("D9")]


def test_a_data_disk_is_added_used_and_kept_by_the_pages(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    assert workspace.execute("sh", "-c", "echo mine > /usr/local/share/mine.txt", user="0")[0] == 0
    assert workspace.shell("echo mine > /scratch/mine")[0] == 0
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, deployment, "ana")
    here = f"/services/workspaces{workspace.path}"
    page.goto(here)
    card = page.locator("#environment")
    expect(card).to_contain_text("emptied at each pause")
    page.get_by_role("link", name="Data disk…").click()
    expect(page.locator("#pause-first")).to_contain_text("The environment is running. Pause it first")
    page.screenshot(path=artefacts / "1-running.png", full_page=True)
    workspace.pause()

    page.reload()
    expect(page.locator("#losses")).to_contain_text("/usr/local/share/mine.txt")
    page.get_by_label("Size in GB").fill("200")
    page.screenshot(path=artefacts / "2-choose.png", full_page=True)
    page.get_by_role("button", name="Attach data disk").click()
    expect(card).to_contain_text("200 GB at /data, $8.00 a month")
    page.screenshot(path=artefacts / "3-attached.png", full_page=True)
    workspace.start()
    assert workspace.shell("echo large > /data/large && ls /usr/local/share/mine.txt")[0] != 0, "it was made anew"
    page.goto(here)
    page.get_by_role("button", name="Delete…").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Keep the data disk")).to_be_checked()
    page.screenshot(path=artefacts / "4-delete.png")
    dialog.get_by_role("button", name="Delete environment").click()
    expect(card).to_contain_text("Data disk, at /data")
    page.screenshot(path=artefacts / "5-kept.png", full_page=True)
    page.goto("/services/workspaces/disks")
    expect(page.get_by_role("button", name=f"Enlarge the data disk of ana/{workspace.name}")).to_be_visible()
    page.screenshot(path=artefacts / "6-disks.png", full_page=True)

    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.goto(here)
    page.get_by_label("Data disk, at /data").select_option(index=1)
    page.get_by_role("button", name="Start", exact=True).click()
    workspace.wait_for("running")
    assert workspace.shell("cat /data/large") == (0, "large\n")
    workspace.pause()
    page.get_by_role("link", name="Data disk…").click()
    page.screenshot(path=artefacts / "7-detach.png", full_page=True)
    page.get_by_role("button", name="Detach data disk").click()
    expect(card).to_contain_text("without the data disk that it had")
