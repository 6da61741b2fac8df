"""My environments in the browser: live, several at once, by keyboard, on a phone, in the dark; and for who pays."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Person, Workspace, unique, until

pytestmark = [pytest.mark.docker, pytest.mark.browser]


def fits(page: Page) -> bool:
    """Nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def seen_on_a_phone_and_in_the_dark(page: Page, artefacts: Path, name: str) -> None:
    page.emulate_media(reduced_motion="reduce")  # else a colour is seen on its way
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=artefacts / f"{name}-phone.png", full_page=True)
    assert fits(page)
    page.evaluate("document.documentElement.setAttribute('data-bs-theme', 'dark')")
    page.screenshot(path=artefacts / f"{name}-dark.png", full_page=True)
    page.evaluate("document.documentElement.setAttribute('data-bs-theme', 'light')")
    page.set_viewport_size({"width": 1280, "height": 860})


@pytest.mark.feature("C20")
def test_one_pauses_while_the_list_is_looked_at(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.start()
    sign_in(page, deployment, "ana")
    page.get_by_role("link", name="Environments", exact=True).click()
    row = page.locator(f"[data-environment='{workspace.environment()['id']}']")
    expect(row).to_contain_text("running since")
    row.get_by_role("checkbox").check()
    page.screenshot(path=artefacts / "01-list.png", full_page=True)
    workspace.pause()
    expect(row).to_contain_text("last ran until")
    expect(row.get_by_role("checkbox")).to_be_checked()  # the list came anew, what was chosen stays
    page.locator("#delete-chosen").click()
    expect(page.get_by_role("heading", name="Delete your environment?")).to_be_visible()
    expect(page.locator("#going")).to_contain_text(f"ana/{workspace.name}")
    page.screenshot(path=artefacts / "02-asked.png", full_page=True)
    page.get_by_role("button", name="Delete your environment").click()
    expect(page.get_by_role("status").filter(has_text="Disks are kept")).to_be_visible()
    expect(row).to_have_count(0)
    assert [disk["state"] for disk in workspace.owner.api.get("/disks").json()["items"]].count("kept") >= 1
    page.screenshot(path=artefacts / "03-gone.png", full_page=True)


@pytest.mark.full
@pytest.mark.feature("C20", "B6")
def test_several_at_once_for_whose_they_are_and_for_who_pays(
    page: Page, browser: Browser, deployment: Deployment, ana: Person, ben: Person, operator: Person, artefacts: Path
) -> None:
    mine = [ana.workspace(unique(f"several-{word}")) for word in ("a", "b")]
    bens = mine[0].shared(ben, "writer")
    for at in (*mine, bens):
        at.start()
    ids = [at.environment()["id"] for at in (*mine, bens)]
    sign_in(page, deployment, "ana")
    page.get_by_role("link", name="Environments", exact=True).click()
    for each in ids[:2]:
        expect(page.locator(f"[data-environment='{each}']")).to_contain_text("running since")
    expect(page.locator(f"[data-environment='{ids[2]}']")).to_have_count(0)
    seen_on_a_phone_and_in_the_dark(page, artefacts, "01-own")

    # by keyboard alone: choose both, pause, confirm; each row shows how it goes
    for each in ids[:2]:
        page.locator(f"#pick-{each}").focus()
        page.keyboard.press("Space")
    page.locator("#pause-chosen").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pause 2 environments?")).to_be_visible()
    seen_on_a_phone_and_in_the_dark(page, artefacts, "02-asked")
    page.locator("#end").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Paused, or on the way to it: 2 environments.")).to_be_visible()
    for at, each in zip(mine, ids, strict=False):
        expect(page.locator(f"[data-environment='{each}']")).to_contain_text("last ran until")
        at.wait_for("paused")

    # who pays: ben's too, with no way in; it is paused and deleted there
    page.get_by_role("link", name="Project ana").click()
    row = page.locator(f"[data-environment='{ids[2]}']")
    expect(row).to_contain_text("of ben")
    expect(row.get_by_role("link", name="Open Lab")).to_have_count(0)
    seen_on_a_phone_and_in_the_dark(page, artefacts, "03-project")
    row.get_by_role("link", name="Pause").click()
    page.locator("#end").click()
    expect(row).to_contain_text("last ran until")
    bens.wait_for("paused")

    # an operator: everybody's; deletes ben's, the disk stays
    with browser.new_context(base_url=deployment.url, viewport={"width": 1280, "height": 860}) as context:
        context.set_default_timeout(60_000)
        theirs = context.new_page()
        sign_in(theirs, deployment, "operator")
        theirs.get_by_role("link", name="Environments", exact=True).click()
        expect(theirs.get_by_text("You have no environment.")).to_be_visible()
        seen_on_a_phone_and_in_the_dark(theirs, artefacts, "04-none")
        theirs.get_by_role("link", name="Everybody's").click()
        row = theirs.locator(f"[data-environment='{ids[2]}']")
        seen_on_a_phone_and_in_the_dark(theirs, artefacts, "05-everybody")
        row.get_by_role("link", name="Delete").click()
        expect(theirs.locator("#going")).to_contain_text("of ben")
        theirs.locator("#end").click()
        expect(theirs.locator("[data-environment]").first).to_be_visible()
        expect(row).to_have_count(0)
    until(lambda: bens.environment()["state"] == "none", "ben's environment is gone")
    assert bens.environment()["disk"]["state"] == "kept"
    ben.api.delete(f"/disks/{bens.environment()['disk']['id']}")
    for at in mine:
        at.clear()
