"""The journey again with an R notebook, and what a page says where there is no R."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, output, stored_outputs, type_cell
from deployment import Deployment, Person, Workspace, until
from hub.test_journey_with_r import INSTALL, MAKE_R_PACKAGE, PLOT, USE

pytestmark = [pytest.mark.docker, pytest.mark.browser]

SERVICE = "/services/workspaces"


def delete_environment(page: Page, here: str, *, with_disk: bool = False) -> None:
    page.goto(here)
    page.get_by_role("button", name="Delete…", exact=True).first.click()
    expect(page.get_by_text("Your home folder stays, and so do the notebooks")).to_be_visible()
    if with_disk:
        page.get_by_label("Delete the disk").check()
    page.get_by_role("button", name="Delete environment").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


@pytest.mark.full
@pytest.mark.feature("A2", "C4", "C6", "C7", "D3", "D8", "E1", "E9", "I1")
def test_a_researcher_with_r_from_new_notebook_to_delete(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    pictures = iter(range(1, 100))

    def picture(name: str) -> None:
        page.screenshot(path=artefacts / f"{next(pictures):02d}-{name}.png")

    sign_in(page, deployment, "ana")
    here = f"{SERVICE}{workspace.path}"
    page.goto(here)
    page.get_by_label("Name", exact=True).fill("first look")
    page.get_by_label("Kernel").select_option("R")
    picture("choose-r")
    page.get_by_role("button", name="Create and open").click()

    # run, plot, save
    in_lab(page, "first look", "R")
    assert workspace.environment()["image"]["language"] == "r"
    type_cell(page, PLOT)
    expect(page.locator(".jp-OutputArea-output img").first).to_be_visible(timeout=90_000)
    until(lambda: "image/png" in stored_outputs(workspace, "first look.ipynb"), "the plot is in the bucket")
    badge(page, "workspace")
    picture("plot")

    # install a package from source
    code, said = workspace.shell(MAKE_R_PACKAGE)
    assert code == 0, said
    type_cell(page, INSTALL)
    type_cell(page, USE)
    output(page, "kept")
    until(lambda: "kept" in stored_outputs(workspace, "first look.ipynb"), "the last cell is in the bucket")
    picture("package")

    # pause and resume
    page.goto(here)
    page.get_by_role("button", name="Pause…").click()
    page.get_by_role("button", name="Pause environment").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("link", name="Edit first look.ipynb").click()
    in_lab(page, "first look", "R")
    type_cell(page, USE)
    output(page, "kept")
    badge(page, "workspace")

    # delete, keeping the disk: the notebook finds its package in the next one
    delete_environment(page, here)
    page.get_by_role("link", name="Edit first look.ipynb").click()
    in_lab(page, "first look", "R")
    type_cell(page, USE)
    output(page, "kept")
    badge(page, "workspace")

    # delete with the disk: the package is gone, the notebook is not
    delete_environment(page, here, with_disk=True)
    page.get_by_role("link", name="Edit first look.ipynb").click()
    in_lab(page, "first look", "R")
    type_cell(page, "library(terrasample)")
    expect(page.get_by_text("there is no package called").last).to_be_visible()
    picture("package-gone")


@pytest.mark.full
@pytest.mark.feature("C10", "E9")
def test_an_r_notebook_in_a_python_environment_is_explained_on_the_page(
    page: Page, deployment: Deployment, ana: Person, workspace: Workspace, artefacts: Path
) -> None:
    workspace.create_notebook("in r", kernel="ir")
    sign_in(page, deployment, "ana")
    here = f"{SERVICE}{workspace.path}"
    page.goto(here)
    expect(page.get_by_role("radio", name="Python numpy")).to_be_checked()
    page.screenshot(path=artefacts / "1-start.png")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^Pause"))).to_be_visible()

    page.get_by_role("link", name="Edit in r.ipynb").click()
    expect(page.get_by_role("alert")).to_contain_text("has no R")
    expect(page.get_by_role("alert")).to_contain_text("Pause the environment and change its image")
    page.screenshot(path=artefacts / "2-no-r.png")
    page.get_by_role("link", name="Go to the environment").click()
    expect(page.get_by_role("heading", name=workspace.name)).to_be_visible()

    workspace.execute("touch", "/etc/in-the-layer", user="0")
    workspace.shell("touch ~/on-the-disk")
    page.get_by_role("button", name=re.compile("^Pause")).click()
    page.get_by_role("button", name="Change image…").click()
    expect(page.get_by_role("radio", name="Python numpy")).to_be_checked()
    expect(page.locator("#image-losses")).to_contain_text("in-the-layer")
    page.get_by_role("radio", name="R and Python").check()
    page.screenshot(path=artefacts / "3-change-image.png")
    page.get_by_role("button", name="Change image", exact=True).click()
    expect(page.locator("#environment")).to_contain_text("Its next start is from the image R and Python")
    page.screenshot(path=artefacts / "4-changed.png")
    page.get_by_role("link", name="Edit in r.ipynb").click()
    in_lab(page, "in r", "R")
    assert workspace.environment()["image"]["language"] == "r"
    assert (workspace.shell("ls /etc/in-the-layer")[0], workspace.shell("ls ~/on-the-disk")[0]) == (2, 0)
    page.screenshot(path=artefacts / "5-in-r.png")
    assert ana.api.get(workspace.path).json()["name"] == workspace.name
