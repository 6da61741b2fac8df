"""Pages: the data files of a workspace, and one of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from terraspawner.domain.access import Role
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import libraries, members, trashed_folders
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ABSENT, ANYTHING
from terraspawner.web.file_list_page import ON_A_PAGE
from terraspawner.web.file_pages import SHOWN_BYTES, SHOWN_COLUMNS, SHOWN_IMAGE, SHOWN_ROWS
from tests.web.sites import PREFIX, Browser, Site
from waiting import until

pytestmark = pytest.mark.feature("H5")

AT = f"{PREFIX}/workspaces/ana/alpha"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
HOSTILE = "\"><script>alert(1)</script>'&{{7*7}}.txt"


@pytest.fixture
def alpha(site: Site) -> Workspace:
    return site.workspace()


@pytest.fixture
async def ana(site: Site, alpha: Workspace) -> Browser:
    return await site.browser()


def put(site: Site, alpha: Workspace, path: str, body: bytes = b"1") -> None:
    site.context.bucket(alpha.id).write(f"data/{path}", body, ANYTHING)


async def shown(browser: Browser, path: str) -> httpx.Response:
    answer = await browser.client.get(f"{AT}/files/{quote(path)}")
    assert answer.status_code == 200, answer.text
    return answer


async def test_folders_and_files_are_listed_with_ways_to_them(site: Site, ana: Browser, alpha: Workspace) -> None:
    put(site, alpha, "raw/2024/scan.nii", b"x" * 2048)
    put(site, alpha, "raw/a.csv")
    assert "1 byte, changed" in (await ana.client.get(f"{AT}/files?folder=raw")).text
    top = (await ana.client.get(f"{AT}/files")).text
    assert f'href="{AT}/files?folder=raw"' in top
    inside = (await ana.client.get(f"{AT}/files", params={"folder": "raw/2024"})).text
    assert f'href="{AT}/files/raw/2024/scan.nii"' in inside
    assert "2 KB" in inside
    assert f'<a href="{AT}/files?folder=raw">raw</a>' in inside
    assert (await ana.client.get(AT)).text.count(f'href="{AT}/files"') == 1
    assert "There is nothing in this folder" in (await ana.client.get(f"{AT}/files?folder=none")).text
    assert (await ana.client.get(f"{AT}/files?folder=a//b")).status_code == 422


async def test_a_large_folder_is_shown_page_by_page(site: Site, ana: Browser, alpha: Workspace) -> None:
    for number in range(ON_A_PAGE + 1):
        put(site, alpha, f"{number:04}")
    first = (await ana.client.get(f"{AT}/files")).text
    assert f'href="{AT}/files/{ON_A_PAGE:04}"' not in first
    assert f"cursor={ON_A_PAGE - 1:04}" in first
    second = (await ana.client.get(f"{AT}/files", params={"cursor": f"{ON_A_PAGE - 1:04}"})).text
    assert f'href="{AT}/files/{ON_A_PAGE:04}"' in second
    assert f'href="{AT}/files/0000"' not in second


async def test_htmx_gets_the_list_alone(site: Site, ana: Browser, alpha: Workspace) -> None:
    put(site, alpha, "a")
    answer = await ana.client.get(f"{AT}/files", headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<div id="files"')


async def test_hostile_names_and_contents_stay_text(site: Site, ana: Browser, alpha: Workspace) -> None:
    put(site, alpha, f"{HOSTILE[:30]}/{HOSTILE.replace('/', '')}", b"</pre><script>alert(2)</script>")
    put(site, alpha, "x.csv", b"a,<img src=x onerror=alert(3)>\n1,2\n")
    put(site, alpha, HOSTILE.replace("/", ""), b"</pre><script>alert(2)</script>")
    for answer in (
        await ana.client.get(f"{AT}/files"),
        await ana.client.get(f"{AT}/files", params={"folder": HOSTILE[:30]}),
        await shown(ana, HOSTILE.replace("/", "")),
        await shown(ana, "x.csv"),
    ):
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "49.txt" not in answer.text
        assert "script-src 'self'" in answer.headers["content-security-policy"]


async def test_text_and_tables_are_shown_as_they_begin(site: Site, ana: Browser, alpha: Workspace) -> None:
    put(site, alpha, "notes.md", "# Größe\n".encode())
    put(site, alpha, "long.log", b"x" * (SHOWN_BYTES - 1) + "ö".encode())
    put(site, alpha, "t.csv", b'name,"a, b"\n' + b"1,2\n" * SHOWN_ROWS)
    put(site, alpha, "t.tsv", b"one\ttwo\n")
    notes = (await shown(ana, "notes.md")).text
    assert "# Größe" in notes
    assert 'tabindex="0" role="region" aria-label="Text of notes.md"' in notes, "keys and screen readers come there"
    assert "This is how it begins" in (await shown(ana, "long.log")).text
    table = (await shown(ana, "t.csv")).text
    assert '<th scope="col">a, b</th>' in table
    assert 'tabindex="0" role="region" aria-label="Rows of t.csv"' in table
    assert table.count("<td>1</td>") == SHOWN_ROWS - 1
    assert "This is how it begins" in table
    tsv = (await shown(ana, "t.tsv")).text
    assert '<th scope="col">two</th>' in tsv
    assert "This is how it begins" not in tsv
    put(site, alpha, "wide.csv", ",".join(f"c{n}" for n in range(SHOWN_COLUMNS + 1)).encode() + b"\n")
    wide = (await shown(ana, "wide.csv")).text
    assert f">c{SHOWN_COLUMNS - 1}<" in wide
    assert f">c{SHOWN_COLUMNS}<" not in wide
    assert "This is how it begins" in wide, "columns that are left out are said to be"


@pytest.mark.parametrize(
    ("name", "body"), [("a.bin", b"\0\1"), ("latin.txt", b"\xe9\xe8 x"), ("empty.csv", b""), ("odd.csv", b"a\0b")]
)
async def test_what_is_no_text_is_offered_for_download_alone(
    site: Site, ana: Browser, alpha: Workspace, name: str, body: bytes
) -> None:
    put(site, alpha, name, body)
    answer = (await shown(ana, name)).text
    assert "<pre" not in answer
    assert "<table" not in answer
    assert f"/api/v1/workspaces/ana/alpha/files/{name}" in answer


async def test_an_image_is_shown_and_nothing_else_under_its_name(site: Site, ana: Browser, alpha: Workspace) -> None:
    put(site, alpha, "f/plot.png", PNG)
    put(site, alpha, "drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    assert f'src="{AT}/images/f/plot.png"' in (await shown(ana, "f/plot.png")).text
    image = await ana.client.get(f"{AT}/images/f/plot.png")
    assert (image.content, image.headers["content-type"]) == (PNG, "image/png")
    assert image.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in image.headers["content-security-policy"]
    drawing = (await shown(ana, "drawing.svg")).text
    assert "&lt;script&gt;" in drawing
    for name in ("drawing.svg", "none.png"):
        assert (await ana.client.get(f"{AT}/images/{name}")).status_code == 404
    put(site, alpha, "huge.png", PNG + b"0" * SHOWN_IMAGE)
    assert "<img" not in (await shown(ana, "huge.png")).text.partition("<main")[2]
    assert (await ana.client.get(f"{AT}/images/huge.png")).status_code == 404


async def test_a_name_that_cannot_be_one_is_an_address_with_nothing_at_it(ana: Browser) -> None:
    page = (await ana.client.get(f"{AT}/files/none")).text
    assert "or be in the trash" in page
    assert f'href="{AT}">Page of the workspace</a>' in page
    for name in ("none", "a//b", "%2E%2E/x", "a%0Ab"):
        assert (await ana.client.get(f"{AT}/files/{name}")).status_code == 404


@pytest.mark.feature("C17")
async def test_a_file_is_deleted_and_had_back(site: Site, ana: Browser, alpha: Workspace) -> None:
    put(site, alpha, "t/a.csv")
    gone = await ana.submit(f"{AT}/files/delete", path="t/a.csv")
    assert gone.status_code == 303
    said = parse_qs(urlsplit(gone.headers["location"]).query)
    assert said["folder"] == ["t"]
    page = (await ana.client.get(gone.headers["location"])).text
    assert "The file is in the trash." in page
    assert f'value="{said["undo"][0]}"' in page
    assert "t/a.csv" in (await ana.client.get(f"{PREFIX}/trash")).text
    back = await ana.submit(f"{AT}/files/undo", trash_id=said["undo"][0])
    assert "The file is back." in (await ana.client.get(back.headers["location"])).text
    assert site.context.bucket(alpha.id).read("data/t/a.csv")[0] == b"1"
    for trash_id in (said["undo"][0], "x", "0" * 16):
        assert (await ana.submit(f"{AT}/files/undo", trash_id=trash_id)).status_code == 409


async def test_a_file_that_was_changed_since_the_page_was_shown_stays(
    site: Site, ana: Browser, alpha: Workspace
) -> None:
    put(site, alpha, "a", b"one")
    version = site.context.bucket(alpha.id).stat("data/a").version
    put(site, alpha, "a", b"two")
    refused = await ana.submit(f"{AT}/files/delete", path="a", version=version)
    assert refused.status_code == 409
    assert "in another version" in refused.text
    assert site.context.bucket(alpha.id).read("data/a")[0] == b"two"
    assert (await ana.submit(f"{AT}/files/delete", path="none")).status_code == 404


async def test_a_folder_is_made_by_an_empty_file_in_it(site: Site, ana: Browser, alpha: Workspace) -> None:
    for _ in range(2):
        made = await ana.submit(f"{AT}/files/folder", folder="raw", title="2024 ä")
        assert parse_qs(urlsplit(made.headers["location"]).query) == {"folder": ["raw/2024 ä"]}
    assert site.context.bucket(alpha.id).read("data/raw/2024 ä/.keep")[0] == b""
    assert "keeps this folder there" in (await ana.client.get(made.headers["location"])).text
    for title in ("", " / ", "a//b", "..", "x" * 256):
        refused = await ana.submit(f"{AT}/files/folder", title=title)
        assert refused.status_code == 422
        assert 'role="alert"' in refused.text
    site.context.bucket(alpha.id).write("data/file", b"", ABSENT)
    assert (await ana.submit(f"{AT}/files/folder", title="file")).status_code == 422


@pytest.mark.feature("B3")
async def test_a_reader_sees_no_button_that_is_not_for_him(site: Site, ana: Browser, alpha: Workspace) -> None:
    put(site, alpha, "a.txt")
    async with site.person() as owner:
        await owner.put("workspaces/ana/alpha/members/ben", json={"role": "reader"})
    ben = await site.browser("ben")
    for page in ((await ben.client.get(f"{AT}/files")).text, (await shown(ben, "a.txt")).text):
        for word in ("Delete", "Upload", "New folder", "tus.min.js", "file-upload"):
            assert word not in page.partition("<main")[2]
        assert "Download" in page
    assert "Who may write in this workspace uploads them" in (await ben.client.get(f"{AT}/files")).text
    for form in ("delete", "folder", "undo"):
        assert (await ben.submit(f"{AT}/files/{form}", path="a.txt", title="x", trash_id="0" * 16)).status_code == 403
    assert (await shown(ana, "a.txt")).status_code == 200


async def test_a_folder_is_deleted_after_its_count_and_size_were_said(
    site: Site, ana: Browser, alpha: Workspace
) -> None:
    for path in ("raw/a.csv", "raw/deep/b.csv", "raws"):
        put(site, alpha, path, b"x" * 1024)
    top = (await ana.client.get(f"{AT}/files")).text
    assert f'href="{AT}/files?discard=raw"' in top
    asked = (await ana.client.get(f"{AT}/files?discard=raw")).text
    assert "2 files, 2 KB, go into the trash" in asked
    assert 'id="delete-folder"' not in (await ana.client.get(f"{AT}/files?discard=none")).text
    gone = await ana.submit(f"{AT}/files/delete-folder", path="raw")
    assert gone.status_code == 303
    await settled(site)
    assert await names(site) == ["raws"]
    after = (await ana.client.get(gone.headers["location"])).text
    assert "The folder goes into the trash." in after
    undo = parse_qs(urlsplit(gone.headers["location"]).query)["undo"][0]
    back = await ana.submit(f"{AT}/files/undo", trash_id=undo)
    assert "folder-restored" in back.headers["location"]
    await settled(site)
    assert await names(site) == ["raw/", "raws"]
    refused = await ana.submit(f"{AT}/files/delete-folder", path="none")
    assert (refused.status_code, "There is no folder" in refused.text) == (404, True)


async def test_a_folder_on_its_way_is_told_and_its_list_looks_again(site: Site, ana: Browser, alpha: Workspace) -> None:
    put(site, alpha, "raw/a.csv")
    await asyncio.to_thread(until, lambda: site.parts.worker.sweeps, "the worker has begun, and waits to be woken")
    await settled(site)
    place = Place(user="ana", namespace="ana", name="alpha", path="raw")
    trashed_folders.discard(site.context, place)
    page = (await ana.client.get(f"{AT}/files")).text
    assert "The folder raw is on its way into the trash" in page
    assert "every 3s" in page
    trash_page = (await ana.client.get(f"{PREFIX}/trash")).text
    assert "on its way into the trash" in trash_page


async def test_a_reader_is_not_asked_whether_a_folder_shall_go(site: Site, alpha: Workspace) -> None:
    put(site, alpha, "raw/a.csv")
    members.put_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.READER)
    ben = await site.browser("ben")
    page = (await ben.client.get(f"{AT}/files?discard=raw")).text
    assert "Delete the folder" not in page
    assert (await ben.submit(f"{AT}/files/delete-folder", path="raw")).status_code == 403


async def test_rest_deletes_a_folder_by_its_slash_and_restores_it(site: Site, ana: Browser, alpha: Workspace) -> None:
    put(site, alpha, "raw/a.csv", b"123")
    async with site.person() as client:
        at = "workspaces/ana/alpha/files"
        told = await client.delete(f"{at}/raw/")
        assert (told.status_code, told.json()["files"], told.json()["size"]) == (202, 1, 3)
        assert told.json()["path"] == "raw/"
        await settled(site)
        assert await names(site) == []
        trash_id = told.json()["trash_id"]
        back = await client.post(f"trash/{trash_id}/restore", json={"name": "cooked"})
        assert back.json()["state"] == "restoring"
        await settled(site)
        assert await names(site) == ["cooked/"]
        for path, condition, status in (("none/", {}, 404), ("", {}, 422), ("cooked/", {"If-Match": '"1"'}, 400)):
            assert (await client.delete(f"{at}/{path}", headers=condition)).status_code == status


async def test_files_whose_names_are_none_are_counted_with_what_to_do(site: Site, tmp_path: Path) -> None:
    library = libraries.create_library(site.context, user="ana", name="Survey").library.id
    tree = tmp_path / "libraries" / library / "data/raw"
    touch(tree, b"\xff.csv", b"a\nb", "cafe\u0301".encode(), b"fine.csv")
    ana = await site.browser()
    at = f"{PREFIX}/workspaces/library/{library}/files"
    page = (await ana.client.get(at, params={"folder": "raw"})).text
    assert "3 files or folders in this folder cannot be shown" in page
    assert "fine.csv" in page
    assert "data-hidden" not in (await ana.client.get(at)).text
    async with site.person() as client:
        listed = (await client.get(f"workspaces/library/{library}/files", params={"folder": "raw"})).json()
    assert (listed["hidden"], [each["path"] for each in listed["items"]]) == (3, ["raw/fine.csv"])


def touch(folder: Path, *names: bytes) -> None:
    folder.mkdir()
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).touch()


async def settled(site: Site) -> None:
    """What the worker was woken for is done."""
    await asyncio.to_thread(until, lambda: not trashed_folders.under_way(site.context), "no folder is on its way")
    await site.parts.upkeep.folders.settled()


async def names(site: Site) -> list[str]:
    async with site.person() as ana:
        return [each["path"] for each in (await ana.get("workspaces/ana/alpha/files")).json()["items"]]
