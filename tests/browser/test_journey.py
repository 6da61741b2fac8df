"""One researcher, one workspace, end to end in the browser."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Person, Workspace, unique, until
from hub.test_journey_by_rest import MAKE_WHEEL

pytestmark = [pytest.mark.docker, pytest.mark.browser]

PLOT = "import matplotlib.pyplot as plt; plt.plot([1, 4, 9]); plt.show()"
INSTALL = "%pip install --no-index --quiet /home/jupyter/terra_sample-1.0-py3-none-any.whl"
USE = "import terra_sample; print(terra_sample.WORD)"


def type_cell(page: Page, code: str) -> None:
    """Type into an empty last cell and run it; Lab adds a new one below.

    A page that was left before it saved may leave a last cell that is not empty: what ran in it was kept.
    """
    cell = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").last
    cell.locator(".cm-content").click()
    if cell.locator(".cm-content").inner_text().strip():
        for key in ("Escape", "b", "Enter"):
            page.keyboard.press(key)
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")


def output(page: Page, text: str) -> None:
    expect(page.locator(".jp-OutputArea-output").get_by_text(text, exact=True).last).to_be_visible(timeout=90_000)


def badge(page: Page, state: str) -> None:
    expect(page.locator(f"[data-terra-badge][data-state={state}]").first).to_be_visible(timeout=60_000)


def in_lab(page: Page, title: str, kernel: str = "Python 3") -> None:
    """The notebook is open in Lab, with a kernel that is ready."""
    expect(page.locator(".jp-NotebookPanel").first).to_be_visible(timeout=120_000)
    expect(page.locator(".lm-TabBar-tabLabel", has_text=f"{title}.ipynb").first).to_be_visible()
    # the indicator beside the notebook says "idle" before there is a kernel; the status bar does not
    expect(page.get_by_text(f"{kernel} | Idle")).to_be_visible(timeout=90_000)


def stored_outputs(workspace: Workspace, path: str) -> str:
    return json.dumps([cell.get("outputs") for cell in workspace.notebook(path)[0]["cells"]])


@pytest.mark.feature(
    "A1",
    "A2",
    "B2",
    "C1",
    "C3",
    "C4",
    "C5",
    "C6",
    "D1",
    "D2",
    "D3",
    "E1",
    "E5",
    "E8",
    "E9",
    "E11",
    "F4",
    "F5",
    "F6",
    "I1",
)
def test_a_researcher_from_sign_in_to_delete(page: Page, deployment: Deployment, ana: Person, artefacts: Path) -> None:
    pictures = iter(range(1, 100))

    def picture(name: str) -> None:
        page.screenshot(path=artefacts / f"{next(pictures):02d}-{name}.png")

    def glimpse(name: str) -> None:
        """A picture of a page that moves on by itself: Chromium takes none in the middle of that."""
        with contextlib.suppress(Error):
            picture(name)

    page.goto("/")
    picture("sign-in")
    sign_in(page, deployment, "ana")
    picture("no-workspace")

    # a workspace, a notebook
    name = unique("journey")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create workspace").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    workspace = Workspace(owner=ana, name=name, slug=ana.api.get(f"/workspaces/ana/{name}").json()["slug"])
    here = page.url
    picture("workspace")
    page.get_by_label("Name", exact=True).fill("first look")
    page.get_by_role("button", name="Create and open").click()
    page.wait_for_url(lambda url: "/open/" in url or "/lab/" in url)
    assert workspace.notebook("first look.ipynb")[0]["nbformat"] == 4
    glimpse("starting")

    # edit, run, save
    in_lab(page, "first look")
    assert workspace.environment()["state"] == "running"
    container = workspace.container().id
    type_cell(page, PLOT)
    expect(page.locator(".jp-OutputArea-output img").first).to_be_visible(timeout=90_000)
    badge(page, "workspace")
    until(lambda: "image/png" in stored_outputs(workspace, "first look.ipynb"), "the plot is in the bucket")
    picture("saved-to-workspace")

    # install a package
    make_wheel(workspace)
    type_cell(page, INSTALL)
    type_cell(page, USE)
    output(page, "kept")
    picture("package")
    until(lambda: "kept" in stored_outputs(workspace, "first look.ipynb"), "the last cell is in the bucket")

    # pause by button
    page.goto(here)
    expect(page.get_by_role("button", name=re.compile("^Pause"))).to_be_visible()
    picture("running")
    page.get_by_role("button", name="Pause…").click()
    dialog = page.get_by_role("dialog", name="Pause the environment")
    expect(dialog.locator("[data-loss='kernels'] + dd")).to_contain_text("first look.ipynb")
    picture("pause-asked")
    dialog.get_by_role("button", name="Pause environment").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    picture("paused")
    assert workspace.environment()["state"] == "paused"
    assert "kept" in stored_outputs(workspace, "first look.ipynb")

    # resume by opening the link
    page.get_by_role("link", name="Edit first look.ipynb").click()
    glimpse("resuming")
    in_lab(page, "first look")
    assert workspace.container().id == container
    type_cell(page, USE)
    output(page, "kept")
    badge(page, "workspace")

    # delete, keeping the disk: the default
    page.goto(here)
    page.get_by_role("button", name="Delete…").click()
    expect(page.get_by_label("Keep the disk")).to_be_checked()
    expect(page.locator("#delete-dialog")).to_have_css("opacity", "1")
    picture("delete")
    page.get_by_role("button", name="Delete environment").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    expect(page.get_by_text("is kept; a new environment finds everything on it again")).to_be_visible()
    page.get_by_role("link", name="Edit first look.ipynb").click()
    in_lab(page, "first look")
    assert workspace.container().id != container
    type_cell(page, USE)
    output(page, "kept")
    badge(page, "workspace")

    # delete with the disk: the notebook stays in the bucket, the package is gone
    page.goto(here)
    page.get_by_role("button", name="Delete…").click()
    page.get_by_label("Delete the disk").check()
    page.get_by_role("button", name="Delete environment").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="first look.ipynb", exact=True)).to_be_visible()
    picture("deleted")
    assert "image/png" in stored_outputs(workspace, "first look.ipynb")
    page.get_by_role("link", name="Edit first look.ipynb").click()
    in_lab(page, "first look")
    type_cell(page, "import terra_sample")
    expect(page.get_by_text("ModuleNotFoundError").last).to_be_visible()
    picture("package-gone")
    workspace.delete(disk="delete")


def make_wheel(workspace: Workspace) -> None:
    code, said = workspace.shell(MAKE_WHEEL)
    assert code == 0, said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../x", "'.'"),
        ("a/b", "'/'"),
        ("🎉", "emoji"),
        ("packages", "reserved word"),
        ("x" * 60, "60 characters"),
        ("", "is empty"),
    ],
)
def test_a_bad_workspace_name_is_explained_beside_the_field(
    page: Page, deployment: Deployment, ana: Person, name: str, says: str
) -> None:
    before = ana.api.get("/workspaces").json()["items"]
    sign_in(page, deployment, "ana")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create workspace").click()
    expect(page.get_by_role("alert")).to_contain_text(says)
    assert page.get_by_label("Name", exact=True).input_value() == name
    assert ana.api.get("/workspaces").json()["items"] == before


def test_a_wrong_password_is_refused_with_a_sentence(page: Page) -> None:
    page.goto("/hub/login")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Wrong name or password. Try again.")).to_be_visible()
