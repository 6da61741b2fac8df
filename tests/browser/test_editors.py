"""One person edits a notebook at a time; the others are told, try it out, ask for it, and are given it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser.conftest import opened_page, sign_in
from browser.test_journey import in_lab, output, stored_outputs, type_cell
from browser.test_playground import mode, on_top
from deployment import Deployment, Person, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.browser]

NAME = "shared.ipynb"


def lease(page: Page, state: str) -> None:
    """The notebook on top says so."""
    expect(on_top(page).locator("[data-terra-mode]")).to_have_attribute("data-lease", state)


def line(page: Page) -> Locator:
    return on_top(page).locator("[data-terra-bar]:visible")


def opened(page: Page, workspace: Workspace) -> Page:
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/{NAME}")
    in_lab(page, "shared")
    return page


def written(workspace: Workspace) -> str:
    return str([cell["source"] for cell in workspace.notebook(NAME)[0]["cells"]])


@contextlib.contextmanager
def another(browser: Browser, deployment: Deployment, artefacts: Path) -> Iterator[Page]:
    (artefacts / "other").mkdir(exist_ok=True)
    pages = opened_page(browser, deployment, artefacts / "other")
    yield next(pages)
    next(pages, None)


@pytest.fixture
def shared(workspace: Workspace, ben: Person) -> Iterator[Workspace]:
    """Ana's workspace with one notebook, which ben may change too."""
    workspace.create_notebook("shared")
    bens = workspace.shared(ben, "writer", compute=True)
    yield workspace
    if bens.environment()["state"] != "none":
        bens.clear()


@pytest.mark.feature("E7", "F11")
def test_who_finds_it_edited_asks_and_is_given_it(
    page: Page, browser: Browser, deployment: Deployment, shared: Workspace, ben: Person, artefacts: Path
) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    sign_in(page, deployment, "ana")
    opened(page, shared)
    lease(page, "held")
    with another(browser, deployment, artefacts) as bens:
        sign_in(bens, deployment, "ben")
        bens.goto(f"/services/workspaces/open/ana/{shared.name}/notebooks/{NAME}")
        expect(bens.get_by_role("alert")).to_contain_text("is being edited by ana")
        expect(bens.locator(f'[data-lease="{NAME}"]')).to_contain_text("ana edits it until")
        for way in (bens.get_by_role("link", name="Playground"), bens.get_by_role("button", name="Copy…")):
            expect(way).to_be_visible()
        expect(bens.frame_locator("#preview").locator("body")).to_be_visible()
        bens.screenshot(path=artefacts / "1-ben-is-told.png")
        bens.get_by_role("button", name=f"Ask for {NAME}").click()
        expect(line(page)).to_contain_text("ben would like to edit this notebook.")
        type_cell(page, "'ana' + ' wrote this'")
        output(page, "'ana wrote this'")
        page.screenshot(path=artefacts / "2-ana-is-asked.png")
        line(page).get_by_role("button", name="Hand Over").click()
        lease(page, "elsewhere")
        assert "ana wrote this" in stored_outputs(shared, NAME)
        held = ben.api.post(f"{shared.path}/notebooks/{NAME}/lease", json={"session": "bens"})
        assert held.status_code == 200, held.text
    assert errors == []


@pytest.mark.full
@pytest.mark.feature("F11")
def test_who_hands_over_while_a_cell_runs_is_asked_and_may_wait(
    page: Page, deployment: Deployment, shared: Workspace, ben: Person, artefacts: Path
) -> None:
    sign_in(page, deployment, "ana")
    opened(page, shared)
    lease(page, "held")
    type_cell(page, "import os, time\nwhile not os.path.exists('/home/jupyter/go'): time.sleep(0.1)")
    expect(on_top(page).locator(".jp-InputPrompt", has_text="[*]")).to_have_count(1)
    assert ben.api.post(f"{shared.path}/notebooks/{NAME}/lease/request").status_code == 200
    hand_over = line(page).get_by_role("button", name="Hand Over")
    hand_over.click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("A cell is still running")
    page.screenshot(path=artefacts / "a-cell-runs.png")
    asked.get_by_role("button", name="Wait").click()
    expect(asked).to_have_count(0)
    lease(page, "held")
    hand_over.click()
    asked.get_by_role("button", name="Hand Over").click()
    lease(page, "elsewhere")
    assert ben.api.post(f"{shared.path}/notebooks/{NAME}/lease", json={"session": "bens"}).status_code == 200
    shared.shell("touch ~/go")


@pytest.mark.full
@pytest.mark.feature("E3")
def test_a_new_notebook_of_another_appears_in_the_file_browser_by_itself(
    page: Page, deployment: Deployment, shared: Workspace, ben: Person
) -> None:
    sign_in(page, deployment, "ana")
    opened(page, shared)
    made = ben.api.post(f"{shared.path}/notebooks", json={"name": "news", "kernel": "python3"})
    assert made.status_code == 201, made.text
    expect(page.locator(".jp-DirListing-item", has_text="news.ipynb")).to_be_visible(timeout=30_000)


@pytest.mark.full
@pytest.mark.feature("E7", "F11")
def test_in_lab_a_notebook_of_another_is_read_asked_for_and_then_changed(
    page: Page, browser: Browser, deployment: Deployment, shared: Workspace, ben: Person, artefacts: Path
) -> None:
    sign_in(page, deployment, "ana")
    opened(page, shared)
    lease(page, "held")
    with another(browser, deployment, artefacts) as bens:
        sign_in(bens, deployment, "ben")
        bens.goto(f"/services/workspaces/open/ana/{shared.name}/playground/{NAME}")
        in_lab(bens, "shared")
        mode(bens, "playground")
        type_cell(bens, "'tried' + ' by ben'")
        output(bens, "'tried by ben'")
        there = f"/user/ben/{shared.slug}/lab/tree/{shared.name}/edit/{NAME}"
        bens.goto(there)
        lease(bens, "elsewhere")
        expect(line(bens)).to_contain_text("ana is editing this notebook. Read-only until")
        on_top(bens).locator(".cm-content").first.click()
        bens.keyboard.insert_text("'not to be'")
        expect(on_top(bens)).not_to_contain_text("not to be")
        bens.screenshot(path=artefacts / "1-ben-reads.png")
        line(bens).get_by_role("button", name="Ask for It").click()
        expect(line(bens)).to_contain_text("You have asked for it.")

        # not now; but when the tab is closed
        line(page).get_by_role("button", name="Not Now").click()
        expect(line(bens)).to_contain_text("ana keeps it for now.")
        type_cell(page, "'ana' + ' wrote this'")
        until(lambda: "ana wrote this" in stored_outputs(shared, NAME), "what ana wrote is in the workspace")
        page.goto("about:blank")
        lease(bens, "held")
        expect(on_top(bens)).to_contain_text("ana wrote this")
        type_cell(bens, "'and' + ' ben this'")
        until(lambda: "and ben this" in stored_outputs(shared, NAME), "what ben wrote is in the workspace")
        bens.screenshot(path=artefacts / "2-ben-edits.png")
    assert "not to be" not in written(shared)


@pytest.mark.full
@pytest.mark.feature("F12")
def test_a_second_tab_of_the_same_person_is_told_and_takes_over(
    page: Page, deployment: Deployment, workspace: Workspace, artefacts: Path
) -> None:
    workspace.create_notebook("shared")
    sign_in(page, deployment, "ana")
    opened(page, workspace)
    lease(page, "held")
    # the first tab's next saves do not arrive: its last changes are in the tab alone when it loses the notebook
    page.route("**/api/contents/**", lambda route: None if route.request.method == "PUT" else route.continue_())
    type_cell(page, "'first' + ' tab'")
    output(page, "'first tab'")
    second = opened(page.context.new_page(), workspace)
    lease(second, "elsewhere")
    expect(line(second)).to_contain_text("You are editing this notebook in another tab.")
    second.screenshot(path=artefacts / "1-second-tab.png")
    line(second).get_by_role("button", name="Edit Here").click()
    lease(second, "held")
    lease(page, "lost")
    expect(line(page)).to_contain_text("Your last changes are in this tab alone.")
    page.screenshot(path=artefacts / "2-first-tab.png")
    type_cell(second, "'second' + ' tab'")
    until(lambda: "second tab" in stored_outputs(workspace, NAME), "what the second tab wrote is in the workspace")

    # nothing of the first tab's is lost
    page.unroute("**/api/contents/**")
    line(page).get_by_role("button", name="Keep Mine as a Copy…").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("mine")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#jp-main-dock-panel .lm-mod-current", has_text="mine.ipynb")).to_be_visible()
    until(
        lambda: "first tab" in stored_outputs(workspace, "mine.ipynb"), "what the first tab wrote is in the workspace"
    )
    assert "first tab" not in stored_outputs(workspace, NAME)


@pytest.mark.full
@pytest.mark.feature("F11")
def test_who_is_away_hands_over_without_a_word(
    page: Page, deployment: Deployment, shared: Workspace, ben: Person, artefacts: Path
) -> None:
    shared.start()
    folder = ".jupyter/lab/user-settings/@terraspawner/environment"
    settings = f"mkdir -p {folder} && echo '{{\"handOverAfterMinutes\": 0.05}}' > {folder}/leases.jupyterlab-settings"
    assert shared.execute("sh", "-c", settings)[0] == 0
    sign_in(page, deployment, "ana")
    opened(page, shared)
    lease(page, "held")
    type_cell(page, "'left' + ' behind'")
    one = f"{shared.path}/notebooks/{NAME}/lease"
    assert ben.api.post(f"{one}/request").status_code == 200
    until(lambda: ben.api.post(one, json={"session": "bens"}).status_code == 200, "ben is given it")
    expect(page.get_by_text("was handed over to ben, who had asked, while you were away")).to_be_visible()
    page.screenshot(path=artefacts / "handed-over.png")
    assert "left behind" in stored_outputs(shared, NAME)
