"""JupyterLab says when its environment is stopped next and why, warns before, and keeps it alive."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, output, type_cell
from deployment import Deployment, Workspace
from hub.culling import passes, reports

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full]

SHORTEST = 600
"""Seconds, as long as the first warning: who does nothing is warned at once."""


@pytest.mark.feature("G8", "G9")
def test_who_does_nothing_is_warned_and_keeps_it_alive(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    workspace.start()
    said = workspace.owner.api.patch(f"{workspace.path}/environment", json={"policy": {"idle": SHORTEST}})
    assert said.status_code == 200, said.text
    sign_in(page, deployment, "ana")
    page.goto(f"{workspace.server_url}lab")  # without a notebook: what has computed rests for five minutes first
    countdown = page.locator("[data-terra-countdown] button")
    expect(countdown).to_have_text(re.compile(r"Freezes in \d+ min · idle"))
    notice = page.get_by_text(
        re.compile(r"This environment freezes in \d+ min: nobody has typed or clicked, and nothing computes.")
    )
    expect(notice).to_be_visible()
    keep = page.get_by_role("button", name="Keep alive 1 h")
    keep.hover()  # it has slid in
    page.screenshot(path=artefacts / "1-warned.png")
    keep.click()
    expect(page.get_by_text("Kept alive: it freezes in 1 h (idle).")).to_be_visible()
    expect(countdown).to_have_text("Freezes in 1 h · idle")
    expect(notice).to_have_count(0)
    countdown.click()
    expect(page.get_by_role("menuitem", name="Keep alive for 12 hours")).to_be_visible()
    page.screenshot(path=artefacts / "2-menu.png")
    page.get_by_role("menuitem", name="When and Why Is It Stopped?").click()
    expect(page.get_by_role("dialog")).to_contain_text("Kept alive until")
    page.screenshot(path=artefacts / "3-why.png")
    page.get_by_role("button", name="Ok").click()
    assert errors == []


@pytest.mark.feature("G1", "G9", "C8")
def test_what_was_idle_says_why_it_stands_still_in_lab_and_on_its_page_and_goes_on_with_its_variables(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.create_notebook("idle")
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{workspace.path}")
    page.get_by_role("link", name="Edit idle.ipynb").click()
    in_lab(page, "idle")
    type_cell(page, "x = 41; print('x', 'is', 'set')")
    output(page, "x is set")
    badge(page, "workspace")
    reports(workspace)
    passes(workspace, 36)
    workspace.wait_for("frozen")
    shown = page.locator("[data-terra-banner][data-state=frozen]")
    expect(shown).to_contain_text("Idle for 3")
    expect(shown).to_contain_text("What is idle is frozen after 30 min.")
    page.screenshot(path=artefacts / "1-frozen-in-lab.png")
    other = page.context.new_page()
    other.goto(f"/services/workspaces{workspace.path}")
    expect(other.locator("#environment")).to_contain_text("What is idle is frozen after 30 min.")
    other.screenshot(path=artefacts / "2-frozen-on-the-page.png", full_page=True)
    assert workspace.environment()["state"] == "frozen", "nobody wakes it by looking"
    other.close()
    type_cell(page, "print('x', '+ 1 =', x + 1)")
    output(page, "x + 1 = 42")
