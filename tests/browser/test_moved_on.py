"""The workspace moved on while somebody typed: JupyterLab shows what differs, and both texts are kept, or merged."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab
from deployment import Deployment, Workspace, until
from notebooks_made import code, made

pytestmark = [pytest.mark.docker, pytest.mark.browser]

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
HOSTILE = "<img src=x onerror=\"parent.document.title='owned'\"><script>parent.document.title='owned'</script>"


def text(first: str, second: str) -> bytes:
    return made({**code(first), "id": "first"}, {**code(second), "id": "second"}, kernelspec=KERNEL)


def opened(page: Page, deployment: Deployment, workspace: Workspace) -> None:
    """A notebook of ana's in her Lab."""
    made_there = workspace.owner.api.put(
        f"{workspace.path}/notebooks/a.ipynb", content=text("one", "two"), headers={"If-None-Match": "*"}
    )
    assert made_there.status_code == 201, made_there.text
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/a.ipynb")
    in_lab(page, "a")


def overtaken(page: Page, workspace: Workspace, theirs: bytes) -> Locator:
    """It changes in the bucket itself, where no lease is asked for, then ana types; the dialog that says so."""
    (folder,) = [
        mount["Source"]
        for mount in workspace.container().attrs["Mounts"]
        if mount["Destination"] == "/mnt/workspace/notebooks"
    ]
    bucket = f"/srv/terra/buckets/{Path(folder).parent.name}/notebooks"
    write = (
        f"printf %s {base64.b64encode(theirs).decode()} | base64 -d > {bucket}/new && mv {bucket}/new {bucket}/a.ipynb"
    )
    done = workspace.owner.deployment.service("workspaces").exec_run(["sh", "-c", write])
    assert done.exit_code == 0, done.output
    assert workspace.owner.api.get(f"{workspace.path}/notebooks/a.ipynb").content == theirs
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("End")
    page.keyboard.insert_text(" of ana")
    badge(page, "conflict")
    page.get_by_role("button", name="Compare…").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Somebody outside JupyterLab saved “a.ipynb”")
    return dialog


def changes(page: Page) -> FrameLocator:
    return page.frame_locator(".terra-Conflict iframe")


def cells(page: Page) -> Locator:
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell .cm-content")


def versions(workspace: Workspace, path: str) -> list[str]:
    items = workspace.owner.api.get(f"{workspace.path}/notebooks/{path}/versions").json()["items"]
    return [each["kind"] for each in items]


@pytest.mark.feature("F8")
def test_both_texts_are_seen_and_merged_by_cell(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    opened(page, deployment, workspace)
    dialog = overtaken(page, workspace, text("one", f"two of others  # {HOSTILE}"))
    expect(changes(page).locator("ins").first).to_contain_text("one of ana")
    page.screenshot(path=artefacts / "1-both.png")
    dialog.get_by_label("What they changed").check()
    expect(changes(page).locator("ins").filter(has_text="two of others")).to_contain_text(HOSTILE)
    assert "owned" not in page.title()
    page.screenshot(path=artefacts / "2-theirs.png")
    dialog.get_by_role("button", name="Merge by Cell").click()
    expect(cells(page).nth(1)).to_contain_text("two of others")
    expect(cells(page).first).to_contain_text("one of ana")
    page.screenshot(path=artefacts / "3-merged.png")
    until(lambda: versions(workspace, "a.ipynb")[0] == "merged", "the merged notebook is in the workspace")
    sources = ["".join(cell["source"]) for cell in workspace.notebook("a.ipynb")[0]["cells"]]
    assert sources == ["one of ana", f"two of others  # {HOSTILE}"]
    names = [each["path"] for each in workspace.owner.api.get(f"{workspace.path}/notebooks").json()["items"]]
    (copy,) = set(names) - {"a.ipynb"}
    assert "conflict ana" in copy


@pytest.mark.full
@pytest.mark.feature("F8")
def test_what_both_changed_is_marked_in_its_cell_until_it_is_cleared_up(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    opened(page, deployment, workspace)
    dialog = overtaken(page, workspace, text("one of others", "two"))
    dialog.get_by_role("button", name="Later").click()
    page.reload()
    in_lab(page, "a")
    expect(cells(page).first).to_contain_text("one of others")
    page.get_by_role("button", name="Compare…").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Merge by Cell").click()
    marked = page.locator(".jp-CodeCell.terra-mod-conflict")
    expect(marked).to_have_count(1)
    expect(marked.locator(".cm-content")).to_contain_text("one of ana")
    page.screenshot(path=artefacts / "1-marked.png")
    marked.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("one of both")
    expect(marked).to_have_count(0)
    until(
        lambda: workspace.notebook("a.ipynb")[0]["cells"][0]["source"] in ("one of both", ["one of both"]),
        "what was cleared up is in the workspace",
    )


@pytest.mark.full
@pytest.mark.feature("F8")
def test_theirs_is_taken_and_the_copy_opened(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    opened(page, deployment, workspace)
    dialog = overtaken(page, workspace, text("one of others", "two"))
    dialog.get_by_role("button", name="Keep Mine as a Copy").click()
    expect(page.locator(".lm-TabBar-tabLabel", has_text="conflict ana").first).to_be_visible()
    expect(cells(page).first).to_contain_text("one of ana")
    page.screenshot(path=artefacts / "1-copy.png")
    page.locator(".lm-TabBar-tabLabel", has_text="a.ipynb").first.click()
    expect(cells(page).first).to_contain_text("one of others")
    expect(page.get_by_role("button", name="Compare…")).to_have_count(0)
