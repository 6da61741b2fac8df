"""Versions compared and merged over HTTP, and the pages that show them."""

from __future__ import annotations

import re

import httpx
import pytest

from notebooks_made import code, made, words
from terraspawner.preview.page import HEADERS
from tests.web.sites import PREFIX, Site
from tests.web.test_pages import Reader

pytestmark = pytest.mark.slow  # the worker takes a second to load
AT = "workspaces/ana/alpha/notebooks/a.ipynb"
PAGE = f"{PREFIX}/{AT}/history"
FIRST, SECOND = (made(words("# Title"), code(source)) for source in ("x = 1", "x = 2"))


async def written(ana: httpx.AsyncClient, *bodies: bytes) -> list[str]:
    """The versions as the service called them."""
    tags: list[str] = []
    for body in bodies:
        condition = {"If-Match": tags[-1]} if tags else {"If-None-Match": "*"}
        answer = await ana.put(AT, content=body, headers=condition)
        assert answer.status_code in (200, 201), answer.text
        tags.append(answer.headers["etag"])
    return [tag.strip('"') for tag in tags]


@pytest.mark.feature("F8", "F10")
async def test_two_versions_are_compared_in_a_document_that_runs_nothing(site: Site) -> None:
    site.workspace()
    async with site.person() as ana, site.person("ben") as ben:
        first, second = await written(ana, FIRST, SECOND)
        for query in ({"from": first, "to": second}, {"from": "1"}, {"from": "1", "to": "2", "theme": "dark"}):
            answer = await ana.get(f"{AT}/diff", params=query)
            assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
            assert "<del" in answer.text
            assert "x = 1" in answer.text
        missing = await ana.get(f"{AT}/diff", params={"from": "7"})
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "version-not-found")
        assert (await ana.get(f"{AT}/diff")).status_code == 400
        assert (await ben.get(f"{AT}/diff", params={"from": "1"})).status_code == 404


@pytest.mark.feature("F8", "F13")
async def test_who_was_overtaken_merges_and_saves_what_came_out(site: Site) -> None:
    site.workspace()
    mine = FIRST.replace(b"# Title", b"# My title")
    async with site.person() as ana:
        base, theirs = await written(ana, FIRST, SECOND)
        late = await ana.put(AT, content=mine, headers={"If-Match": f'"{base}"'})
        assert late.json()["error"]["details"]["version"] == theirs
        merged = (await ana.put(f"{AT}/merge", params={"base": base, "theirs": theirs}, content=mine)).json()
        assert (merged["conflicts"], merged["base"], merged["theirs"]) == ([], base, theirs)
        assert (await ana.get(AT)).content == SECOND  # nothing was stored
        done = await ana.put(AT, content=merged["notebook"].encode(), headers={"If-Match": f'"{merged["theirs"]}"'})
        assert done.status_code == 200
        text = (await ana.get(AT)).text
        assert "# My title" in text
        assert "x = 2" in text


@pytest.mark.feature("F8")
async def test_what_is_sent_is_compared_with_a_version_and_stored_nowhere(site: Site) -> None:
    site.workspace()
    async with site.person() as ana, site.person("ben") as ben:
        first, _ = await written(ana, FIRST, SECOND)
        hostile = FIRST.replace(b"# Title", b"<script>document.title = 1</script><img src=x onerror=alert(1)>")
        answer = await ana.put(f"{AT}/diff", params={"from": first, "theme": "dark"}, content=hostile)
        assert answer.status_code == 200
        assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
        assert "nbp-added" in answer.text
        assert "<script>" not in answer.text
        assert "<img" not in answer.text
        for query, body, status in (({"from": first}, b"[]", 422), ({"from": "9"}, FIRST, 404), ({}, FIRST, 400)):
            assert (await ana.put(f"{AT}/diff", params=query, content=body)).status_code == status
        assert (await ben.put(f"{AT}/diff", params={"from": "1"}, content=FIRST)).status_code == 404
        assert (await ana.get(AT)).content == SECOND


async def test_a_merge_of_no_notebook_or_from_nowhere_is_refused(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        (first,) = await written(ana, FIRST)
        for query, body, status in (({"base": first}, b"[]", 422), ({"base": "9"}, FIRST, 404), ({}, FIRST, 400)):
            assert (await ana.put(f"{AT}/merge", params=query, content=body)).status_code == status


@pytest.mark.feature("F10")
async def test_the_pages_show_a_version_and_its_changes_in_frames(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await written(ana, FIRST, SECOND)
    browser = await site.browser()
    links = [link.get("href") for link in Reader((await browser.client.get(PAGE)).text).all("a")]
    assert {f"{PAGE}/2", f"{PAGE}/1", f"{PAGE}/2/changes"} <= set(links)
    assert f"{PAGE}/1/changes" not in links
    for page, inside in ((f"{PAGE}/1", "x = 1"), (f"{PAGE}/2/changes", "<ins"), (f"{PAGE}/2/changes?since=1", "<del")):
        answer = await browser.client.get(page)
        (frame,) = Reader(answer.text).all("iframe")
        assert "allow-scripts" not in (frame["sandbox"] or "")
        assert "frame-src 'self'" in answer.headers["content-security-policy"]
        shown = await browser.client.get(frame["src"] or "")
        assert inside in re.sub(r"<span[^>]*>|</span>", "", shown.text)
        assert shown.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


async def test_a_page_of_what_is_not_there_says_so(site: Site) -> None:
    site.workspace()
    async with site.person() as ana:
        await written(ana, FIRST)
    browser = await site.browser()
    for page in (f"{PAGE}/9", f"{PAGE}/1/changes", f"{PAGE}/1/changes?since=9", f"{PAGE}/9/frame"):
        answer = await browser.client.get(page)
        assert answer.status_code == 404
        assert "version" in answer.text
