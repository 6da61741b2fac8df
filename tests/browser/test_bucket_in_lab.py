"""Files on their way from an environment to its workspace's bucket: by the terminal's command and by Lab's menu."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Person, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full, pytest.mark.feature("H6")]


def shell(workspace: Workspace, line: str) -> tuple[int, str]:
    """As in a terminal: a login shell, with the variables of the server."""
    return workspace.shell(f"export $(tr '\\0' '\\n' < /proc/1/environ | grep ^WORKSPACE_); bash -lc {line!r} 2>&1")


def test_files_are_copied_listed_and_removed_into_the_trash(
    page: Page, deployment: Deployment, ana: Person, ben: Person, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    assert workspace.shell("mkdir -p ~/results && echo 1,2 > ~/results/t.csv && echo '{}' > ~/results/n.ipynb")[0] == 0
    assert shell(workspace, "cd ~/results && ws cp t.csv ws:tables/ && ws ls ws:tables") == (0, "t.csv\n")
    status, said = shell(workspace, "ws cp ~/results/n.ipynb ws:")
    assert (status, "edit folder" in said) == (1, True)
    found = ana.api.get(f"{workspace.path}/files/tables/t.csv")
    assert found.content == b"1,2\n"
    assert shell(workspace, "ws rm ws:tables/t.csv") == (0, "")
    assert ana.api.get(f"{workspace.path}/files/tables/t.csv").status_code == 404
    names = [each["name"] for each in ana.api.get("/trash").json()["items"]]
    assert "tables/t.csv" in names

    sign_in(page, deployment, "ana")
    page.goto(f"{workspace.server_url}lab/tree/results")
    listing = page.locator(".jp-DirListing-item")
    listing.filter(has_text="t.csv").click(button="right")
    page.screenshot(path=artefacts / "1-menu.png")
    page.get_by_role("menuitem", name="Copy to Workspace Bucket").click()
    expect(page.get_by_text("t.csv is in the workspace's bucket.")).to_be_visible()
    assert ana.api.get(f"{workspace.path}/files/t.csv").content == b"1,2\n"
    listing.filter(has_text="t.csv").click(button="right")
    page.get_by_role("menuitem", name="Copy to Workspace Bucket").click()
    page.get_by_role("button", name="Replace").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    listing.filter(has_text="n.ipynb").click(button="right")
    page.get_by_role("menuitem", name="Copy to Workspace Bucket").click()
    expect(page.get_by_role("dialog")).to_contain_text("keep it in the edit folder")
    page.screenshot(path=artefacts / "2-notebook.png")
    assert [each["path"] for each in ana.api.get(f"{workspace.path}/files").json()["items"]] == ["t.csv", "tables/"]


@pytest.mark.feature("B3")
def test_a_reader_takes_files_out_of_the_bucket_and_puts_none_in(
    ana: Person, ben: Person, workspace: Workspace
) -> None:
    assert ana.api.put(f"{workspace.path}/files/a.txt", content=b"ana's").status_code == 200
    bens = workspace.shared(ben, "reader", compute=True)
    bens.start()
    assert shell(bens, "cd && ws cp ws:a.txt . && cat a.txt") == (0, "ana's")
    status, said = shell(bens, "cd && echo mine > b.txt && ws cp b.txt ws:")
    assert (status, "reader" in said) == (1, True)
    status, said = shell(bens, "ws rm ws:a.txt")
    assert (status, "reader may not" in said) == (1, True)
    assert ana.api.get(f"{workspace.path}/files/a.txt").content == b"ana's"
    bens.clear()
