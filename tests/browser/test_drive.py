"""A library is made, shared and worked in: from the page Drive to a kernel's output that its other reader sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import sign_in
from browser.test_journey import badge, in_lab, output, type_cell
from browser.test_playground import mode
from deployment import Deployment, Person, Workspace, unique, until

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.feature("B4", "H3", "H4", "E5", "E6")]


@pytest.fixture
def desk(ana: Person) -> Iterator[Workspace]:
    """ana's drive workspace, her only one; it goes with its environment."""
    made = ana.api.post("/workspaces", json={"namespace": "ana", "name": unique("desk"), "storage": "drive"})
    assert made.status_code == 201, made.text
    at = Workspace(owner=ana, name=made.json()["name"], slug=made.json()["slug"])
    yield at
    ana.api.delete(at.path, params={"force": "true"})


@pytest.fixture
def library(ana: Person) -> Iterator[dict[str, Any]]:
    made = ana.api.post("/libraries", json={"name": unique("Survey")})
    assert made.status_code == 201, made.text
    yield made.json()
    ana.api.delete(f"/libraries/{made.json()['id']}")


def test_a_library_is_made_and_shared_on_its_pages(
    page: Page, deployment: Deployment, ana: Person, artefacts: Path
) -> None:
    sign_in(page, deployment, "ana")
    page.screenshot(path=artefacts / "1-workspaces.png", full_page=True)
    page.get_by_role("link", name="Drive", exact=True).first.click()
    expect(page.get_by_role("heading", name="Shared with groups")).to_be_visible()
    page.screenshot(path=artefacts / "2-drive.png", full_page=True)
    page.get_by_label("Name").fill("a/b")
    page.get_by_role("button", name="Create library").click()
    expect(page.get_by_role("alert")).to_contain_text("a library is one folder")
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    name = unique("Field notes")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create library").click()
    expect(page.get_by_role("heading", name=name)).to_contain_text("your library")
    page.get_by_label("Person, or group").fill("ben")
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.locator("[data-member=ben]")).to_be_visible()
    page.screenshot(path=artefacts / "3-library.png", full_page=True)
    page.get_by_role("button", name="Share no longer with ben").click()
    expect(page.get_by_role("dialog")).to_contain_text("Share " + name + " no longer with ben?")
    page.screenshot(path=artefacts / "4-unshare.png")
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("[data-member=ben]")).to_have_count(0)
    assert errors == []
    page.get_by_role("button", name="Delete library…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete library").click()
    expect(page.get_by_role("heading", name="Drive", exact=True)).to_be_visible()
    expect(page.get_by_text(name)).to_have_count(0)


def test_a_librarys_notebook_is_edited_in_lab_and_tried_in_the_playground(
    page: Page, deployment: Deployment, ben: Person, desk: Workspace, library: dict[str, Any], artefacts: Path
) -> None:
    ana, here = desk.owner, f"/workspaces/library/{library['id']}"
    assert ana.api.post(f"{here}/notebooks", json={"name": "deep/first look"}).status_code == 201
    assert ana.api.put(f"/libraries/{library['id']}/shares/ben", json={"access": "write"}).status_code == 200
    one = f"{here}/notebooks/deep/first look.ipynb"
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces{desk.path}")
    page.screenshot(path=artefacts / "1-desk.png", full_page=True)
    page.get_by_role("link", name="deep/first look.ipynb", exact=True).click()
    page.screenshot(path=artefacts / "2-notebook.png")
    page.get_by_role("link", name="Edit", exact=True).click()
    in_lab(page, "first look")
    type_cell(page, "print('from a ' + 'library')")
    output(page, "from a library")
    page.keyboard.press("Control+s")
    badge(page, "workspace")
    page.screenshot(path=artefacts / "3-lab.png")
    until(lambda: "from a library" in ben.api.get(one).text, "ben reads what ana saved")
    assert f"{desk.name}/edit/{library['name']}/deep" in desk.execute("find", f"{desk.name}/edit")[1]
    held = ben.api.post(f"{one}/lease", json={"session": "bens"})
    assert (held.status_code, held.json()["error"]["code"]) == (423, "lease-held")
    page.goto(f"/services/workspaces{one}")
    page.get_by_role("link", name="Playground", exact=True).click()
    mode(page, "playground")  # on top of the notebook itself, which Lab has opened again
    page.screenshot(path=artefacts / "4-playground.png")
    copy = f"{desk.name}/playground/{library['name']}/deep/first look.ipynb"
    assert "from a library" in desk.execute("cat", copy)[1]

    # opened in its folder on the drive it has no lock, which is said, and the way to one is a button
    page.goto(f"{desk.server_url}lab/tree/drive/My%20Libraries/{quote(library['name'])}/deep/first%20look.ipynb")
    mode(page, "drive")
    expect(page.locator('[data-terra-bar][data-kind="drive"]')).to_contain_text("Open without a lock.")
    page.screenshot(path=artefacts / "5-no-lock.png")
    page.get_by_role("button", name="Edit with a Lock").click()
    mode(page, "edit")

    # a terminal writes past all of this: it is noticed, and what it made is there for everybody
    script = f"cd ~/drive/'My Libraries'/{library['name']} && mkdir shelf && cp deep/*.ipynb shelf/by-hand.ipynb"
    done, said = desk.shell(script)
    assert done == 0, said
    by_hand = f"{here}/notebooks/shelf/by-hand.ipynb"
    until(lambda: ben.api.get(by_hand).status_code == 200, "ben has what the terminal made")
    made = ben.api.post(f"{here}/notebooks", json={"name": "shelf/by the service"})
    assert made.status_code == 201, made.text
    assert "by the service.ipynb" in desk.shell(f"ls ~/drive/'My Libraries'/{library['name']}/shelf")[1]
    until(lambda: "found" in ben.api.get(f"{by_hand}/versions").text, "it has a history")
