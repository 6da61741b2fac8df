"""Who works in a frame that an output shows is there, as who types into a cell is; a frame by itself is nobody."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, type_cell
from deployment import Deployment, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full]

HUMAN = "terraspawner/api/human"
SHOWN = """
from IPython.display import HTML
inside = '<button>inside</button><script>setInterval(() => fetch("/").catch(() => 0), 100)</script>'
HTML(f"<iframe {sandbox} srcdoc='{inside}' width=300 height=80></iframe>")
"""
"""It does something by itself all the time."""


def is_quiet(page: Page) -> float:
    """The browser knows of no press any more, neither in the page nor in a frame of it; what Playwright asks a page is
    one to it. Since when that is so."""
    page.wait_for_function("!navigator.userActivation.isActive")
    return time.monotonic()


@pytest.mark.feature("G1", "C8")
@pytest.mark.parametrize("sandbox", ["", "sandbox=allow-scripts"], ids=["same-origin", "another-origin"])
def test_a_press_in_a_frame_is_heard_and_wakes_and_what_the_frame_does_by_itself_is_not(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path, sandbox: str
) -> None:
    inputs: list[float] = []

    def note(asked: Request) -> None:
        if HUMAN in asked.url:
            inputs.append(time.monotonic() - asked.post_data_json["ago"])

    page.on("request", note)
    workspace.create_notebook("framed")
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/framed.ipynb")
    in_lab(page, "framed")
    type_cell(page, f"sandbox = {sandbox!r}{SHOWN}")
    button = page.locator(".jp-OutputArea-output iframe").content_frame.get_by_role("button", name="inside")
    expect(button).to_be_visible()
    badge(page, "workspace")
    page.screenshot(path=artefacts / "framed.png")

    before = is_quiet(page)
    button.click()
    until(lambda: page.wait_for_timeout(100) or max(inputs) > before, "the press is said")
    assert page.evaluate("document.activeElement.tagName") == "IFRAME"
    quiet = is_quiet(page)
    page.wait_for_event("request", lambda asked: "/api/next-stop" in asked.url)  # it is asked for every 30 s
    assert max(inputs) <= quiet

    page.locator(".jp-CodeCell .cm-content").last.click()
    workspace.freeze()
    expect(page.locator("[data-terra-banner][data-state=frozen]")).to_be_visible()
    assert workspace.environment()["state"] == "frozen", "nobody wakes it by looking"
    button.click()
    workspace.wait_for("running")
    expect(page.locator("[data-terra-banner]")).to_be_hidden()
