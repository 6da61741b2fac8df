"""Deleted with the disk by mistake, and had back: on the pages, with a real volume."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Person, Workspace, unique

pytestmark = [pytest.mark.docker, pytest.mark.browser]


@pytest.mark.full
@pytest.mark.feature("C6", "C17", "D5")
def test_a_disk_deleted_by_mistake_is_had_back(
    page: Page, deployment: Deployment, ana: Person, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    workspace.shell("mkdir -p ~/results; head -c 20000000 /dev/urandom > ~/results/table; echo here > ~/mine")
    disk = workspace.environment()["disk"]["id"]
    sign_in(page, deployment, "ana")
    here = f"/services/workspaces/workspaces/ana/{workspace.name}"

    page.goto("/services/workspaces/disks")
    row = page.locator(f"#disk-{disk}")
    row.get_by_role("button", name="Measure").click()
    expect(row.get_by_text("used", exact=False).first).to_be_visible()
    row.get_by_text("What is big on it").click()
    expect(row.get_by_text("~/results")).to_be_visible()
    page.screenshot(path=artefacts / "1-disks.png", full_page=True)

    page.goto(here)
    page.get_by_role("button", name="Delete…", exact=True).click()
    page.get_by_label("Delete the disk").check()
    expect(page.locator("#delete-dialog")).to_have_css("opacity", "1")
    page.screenshot(path=artefacts / "2-delete.png")
    page.get_by_role("button", name="Delete environment").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    expect(page.get_by_text("is kept; a new environment")).not_to_be_visible()

    page.get_by_role("link", name="Trash", exact=True).click()
    expect(page.get_by_role("heading", name="Trash")).to_be_visible()
    name = f"disk of ana/{workspace.name}"
    page.get_by_role("button", name=f"Delete {name} for good").click()
    expect(page.get_by_role("heading", name=f"Delete {name} for good?")).to_be_visible()
    page.screenshot(path=artefacts / "3-for-good.png")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".modal-backdrop")).to_have_count(0)
    page.screenshot(path=artefacts / "4-trash.png", full_page=True)
    page.get_by_role("button", name=f"Restore {name}").click()
    expect(page.get_by_text("It is back.")).to_be_visible()

    page.goto(here)
    expect(page.get_by_text("is kept; a new environment finds everything on it again")).to_be_visible()
    expect(page.get_by_label("Disk of the new environment")).to_have_value(disk)
    page.screenshot(path=artefacts / "5-restored.png", full_page=True)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("link", name="Open Lab")).to_be_visible(timeout=90_000)
    assert workspace.environment()["disk"]["id"] == disk
    assert workspace.shell("cat ~/mine")[1].strip() == "here"


@pytest.mark.full
@pytest.mark.feature("B2", "C17")
def test_a_notebook_and_its_workspace_are_had_back(
    page: Page, deployment: Deployment, ana: Person, artefacts: Path
) -> None:
    workspace = ana.workspace(unique("had-back"))
    workspace.create_notebook("first")
    workspace.create_notebook("second")
    sign_in(page, deployment, "ana")
    here = f"/services/workspaces/workspaces/ana/{workspace.name}"
    page.goto(here)
    page.get_by_role("button", name="More for first.ipynb").click()
    page.get_by_role("button", name="Delete first.ipynb").click()
    expect(page.get_by_role("heading", name="Delete first.ipynb?")).to_be_visible()
    page.get_by_role("button", name="Delete notebook").click()
    expect(page.get_by_text("The notebook is in the trash.")).to_be_visible()
    workspace.create_notebook("first", kernel="ir")

    page.goto("/services/workspaces/trash")
    page.screenshot(path=artefacts / "1-trash.png", full_page=True)
    page.get_by_role("button", name="Restore first.ipynb").click()
    expect(page.get_by_role("alert")).to_contain_text("Restore this one under another name")
    page.get_by_label("Restore as").fill("first again")
    page.screenshot(path=artefacts / "2-name-taken.png", full_page=True)
    page.get_by_role("button", name="Restore first.ipynb").click()
    expect(page.get_by_text("It is back.")).to_be_visible()

    page.goto(here)
    expect(page.get_by_role("link", name="first again.ipynb", exact=True)).to_be_visible()
    page.get_by_role("button", name="Delete workspace…").click()
    expect(page.get_by_role("heading", name=f"Delete the workspace ana/{workspace.name}?")).to_be_visible()
    expect(page.locator("#delete-workspace-dialog")).to_have_css("opacity", "1")
    page.screenshot(path=artefacts / "3-delete-workspace.png", full_page=True)
    page.get_by_role("button", name="Delete workspace", exact=True).click()
    expect(page.get_by_text("The workspace is in the trash")).to_be_visible()
    page.screenshot(path=artefacts / "4-in-the-trash.png", full_page=True)
    assert page.goto(here).status == 404  # type: ignore[union-attr]
    page.goto("/services/workspaces/trash")
    page.get_by_role("button", name=f"Restore ana/{workspace.name}").click()
    expect(page.get_by_text("It is back.")).to_be_visible()
    page.goto(here)
    expect(page.get_by_role("link", name="second.ipynb", exact=True)).to_be_visible()


@pytest.mark.full
@pytest.mark.feature("C6", "C17")
def test_an_environment_deleted_by_mistake_is_had_back_with_what_was_installed(
    page: Page, deployment: Deployment, ana: Person, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    assert workspace.execute("sh", "-c", "mkdir /opt/mine && echo x > /opt/mine/tool", user="0") == (0, "")
    container = workspace.container().id
    sign_in(page, deployment, "ana")
    here, name = f"/services/workspaces/workspaces/ana/{workspace.name}", f"environment in ana/{workspace.name}"
    page.goto(here)
    page.get_by_role("button", name="Delete…", exact=True).click()
    dialog = page.locator("#delete-dialog")
    expect(dialog).to_have_css("opacity", "1")
    expect(dialog.get_by_text("/opt/mine/")).to_be_visible()
    expect(dialog.get_by_text("comes back with a restore for 14 days")).to_be_visible()
    page.screenshot(path=artefacts / "1-delete.png")
    page.get_by_role("button", name="Delete environment").click()
    expect(page.locator("#trashed")).to_contain_text("can be restored, with what was installed in it")
    page.screenshot(path=artefacts / "2-deleted.png", full_page=True)

    # a newer one stands in the way, and the page says so
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("link", name="Open Lab")).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="Trash", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text=name)).to_contain_text("attached to another environment")
    expect(page.get_by_role("button", name=f"Restore {name}")).to_have_count(0)
    page.screenshot(path=artefacts / "3-in-the-way.png", full_page=True)
    workspace.delete(disk="delete")
    page.goto("/services/workspaces/trash")
    expect(page.get_by_text("with its disk, which is in the trash, too").first).to_be_visible()
    page.get_by_role("button", name=f"Delete disk of ana/{workspace.name} for good").click()
    question = page.get_by_role("dialog").get_by_text("2 environments in the trash have it as home folder")
    expect(question).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_css("opacity", "1")
    page.screenshot(path=artefacts / "4-for-good.png")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".modal-backdrop")).to_have_count(0)
    page.screenshot(path=artefacts / "5-trash.png", full_page=True)
    page.get_by_role("button", name=f"Restore {name}").last.click()
    expect(page.get_by_text("It is back.")).to_be_visible()

    page.goto(here)
    expect(page.locator("#environment").get_by_text("It was restored from the trash.")).to_be_visible()
    page.screenshot(path=artefacts / "6-restored.png", full_page=True)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("link", name="Open Lab")).to_be_visible(timeout=90_000)
    assert workspace.container().id == container
    assert workspace.execute("cat", "/opt/mine/tool") == (0, "x\n")
