"""Who edits which notebook is on the page of the workspace, changes there while one looks, and is asked there."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Person, Workspace

pytestmark = [pytest.mark.docker, pytest.mark.browser]


def test_the_page_shows_who_edits_while_somebody_does(
    page: Page, deployment: Deployment, ben: Person, workspace: Workspace, artefacts: Path
) -> None:
    for name in ("first", "it's, (1) second"):
        workspace.create_notebook(name)
    added = workspace.owner.api.put(f"{workspace.path}/members/ben", json={"role": "writer"})
    assert added.status_code == 200, added.text
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces/workspaces/ana/{workspace.name}")
    first, second = (page.locator(f'[data-lease="{path}.ipynb"]') for path in ("first", "it's, (1) second"))
    expect(second).to_be_attached()
    lease = f"{workspace.path}/notebooks/it's, (1) second.ipynb/lease"
    held = ben.api.post(lease, json={"session": "bens"})
    assert held.status_code == 200, held.text
    expect(second).to_contain_text("ben edits it")
    expect(first).to_have_text("")
    page.get_by_role("button", name="Ask for it's, (1) second.ipynb").click()
    expect(second).to_contain_text("You have asked for it.")
    page.screenshot(path=artefacts / "held.png", full_page=True)
    assert [each["user"] for each in ben.api.get(lease).json()["requests"]] == ["ana"]
    given_back = ben.api.request("DELETE", lease, json={"session": "bens", "fence": held.json()["fence"]})
    assert given_back.status_code == 204, given_back.text
    expect(second).to_have_text("")
