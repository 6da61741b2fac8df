"""The Hub's admin panel in a browser, as an operator has it: servers listed, stopped and deleted, none opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import go_to, sign_in
from deployment import Deployment, Person, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full]


@pytest.mark.feature("A4")
def test_an_operator_sees_stops_and_deletes_a_server_and_opens_none(
    page: Page, deployment: Deployment, workspace: Workspace, ana: Person, artefacts: Path
) -> None:
    workspace.start()
    here = workspace.environment()
    assert workspace.shell("echo mine > ~/kept")[0] == 0
    sign_in(page, deployment, "operator")
    go_to(page, "Operate", "Admin panel")
    row = page.get_by_test_id(f"user-row-ana-{workspace.slug}")
    for name in ("ana", "operator"):
        expect(page.get_by_role("cell", name=name, exact=True).first).to_be_visible()
    expect(row).to_be_visible()
    page.screenshot(path=artefacts / "01-running.png", full_page=True)

    # what the page offers and an operator may not: the Hub refuses
    opened = page.context.new_page()
    answer = opened.goto(row.get_by_role("link", name="Access Server").get_attribute("href") or "")
    assert answer is not None
    assert answer.status == 403
    opened.screenshot(path=artefacts / "02-no-way-in.png")
    opened.close()

    # stop: paused, the container kept
    row.get_by_role("button", name="Stop Server").click()
    workspace.wait_for("paused")
    page.reload()
    expect(row.get_by_role("button", name="Delete Server")).to_be_visible()
    row.get_by_role("button", name="Start Server").click()
    expect(page.get_by_text("Failed to start server")).to_be_visible()
    page.screenshot(path=artefacts / "03-stopped.png", full_page=True)
    assert workspace.environment()["state"] == "paused"

    # delete: gone into the trash with its stopped container, the disk kept
    row.get_by_role("button", name="Delete Server").click()
    workspace.wait_for("none")
    expect(row).to_have_count(0)
    page.screenshot(path=artefacts / "04-deleted.png", full_page=True)
    (thrown,) = [item for item in ana.api.get("/trash").json()["items"] if item["subject"] == here["id"]]
    assert thrown["trashed_by"] == "(hub)"
    assert [each.status for each in deployment.containers(environment=here["id"])] == ["exited"]
    (kept,) = [disk for disk in ana.api.get("/disks").json()["items"] if disk["id"] == here["disk"]["id"]]
    assert kept["state"] == "kept"
    workspace.start()
    assert workspace.shell("cat ~/kept") == (0, "mine\n")
