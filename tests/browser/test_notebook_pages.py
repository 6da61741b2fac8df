"""Notebooks on their pages: found, read without an environment, uploaded, copied, renamed, deleted and had back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import sign_in
from deployment import Deployment, Person, unique
from hostile_html import FRAGMENTS, cells_of
from notebooks_made import code, made, said, words

pytestmark = [pytest.mark.docker, pytest.mark.browser]

PAGES = "/services/workspaces/workspaces/ana"
SHOWN = made(
    words("# Cortex\n\n$$\\frac{a}{b}$$"),
    code("x <- 1", said("done")),
    kernelspec={"name": "ir"},
    language_info={"name": "R"},
)


def put(person: Person, workspace: str, path: str, body: bytes) -> None:
    answer = person.api.put(
        f"/workspaces/ana/{workspace}/notebooks/{path}", content=body, headers={"If-None-Match": "*"}
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.full
@pytest.mark.feature("E2", "E3", "E4")
def test_a_notebook_is_found_read_and_handled_without_an_environment(
    page: Page, deployment: Deployment, ana: Person, artefacts: Path, tmp_path: Path
) -> None:
    here, there = ana.workspace(unique("pages")), ana.workspace(unique("target"))
    put(ana, here.name, "analysis/cortex.ipynb", SHOWN)
    put(ana, here.name, "other.ipynb", made(words("other")))
    sign_in(page, deployment, "ana")
    page.goto(f"{PAGES}/{here.name}")
    page.get_by_role("link", name="analysis", exact=True).click()
    page.get_by_role("link", name="analysis/cortex.ipynb", exact=True).click()
    frame = page.frame_locator("#preview")
    expect(frame.get_by_role("heading", name="Cortex")).to_be_visible()
    expect(frame.locator("mfrac")).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_be_visible()
    page.screenshot(path=artefacts / "1-preview.png")
    page.locator("#dark-theme-toggle").click()
    expect(frame.locator("html[data-theme='dark']")).to_have_count(1)
    page.locator("#dark-theme-toggle").click()
    assert here.environment()["state"] == "none"  # nobody started anything

    page.get_by_role("button", name="Copy…").click()
    page.get_by_label("To the workspace").select_option(f"ana/{there.name}")
    page.get_by_label("Name of the copy").fill("deep/copied")
    page.get_by_role("button", name="Copy", exact=True).click()
    page.wait_for_url(f"**/{there.name}/notebooks/deep/copied.ipynb")
    expect(frame.get_by_role("heading", name="Cortex")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "copied.ipynb"
    assert Path(download.value.path()).read_bytes() == SHOWN

    page.goto(f"{PAGES}/{here.name}")
    files = {"new.ipynb": SHOWN, "data.csv": b"1,2", "broken.ipynb": b"{", "other.ipynb": SHOWN}
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    page.set_input_files("#upload-files", [tmp_path / name for name in files])
    lines = page.locator("#upload-lines li")
    expect(lines).to_have_count(4)
    expect(lines.nth(0)).to_contain_text("is uploaded")
    expect(lines.nth(1)).to_contain_text("only files that end in .ipynb")
    expect(lines.nth(2)).to_contain_text("is not JSON")
    page.get_by_role("button", name="Upload as other 2.ipynb").click()
    expect(page.get_by_role("link", name="other 2.ipynb", exact=True)).to_be_visible()
    dropped = page.evaluate_handle(
        "text => { const all = new DataTransfer(); all.items.add(new File([text], 'dropped.ipynb')); return all; }",
        SHOWN.decode(),
    )
    page.dispatch_event("#upload", "drop", {"dataTransfer": dropped})
    expect(page.get_by_role("link", name="dropped.ipynb", exact=True)).to_be_visible()
    page.screenshot(path=artefacts / "2-uploaded.png", full_page=True)

    page.get_by_label("Search notebooks by name").fill("cort")
    expect(page.get_by_role("link", name="analysis/cortex.ipynb", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="new.ipynb", exact=True)).to_have_count(0)
    page.get_by_role("button", name="More for analysis/cortex.ipynb").click()
    page.get_by_role("button", name="Rename or move…").click()
    page.get_by_label("New name").fill("results/cortex")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("link", name="results/cortex.ipynb", exact=True)).to_be_visible()
    page.get_by_role("button", name="More for results/cortex.ipynb").click()
    page.get_by_role("button", name="Delete results/cortex.ipynb").click()
    page.get_by_role("button", name="Delete notebook").click()
    expect(page.get_by_text("There is no notebook in this folder.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="results/cortex.ipynb", exact=True)).to_be_visible()


@pytest.mark.full
@pytest.mark.feature("E4")
def test_a_hostile_notebook_does_nothing_in_the_real_page(
    browser: Browser, page: Page, deployment: Deployment, ana: Person
) -> None:
    here = ana.workspace(unique("hostile"))
    put(ana, here.name, "x.ipynb", made(*[cell for each in FRAGMENTS.values() for cell in cells_of(each)]))
    sign_in(page, deployment, "ana")
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(f"{PAGES}/{here.name}/notebooks/x.ipynb")
    expect(page.frame_locator("#preview").locator("section").last).to_be_attached()
    page.goto(f"{PAGES}/{here.name}/notebooks/x.ipynb/frame")
    expect(page.locator("section").last).to_be_attached()
    assert page.title() == "x.ipynb"
    assert [url for url in asked if not url.startswith((deployment.url, "data:"))] == []


@pytest.mark.full
@pytest.mark.feature("E3", "E11")
def test_a_link_to_a_notebook_leads_who_may_read_it_to_its_preview(
    page: Page, deployment: Deployment, ana: Person
) -> None:
    here = ana.workspace(unique("shared"))
    put(ana, here.name, "a.ipynb", SHOWN)
    ana.api.put(f"/workspaces/ana/{here.name}/members/ben", json={"role": "reader", "compute": False})
    link = f"{PAGES}/{here.name}/notebooks/a.ipynb"
    page.goto(link)
    page.get_by_label("Username").fill("ben")
    page.get_by_label("Password").fill(deployment.logins()["ben"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.frame_locator("#preview").get_by_role("heading", name="Cortex")).to_be_visible()
    expect(page.get_by_text("You are reader here")).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete…")).to_have_count(0)
