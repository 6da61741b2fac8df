"""Pages: the list of notebooks with its folders, and the forms that rename, copy, delete and have back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import cast

import httpx
import pytest

import builders
from notebooks_made import made, words
from terraspawner.domain.access import Role
from terraspawner.operations import members, notebooks, workspaces
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import Bucket
from terraspawner.storage.errors import BucketUnavailable
from terraspawner.web import notebook_lists
from tests.web.sites import API, PREFIX, Browser, Site

pytestmark = pytest.mark.slow
PAGE = f"{PREFIX}/workspaces/ana/alpha"
BODY = made(words("# hello"))


@pytest.fixture
async def ana(site: Site) -> AsyncIterator[Browser]:
    """In a workspace with notebooks in three places; she has another one, and ben a third."""
    site.workspace()
    site.workspace(name="beta")
    site.workspace("ben", "gamma")
    for path in ("top.ipynb", "deep/one.ipynb", "deep/er/two.ipynb"):
        put(site, path)
    browser = await site.browser()
    yield browser
    await browser.client.aclose()


def put(site: Site, path: str) -> None:
    place = Place(user="ana", namespace="ana", name="alpha", path=path)
    notebooks.save_notebook(site.context, place, BODY, None)


def shown(answer: httpx.Response) -> list[str]:
    """Names of the notebooks in the list, as their links lead to them."""
    return re.findall(rf'href="{PAGE}/notebooks/([^"/]+(?:/[^"/]+)*\.ipynb)" aria-label', answer.text)


@pytest.mark.feature("E2")
async def test_a_folder_shows_what_lies_in_it_and_leads_up_and_down(ana: Browser) -> None:
    top = await ana.client.get(PAGE)
    assert shown(top) == ["top.ipynb"]
    assert f'href="{PAGE}?folder=deep"' in top.text
    assert "folder with 2 notebooks" in top.text
    assert "<span>1 folder, 1 notebook, by</span>" in top.text
    deep = await ana.client.get(f"{PAGE}?folder=deep")
    assert shown(deep) == ["deep/one.ipynb"]
    assert f'href="{PAGE}?folder=deep%2Fer"' in deep.text
    deeper = await ana.client.get(f"{PAGE}?folder=deep/er")
    assert f'href="{PAGE}?folder=deep">deep</a>' in deeper.text
    assert '<span aria-current="page">er</span>' in deeper.text
    assert "Create a notebook in deep/er" in deeper.text


@pytest.mark.feature("E2")
async def test_a_search_goes_through_all_folders_and_orders_are_kept(ana: Browser) -> None:
    assert shown(await ana.client.get(f"{PAGE}?q=deep")) == ["deep/er/two.ipynb", "deep/one.ipynb"]
    back = await ana.client.get(f"{PAGE}?q=e&sort=-name")
    assert shown(back) == ["deep/one.ipynb", "deep/er/two.ipynb"]
    assert f'href="{PAGE}?q=e&amp;sort=size"' in back.text or f'href="{PAGE}?q=e&amp;sort=-size"' in back.text
    nothing = await ana.client.get(f"{PAGE}?q=<b>")
    assert "No notebook here has “&lt;b&gt;” in its name." in nothing.text
    for odd in ("sort=x", "cursor=x", "folder=../..", "folder=%00", f"q={'x' * 5000}"):
        assert (await ana.client.get(f"{PAGE}?{odd}")).status_code == 200


class BucketThatIsAway:
    """Whatever it is asked, its store does not answer."""

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def refuse(*_: object, **__: object) -> object:
            raise BucketUnavailable("The store does not answer.")

        return refuse


@pytest.mark.feature("H1")
async def test_while_the_bucket_is_away_the_page_has_everything_but_the_list(ana: Browser, site: Site) -> None:
    bucket = site.context.bucket
    assert isinstance(bucket, builders.MemoryBuckets)
    (workspace_id,) = [
        each.workspace.id for each in workspaces.list_workspaces(site.context, "ana") if each.workspace.name == "alpha"
    ]
    bucket.made[workspace_id] = cast("Bucket", BucketThatIsAway())
    page = await ana.client.get(PAGE)
    assert page.status_code == 200
    assert 'id="bucket-away"' in page.text
    assert "The store does not answer." in page.text
    assert 'id="environment"' in page.text
    assert "No notebooks yet" not in page.text
    alone = await ana.client.get(f"{PAGE}/notebooks", headers={"HX-Request": "true"})
    assert (alone.status_code, "The store does not answer." in alone.text) == (200, True)


async def test_the_list_comes_alone_for_htmx_and_in_pages(
    ana: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = await ana.client.get(f"{PAGE}/notebooks?folder=deep", headers={"HX-Request": "true"})
    assert shown(alone) == ["deep/one.ipynb"]
    assert alone.text.strip().startswith('<div id="notebooks"')
    whole = await ana.client.get(f"{PAGE}/notebooks?folder=deep&q=x")
    assert (whole.status_code, whole.headers["location"]) == (303, f"{PAGE}?folder=deep&q=x")
    monkeypatch.setattr(notebook_lists, "ON_A_PAGE", 2)
    first = await ana.client.get(f"{PAGE}?q=ipynb")
    (following,) = re.findall(r'href="([^"]+)">Next page', first.text)
    second = await ana.client.get(following.replace("&amp;", "&"))
    assert [*shown(first), *shown(second)] == ["deep/er/two.ipynb", "deep/one.ipynb", "top.ipynb"]
    assert "First page" in second.text


@pytest.mark.feature("E3")
async def test_rename_copy_delete_and_undo_by_forms(ana: Browser, site: Site) -> None:
    renamed = await ana.submit(f"{PAGE}/notebooks/rename", path="top.ipynb", to="deep/moved")
    assert renamed.headers["location"] == f"{PAGE}?folder=deep&notice=notebook-renamed"
    there = await ana.submit(f"{PAGE}/notebooks/rename", path="deep/moved.ipynb", to="x/y", back="page")
    assert there.headers["location"] == f"{PAGE}/notebooks/x/y.ipynb"
    copied = await ana.submit(f"{PAGE}/notebooks/copy", path="x/y.ipynb", to="z", workspace="ana/beta")
    assert copied.headers["location"] == f"{PREFIX}/workspaces/ana/beta/notebooks/z.ipynb"
    deleted = await ana.submit(f"{PAGE}/notebooks/delete", path="x/y.ipynb")
    after = await ana.client.get(deleted.headers["location"])
    (undo,) = re.findall(r'name="trash_id" value="([0-9a-f]{16})"', after.text)
    back = await ana.submit(f"{PAGE}/notebooks/undo", trash_id=undo)
    assert "The notebook is back." in (await ana.client.get(back.headers["location"])).text
    assert shown(await ana.client.get(f"{PAGE}?folder=x")) == ["x/y.ipynb"]


@pytest.mark.parametrize(
    ("form", "fields", "status", "says"),
    [
        ("rename", {"path": "top.ipynb", "to": "deep/one"}, 409, "There is a notebook"),
        ("rename", {"path": "gone.ipynb", "to": "x"}, 404, "gone.ipynb"),
        ("rename", {"path": "top.ipynb", "to": "../x"}, 422, "&#39;..&#39;"),
        ("copy", {"path": "top.ipynb", "to": "top"}, 409, "There is a notebook"),
        ("copy", {"path": "top.ipynb", "to": "x", "workspace": "ben/gamma"}, 404, "no workspace ben/gamma"),
        ("copy", {"path": "top.ipynb", "to": "x", "workspace": "ben/nothing"}, 404, "no workspace ben/nothing"),
        ("copy", {"path": "top.ipynb", "to": "x", "workspace": "<b>"}, 404, "&lt;b&gt;"),
        ("copy", {"path": "top.ipynb", "to": "", "workspace": "ana/beta"}, 422, "is empty"),
        ("delete", {"path": "../top.ipynb"}, 422, "&#39;..&#39;"),
        ("undo", {"trash_id": "0" * 16}, 409, "trash"),
        ("undo", {"trash_id": "' or 1"}, 409, "trash"),
    ],
)
async def test_a_refusal_is_a_sentence_on_the_page_and_nothing_is_changed(
    ana: Browser, form: str, fields: dict[str, str], status: int, says: str
) -> None:
    before = (await ana.client.get(f"{API}/workspaces/ana/alpha/notebooks")).json()
    refused = await ana.submit(f"{PAGE}/notebooks/{form}", **fields)
    assert refused.status_code == status
    assert says in refused.text
    assert 'role="alert"' in refused.text
    assert (await ana.client.get(f"{API}/workspaces/ana/alpha/notebooks")).json() == before


async def test_a_reader_reads_downloads_and_copies_and_is_offered_nothing_else(ana: Browser, site: Site) -> None:
    members.put_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.READER)
    ben = await site.browser("ben")
    text = (await ben.client.get(f"{PAGE}/notebooks/top.ipynb")).text
    assert "You are reader here" in text
    for word in (">Edit<", "Rename…", "Delete…", "rename-notebook-dialog"):
        assert word not in text
    assert re.findall(r'<option value="([^"]+)"', text) == ["ben/gamma"]
    copied = await ben.submit(f"{PAGE}/notebooks/copy", path="top.ipynb", to="mine", workspace="ben/gamma")
    assert copied.headers["location"] == f"{PREFIX}/workspaces/ben/gamma/notebooks/mine.ipynb"
    refused = await ben.submit(f"{PAGE}/notebooks/copy", path="top.ipynb", to="mine", workspace="ana/alpha")
    assert refused.status_code == 403
    assert 'id="upload"' not in (await ben.client.get(PAGE)).text


@pytest.mark.feature("E2", "E3")
async def test_rest_lists_by_folder_in_pages_and_copies(site: Site, ana: Browser) -> None:
    async with site.person() as program:
        here = "workspaces/ana/alpha/notebooks"
        top = (await program.get(here, params={"folder": ""})).json()
        assert [each["path"] for each in top["items"]] == ["top.ipynb"]
        assert [(each["path"], each["count"]) for each in top["folders"]] == [("deep", 2)]
        first = (await program.get(here, params={"limit": 2})).json()
        rest = (await program.get(here, params={"limit": 2, "cursor": first["next"]})).json()
        paths = [each["path"] for each in [*first["items"], *rest["items"]]]
        assert (paths, rest["next"], first["total"]) == (["deep/er/two.ipynb", "deep/one.ipynb", "top.ipynb"], None, 3)
        assert (await program.get(here, params={"cursor": "x"})).status_code == 422
        assert (await program.get(here, params={"limit": 0})).status_code == 400
        assert (await program.get(here, params={"sort": "colour"})).status_code == 400
        made = await program.post(f"{here}/top.ipynb/copy", json={"to": "deep/copy", "workspace": "ana/beta"})
        assert (made.status_code, made.json()["path"]) == (201, "deep/copy.ipynb")
        assert made.headers["etag"] == f'"{made.json()["version"]}"'
        assert (await program.post(f"{here}/top.ipynb/copy", json={"to": "top"})).status_code == 409
        assert (await program.post(f"{here}/top.ipynb/copy", json={"to": "x", "workspace": "ana"})).status_code == 400
        hidden = await program.post(f"{here}/top.ipynb/copy", json={"to": "x", "workspace": "ben/gamma"})
        assert (hidden.status_code, hidden.json()["error"]["code"]) == (404, "workspace-not-found")
        read = await program.get(f"{here}/deep/er/two.ipynb")
        assert read.headers["content-disposition"] == "attachment; filename*=UTF-8''two.ipynb"
