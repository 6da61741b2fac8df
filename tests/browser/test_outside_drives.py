"""A drive from outside by its pages: connected, refused, given another password, worked in, shared, let go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import opened_page, sign_in
from browser.test_environments_page import seen_on_a_phone_and_in_the_dark
from deployment import Deployment, unique, until
from notebooks_made import made, words
from webdav import PASSWORD, USER, WebdavServer

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full, pytest.mark.feature("H3", "H4")]

FOLDER = "Projects"


@pytest.fixture
def opened(browser: Browser, clouded: Deployment, artefacts: Path) -> Iterator[Page]:
    yield from opened_page(browser, clouded, artefacts)


@pytest.fixture
def bens(browser: Browser, clouded: Deployment, artefacts: Path) -> Iterator[Page]:
    """ben's browser, beside ana's."""
    folder = artefacts / "ben"
    folder.mkdir(exist_ok=True)
    for page in opened_page(browser, clouded, folder):
        sign_in(page, clouded, "ben")
        yield page


def seen(page: Page, artefacts: Path, name: str) -> None:
    page.screenshot(path=artefacts / f"{name}.png", full_page=True)
    seen_on_a_phone_and_in_the_dark(page, artefacts, name)


def stands(page: Page, state: str) -> None:
    expect(page.locator(f"#outside [data-state={state}]")).to_be_visible()


def connect(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name of the library").fill(name)
    page.get_by_label("User name there").fill(USER)
    page.get_by_label("App password").fill(password)
    page.get_by_label("Folder there").fill(FOLDER)
    page.get_by_role("button", name="Connect", exact=True).click()


def test_a_person_connects_a_drive_works_on_it_shares_it_and_lets_it_go(
    opened: Page, bens: Page, clouded: Deployment, cloud: WebdavServer, artefacts: Path
) -> None:
    (cloud.files / FOLDER).mkdir()
    (cloud.files / FOLDER / "cortex.ipynb").write_bytes(made(words("# Cortex")))
    page, name = opened, unique("Survey")
    sign_in(page, clouded, "ana")
    page.get_by_role("link", name="Drive", exact=True).first.click()
    seen(page, artefacts, "01-drive")
    connect(page, name, "")
    expect(page.get_by_role("alert")).to_contain_text("password")
    connect(page, name, "wrong")
    expect(page.get_by_role("heading", name=name)).to_contain_text("your library")
    library = page.url
    page.screenshot(path=artefacts / "02-being-connected.png", full_page=True)
    expect(page.locator("#outside")).to_contain_text("refuses the user name or the password")
    expect(page.locator("#notebooks")).to_contain_text("as soon as the drive is connected")
    seen(page, artefacts, "03-refused")
    page.get_by_role("link", name="Drive", exact=True).first.click()
    seen(page, artefacts, "04-drive-refused")

    page.goto(library)
    page.get_by_role("button", name="Give the password anew…").click()
    dialog = page.get_by_role("dialog", name="Password of Lab cloud")
    expect(dialog.get_by_label("User name there")).to_have_value(USER)
    dialog.get_by_label("App password").fill(PASSWORD)
    page.screenshot(path=artefacts / "05-password.png")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    page.screenshot(path=artefacts / "06-being-connected.png", full_page=True)
    stands(page, "mounted")  # told by the page itself, and so is what lies there
    page.get_by_role("link", name="cortex.ipynb", exact=True).click()
    expect(page.frame_locator("#preview").get_by_role("heading", name="Cortex")).to_be_visible()

    page.goto(library)
    page.get_by_label("Name", exact=True).fill("first look")
    page.get_by_role("button", name="Create and open").click()
    page.wait_for_url("**/notebooks/first%20look.ipynb")
    on_server = cloud.files / FOLDER / "first look.ipynb"
    until(lambda: on_server.exists() and "cells" in on_server.read_text(), "the notebook is on the server")
    page.goto(library)
    page.get_by_label("Person, or group").fill("ben")
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.locator("[data-member=ben]")).to_be_visible()
    seen(page, artefacts, "07-connected")

    bens.get_by_role("link", name="Drive", exact=True).first.click()
    bens.get_by_role("link", name=f"{name} (ana)").click()
    expect(bens.get_by_role("link", name="first look.ipynb", exact=True)).to_be_visible()
    expect(bens.locator("#outside")).not_to_contain_text(USER)
    seen(bens, artefacts, "08-shared")

    page.get_by_role("link", name="Drive", exact=True).first.click()
    seen(page, artefacts, "09-drive-connected")
    page.goto(library)
    page.get_by_role("button", name="Delete library…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing is deleted on Lab cloud.")
    page.screenshot(path=artefacts / "10-delete.png")
    dialog.get_by_role("button", name="Delete library").click()
    expect(page.get_by_role("heading", name="Drive", exact=True)).to_be_visible()
    expect(page.get_by_text(name)).to_have_count(0)
    bens.goto("/services/workspaces/drive")
    expect(bens.get_by_text(name)).to_have_count(0)
    assert {each.name for each in (cloud.files / FOLDER).iterdir()} == {"cortex.ipynb", "first look.ipynb"}
