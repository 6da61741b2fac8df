"""Pages: the drive, a library, and a workspace whose people work on their drives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from terraspawner.domain.library import Access
from terraspawner.operations import groups, libraries, notebooks, workspaces
from terraspawner.operations.notebooks import Place
from tests.web.sites import PREFIX, Site

pytestmark = pytest.mark.feature("H3", "H4")


def a_library(site: Site, name: str = "Survey", user: str = "ana") -> str:
    return libraries.create_library(site.context, user=user, name=name).library.id


def share(site: Site, library_id: str, who: str = "ben", access: Access = Access.READ) -> None:
    libraries.share(site.context, actor="ana", library_id=library_id, who=who, access=access)


def a_notebook(site: Site, library_id: str, path: str = "deep/first") -> None:
    notebooks.create_notebook(
        site.context, Place(user="ana", namespace="library", name=library_id, path=path), "python3"
    )


def page_of(library_id: str) -> str:
    return f"{PREFIX}/workspaces/library/{library_id}"


def shelves(page: str) -> dict[str, list[str]]:
    """Heading -> names of libraries below it."""
    sections = re.findall(r'<h2 class="h4" id="folder-\w+">([^<]+)</h2>(.*?)</section>', page, re.DOTALL)
    return {heading: re.findall(r"</i>([^<]+)</a>", inside) for heading, inside in sections}


async def test_the_drive_has_four_headings_and_what_lies_under_each(site: Site) -> None:
    groups.set_managed(site.context, user="ben", names=["lab"])
    for name, way in (("One", "ben"), ("Two", "group:lab"), ("Three", "all")):
        share(site, a_library(site, name), way)
    a_library(site, "Mine", "ben")
    browser = await site.browser("ben")
    page = (await browser.client.get(f"{PREFIX}/drive")).text
    assert shelves(page) == {
        "My Libraries": ["Mine"],
        "Shared with me": ["One (ana)"],
        "Shared with groups": ["Two (ana)"],
        "Shared with all": ["Three (ana)"],
    }
    assert 'aria-current="page">Drive' in page


async def test_a_heading_without_libraries_says_nothing_that_those_above_belie(site: Site) -> None:
    share(site, a_library(site), "all")
    page = (await (await site.browser("ana")).client.get(f"{PREFIX}/drive")).text
    assert shelves(page)["My Libraries"] == ["Survey"]
    assert "Nothing else is shared with everybody." in page


async def test_a_library_is_made_shared_renamed_handed_on_and_deleted_by_forms(site: Site) -> None:
    browser = await site.browser("ana")
    made = await browser.submit(f"{PREFIX}/drive", name="Survey")
    assert made.status_code == 303
    library_id = made.headers["location"].rpartition("/")[2]
    own = f"{PREFIX}/drive/{library_id}"
    assert (await browser.submit(f"{own}/shares", who="ben", access="write")).status_code == 303
    assert (await browser.submit(f"{own}/shares", who="all", access="read")).status_code == 303
    page = (await browser.client.get(page_of(library_id))).text
    assert re.findall(r'data-member="([^"]+)"', page) == ["ben", "all"]
    assert "shared with 1 person, everybody" in (await browser.client.get(f"{PREFIX}/drive")).text
    assert (await browser.submit(f"{own}/shares/remove", who="all")).status_code == 303
    assert (await browser.submit(f"{own}/rename", name="Survey of May")).status_code == 303
    assert (await browser.submit(f"{own}/transfer", to="ben")).status_code == 303
    assert "library of ben, you may write" in (await browser.client.get(page_of(library_id))).text
    assert (await browser.submit(f"{own}/leave")).headers["location"] == f"{PREFIX}/drive"
    assert (await browser.client.get(page_of(library_id))).status_code == 404
    ben = await site.browser("ben")
    assert (await ben.submit(f"{own}/delete")).status_code == 303
    trash = (await ben.client.get(f"{PREFIX}/trash")).text
    assert "Survey of May" in trash
    assert ">library</span>" in trash


@pytest.mark.parametrize(
    ("form", "fields", "status", "said"),
    [
        ("/rename", {"name": "a/b"}, 422, "a library is one folder"),
        ("/rename", {"name": "Other"}, 409, "ana has a library &#39;Other&#39; already"),
        ("/transfer", {"to": "nobody"}, 404, "There is no account &#39;nobody&#39;"),
        ("/shares", {"who": "nobody", "access": "read"}, 404, "There is no account &#39;nobody&#39;"),
        ("/shares", {"who": "ben", "access": "own"}, 422, "read or write"),
        ("/shares/remove", {"who": "ben"}, 404, "is not shared with &#39;ben&#39;"),
    ],
)
async def test_a_refusal_stands_on_the_librarys_page(
    site: Site, form: str, fields: dict[str, str], status: int, said: str
) -> None:
    library_id = a_library(site)
    a_library(site, "Other")
    browser = await site.browser("ana")
    answer = await browser.submit(f"{PREFIX}/drive/{library_id}{form}", **fields)
    assert answer.status_code == status
    assert said in answer.text
    assert '<h2 class="h4" id="shares-heading">' in answer.text
    if form == "/shares":
        assert answer.text.index('id="who"') < answer.text.index('id="shares-error"'), "beside its field"
    kept = await browser.client.get(f"{PREFIX}/drive/{library_id}{form.removesuffix('/remove')}")
    assert kept.headers["location"] == page_of(library_id)


async def test_an_address_of_no_form_is_none(site: Site) -> None:
    browser = await site.browser("ana")
    answer = await browser.client.get(f"{PREFIX}/drive/{a_library(site)}/nothing")
    assert (answer.status_code, "There is no page at this address" in answer.text) == (404, True)


async def test_a_name_that_cannot_be_is_refused_beside_its_field(site: Site) -> None:
    browser = await site.browser("ana")
    answer = await browser.submit(f"{PREFIX}/drive", name="<b>")
    assert answer.status_code == 422
    assert "contains &#39;&lt;&#39;" in answer.text
    assert 'value="&lt;b&gt;"' in answer.text


async def test_readers_see_no_forms_and_others_see_nothing(site: Site) -> None:
    library_id = a_library(site)
    a_notebook(site, library_id)
    browser = await site.browser("ben")
    assert (await browser.client.get(page_of(library_id))).status_code == 404
    for form in ("rename", "transfer", "delete", "shares", "shares/remove", "leave"):
        assert (await browser.submit(f"{PREFIX}/drive/{library_id}/{form}", name="x", to="ben")).status_code == 404
    share(site, library_id)
    page = (await browser.client.get(page_of(library_id))).text
    assert "library of ana, read only" in page
    for words in ("share-form", "rename-library-dialog", "create-notebook-form", 'data-member="'):
        assert words not in page
    assert "leave-library-dialog" in page
    assert "Who may write in this library" in (await browser.client.get(f"{page_of(library_id)}/files")).text
    for form in ("rename", "transfer", "delete", "shares", "shares/remove"):
        answer = await browser.submit(
            f"{PREFIX}/drive/{library_id}/{form}", name="x", to="ben", who="operator", access="read"
        )
        assert answer.status_code == 403


async def test_a_librarys_notebooks_have_their_list_preview_and_history(site: Site) -> None:
    library_id = a_library(site)
    browser = await site.browser("ana")
    created = await browser.submit(f"{page_of(library_id)}/notebooks", title="first", folder="deep")
    assert created.status_code == 303
    page = (await browser.client.get(f"{page_of(library_id)}?folder=deep")).text
    assert "first.ipynb" in page
    one = f"{page_of(library_id)}/notebooks/deep/first.ipynb"
    for at in (one, f"{one}/frame", f"{one}/history"):
        assert (await browser.client.get(at)).status_code == 200
    assert f'<a href="{PREFIX}/drive">Drive</a>' in (await browser.client.get(one)).text
    deleted = await browser.submit(f"{page_of(library_id)}/notebooks/delete", path="deep/first.ipynb")
    assert deleted.headers["location"].startswith(page_of(library_id))
    refused = await browser.submit(f"{page_of(library_id)}/notebooks", title="a:b")
    assert (refused.status_code, "your library" in refused.text) == (422, True)


async def test_of_a_list_with_folders_alone_it_is_not_said_that_there_are_no_notebooks(site: Site) -> None:
    library_id = a_library(site)
    a_notebook(site, library_id)
    page = (await (await site.browser("ana")).client.get(page_of(library_id))).text
    assert "<span>1 folder, by</span>" in page
    assert "0 notebooks" not in page


async def test_a_notebook_is_copied_between_workspaces_and_libraries(site: Site) -> None:
    mine, hers = a_library(site, "Mine", "ben"), a_library(site)
    a_notebook(site, hers)
    share(site, hers)
    site.workspace("ben")
    workspaces.create_workspace(site.context, user="ben", namespace="ben", name="desk", storage="drive")
    browser = await site.browser("ben")
    page = (await browser.client.get(f"{page_of(hers)}/notebooks/deep/first.ipynb")).text
    offered = re.findall(r'<option value="([^"]+/[^"]+)"', page)
    assert offered == ["ben/alpha", f"library/{mine}"]
    copied = await browser.submit(
        f"{page_of(hers)}/notebooks/copy", path="deep/first.ipynb", to="copy", workspace=f"library/{mine}"
    )
    assert copied.headers["location"] == f"{page_of(mine)}/notebooks/copy.ipynb"
    for target, status in ((f"library/{hers}", 403), ("ben/desk", 422), (f"library/{'0' * 16}", 404)):
        form = {"path": "deep/first.ipynb", "to": "x", "workspace": target}
        assert (await browser.submit(f"{page_of(hers)}/notebooks/copy", **form)).status_code == status


@pytest.mark.feature("B4")
async def test_a_drive_workspace_is_chosen_at_its_creation_and_says_what_stays(site: Site) -> None:
    library_id = a_library(site)
    a_notebook(site, library_id)
    browser = await site.browser("ana")
    first = (await browser.client.get(f"{PREFIX}/")).text
    assert "After 12 h without interaction its environment is stopped and destroyed" in first
    made = await browser.submit(f"{PREFIX}/workspaces", namespace="ana", name="desk", storage="drive")
    page = (await browser.client.get(made.headers["location"])).text
    assert re.findall(r'data-library="(\w+)"', page) == [library_id]
    assert f"{page_of(library_id)}/notebooks/deep/first.ipynb" in page
    assert f"{PREFIX}/open/ana/desk/notebooks/Survey/deep/first.ipynb" in page
    assert "after 12 h without interaction the environment is destroyed" in page
    assert "create-notebook-form" not in page
    refused = await browser.submit(f"{PREFIX}/workspaces", namespace="ana", name="x", storage="floppy")
    assert (refused.status_code, "&#39;bucket&#39; or &#39;drive&#39;" in refused.text) == (422, True)


async def test_a_library_that_cannot_be_read_is_not_shown_as_an_empty_one(site: Site, tmp_path: Path) -> None:
    library_id = a_library(site)
    a_notebook(site, library_id)
    workspaces.create_workspace(site.context, user="ana", namespace="ana", name="desk", storage="drive")
    (tmp_path / "libraries").rename(tmp_path / "elsewhere")
    browser = await site.browser("ana")
    for address in (f"{PREFIX}/workspaces/ana/desk", page_of(library_id)):
        page = await browser.client.get(address)
        assert page.status_code == 200
        assert "No notebooks yet" not in page.text
        assert "cannot be" in page.text


@pytest.mark.feature("B4")
async def test_a_drive_workspace_has_no_notebooks_of_its_own(site: Site) -> None:
    workspaces.create_workspace(site.context, user="ana", namespace="ana", name="desk", storage="drive")
    async with site.person("ana") as ana:
        created = await ana.post("workspaces", json={"namespace": "ana", "name": "table", "storage": "drive"})
        assert (created.status_code, created.json()["storage"]) == (201, "drive")
        assert (await ana.get("workspaces/ana/desk/notebooks")).json()["items"] == []
        created = await ana.post("workspaces/ana/desk/notebooks", json={"name": "a"})
        assert created.status_code == 422
        assert "they are in libraries" in created.json()["error"]["message"]
