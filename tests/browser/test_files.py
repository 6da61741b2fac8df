"""Data files on their pages: uploaded, gone on with after a break, looked at, downloaded, deleted and had back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from browser.conftest import opened_page, sign_in
from deployment import Deployment, Person, unique

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full, pytest.mark.feature("H5")]

PAGES = "/services/workspaces/workspaces/ana"
MIB = 1024**2
PICTURE = Path(__file__).parent / "pictures" / "lab.png"
LONG = "a very long name of a measurement " * 5 + "größe 日本 & #%+.txt"


def test_files_are_uploaded_looked_at_downloaded_deleted_and_had_back(
    page: Page, deployment: Deployment, ana: Person, artefacts: Path, tmp_path: Path
) -> None:
    here = ana.workspace(unique("files"))
    sign_in(page, deployment, "ana")
    page.goto(f"{PAGES}/{here.name}")
    page.get_by_role("link", name="Data files").click()
    page.get_by_label("New folder").fill("raw/2026")
    page.get_by_role("button", name="Make folder").click()
    expect(page.get_by_role("heading", name="Upload to raw/2026")).to_be_visible()

    files = {
        "cells.csv": b'name,"size, um"\n' + b"<b>a</b>,12\n" * 3,
        LONG: "Größe\n".encode(),
        "plot.png": PICTURE.read_bytes(),
        "first.ipynb": b"{}",
    }
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    page.set_input_files("#upload-files", [tmp_path / name for name in files])
    lines = page.locator("#upload-lines li")
    expect(lines.filter(has_text="is uploaded.")).to_have_count(3)
    expect(lines.nth(3)).to_contain_text("is a notebook")
    dropped = page.evaluate_handle(
        "() => { const all = new DataTransfer(); all.items.add(new File(['one'], 'cells.csv')); return all; }"
    )
    page.dispatch_event("#file-upload", "drop", {"dataTransfer": dropped})
    expect(lines.nth(4)).to_contain_text("is there already.")
    expect(lines.nth(4).get_by_role("progressbar")).to_be_hidden()
    page.screenshot(path=artefacts / "1-list.png", full_page=True)
    page.get_by_role("button", name="Replace it").click()
    expect(lines.nth(4)).to_contain_text("is uploaded.")
    page.set_input_files("#upload-files", [tmp_path / "cells.csv"])
    page.get_by_role("button", name="Replace it").click()
    expect(lines.nth(5)).to_contain_text("is uploaded.")

    page.get_by_role("link", name="raw/2026/cells.csv", exact=True).click()
    expect(page.get_by_role("columnheader", name="size, um")).to_be_visible()
    expect(page.get_by_role("cell", name="<b>a</b>")).to_have_count(3)
    page.screenshot(path=artefacts / "2-table.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "cells.csv"
    assert Path(download.value.path()).read_bytes() == files["cells.csv"]

    page.get_by_role("navigation", name="You are here").get_by_role("link", name="2026").click()
    page.get_by_role("link", name="raw/2026/plot.png", exact=True).click()
    assert page.locator("img.terra-image").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    page.get_by_role("navigation", name="You are here").get_by_role("link", name="2026").click()
    page.get_by_role("link", name=f"raw/2026/{LONG}", exact=True).click()
    expect(page.locator("pre")).to_have_text("Größe")
    page.screenshot(path=artefacts / "3-long-name.png", full_page=True)
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete file").click()
    expect(page.get_by_text("The file is in the trash.")).to_be_visible()
    expect(page.get_by_role("link", name=f"raw/2026/{LONG}", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name=f"raw/2026/{LONG}", exact=True)).to_be_visible()

    page.get_by_role("navigation", name="You are here").get_by_role("link", name="raw", exact=True).click()
    page.get_by_label("More for the folder raw/2026").click()
    page.get_by_role("link", name="Delete the folder raw/2026").click()
    expect(page.locator("#delete-folder")).to_contain_text("4 files")
    page.screenshot(path=artefacts / "4-delete-folder.png", full_page=True)
    page.get_by_role("button", name="Delete folder").click()
    expect(page.get_by_text("The folder goes into the trash.")).to_be_visible()
    expect(page.get_by_role("link", name="Folder raw/2026", exact=True)).to_have_count(0)
    page.screenshot(path=artefacts / "5-folder-deleted.png", full_page=True)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Folder raw/2026", exact=True).click()
    expect(page.get_by_role("link", name="raw/2026/plot.png", exact=True)).to_be_visible()


def test_a_folder_that_is_dropped_is_uploaded_with_what_is_in_it(
    page: Page, deployment: Deployment, ana: Person, tmp_path: Path
) -> None:
    here = ana.workspace(unique("dropped"))
    for name in ("scan/a.csv", "scan/raw/b.csv", "empty/", "single.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).write_text("x,y\n")
    sign_in(page, deployment, "ana")
    page.goto(f"{PAGES}/{here.name}/files")
    expect(page.locator("#file-upload")).to_be_visible()
    dropped = [str(tmp_path / name) for name in ("scan", "empty", "single.csv")]
    chromium = page.context.new_cdp_session(page)  # a script cannot make a folder, so the browser itself drops it
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": dropped, "dragOperationsMask": 1}
        chromium.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})
    lines = page.locator("#upload-lines li")
    expect(lines.filter(has_text="is uploaded.")).to_have_count(3)
    expect(lines.filter(has_text="without files")).to_have_text(
        "empty is a folder without files: there is nothing to upload."
    )
    page.get_by_role("link", name="Folder scan", exact=True).click()
    page.get_by_role("link", name="Folder scan/raw", exact=True).click()
    expect(page.get_by_role("link", name="scan/raw/b.csv", exact=True)).to_be_visible()


def test_an_upload_goes_on_after_a_break_and_after_the_page_was_left(
    page: Page, deployment: Deployment, ana: Person, tmp_path: Path
) -> None:
    here = ana.workspace(unique("resume"))
    body = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(40 * MIB // 32))
    (tmp_path / "scan.bin").write_bytes(body)
    sign_in(page, deployment, "ana")
    page.goto(f"{PAGES}/{here.name}/files")
    offsets: list[int] = []
    looks: list[str] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))
        if request.method == "HEAD":
            looks.append(request.url)

    def interrupt(route: Route) -> None:
        if route.request.method != "PATCH" or route.request.headers["upload-offset"] == "0":
            route.continue_()
        elif not looks:
            route.abort()  # the line breaks: then it is asked where to go on
        # and what is sent from there is never answered: the page is left

    page.on("request", note)
    page.route("**/uploads/*", interrupt)
    with page.expect_request(lambda request: request.method == "PATCH" and bool(looks)):
        page.set_input_files("#upload-files", tmp_path / "scan.bin")
    page.unroute("**/uploads/*")
    page.reload()
    offsets.clear()
    page.set_input_files("#upload-files", tmp_path / "scan.bin")
    expect(page.locator("#upload-lines li")).to_contain_text("is uploaded.")
    assert offsets[0] >= 16 * MIB  # what came before the break is not sent again
    found = ana.api.get(f"/workspaces/ana/{here.name}/files/scan.bin").content
    assert hashlib.sha256(found).digest() == hashlib.sha256(body).digest()


@pytest.mark.feature("B3")
def test_a_reader_looks_and_downloads_and_is_offered_nothing_else(
    browser: Browser, deployment: Deployment, ana: Person, artefacts: Path
) -> None:
    here = ana.workspace(unique("read"))
    put = ana.api.put(f"/workspaces/ana/{here.name}/files/t/a.txt", content=b"text of ana's")
    assert put.status_code == 200, put.text
    ana.api.put(f"/workspaces/ana/{here.name}/members/ben", json={"role": "reader", "compute": False})
    for page in opened_page(browser, deployment, artefacts):
        sign_in(page, deployment, "ben")
        page.goto(f"{PAGES}/{here.name}/files")
        page.get_by_role("link", name="Folder t").click()
        page.get_by_role("link", name="t/a.txt").click()
        expect(page.get_by_text("text of ana's")).to_be_visible()
        expect(page.get_by_role("button", name="Delete…")).to_have_count(0)
        page.goto(f"{PAGES}/{here.name}/files")
        expect(page.get_by_text("You are reader here")).to_be_visible()
        expect(page.locator("#file-upload")).to_have_count(0)
