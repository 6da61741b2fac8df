"""The history of a notebook over REST and on its page."""

from __future__ import annotations

import pytest

from saving_process import text_of
from tests.web.sites import API, PREFIX, Site
from tests.web.test_pages import Reader

AT = "workspaces/ana/alpha/notebooks/deep/a%20b.ipynb"
PAGE = f"{PREFIX}/{AT}/history"


async def written(site: Site, *words: str) -> None:
    site.workspace()
    async with site.person() as ana:
        condition = {"If-None-Match": "*"}
        for word in words:
            answer = await ana.put(AT, content=text_of(word), headers=condition)
            assert answer.status_code in (200, 201), answer.text
            condition = {"If-Match": answer.headers["etag"]}


@pytest.mark.feature("F10")
async def test_versions_are_listed_read_named_and_restored(site: Site) -> None:
    await written(site, "one", "two")
    async with site.person() as ana, site.person("ben") as ben:
        listed = (await ana.get(f"{AT}/versions")).json()
        newest, first = listed["items"]
        assert (newest["number"], newest["kind"], newest["author"], newest["is_present"]) == (2, "saved", "ana", True)
        assert (first["number"], first["kind"], first["is_present"]) == (1, "created", False)
        assert (listed["count"], listed["next"]) == (2, None)
        assert listed["size"] == len(text_of("one")) + len(text_of("two"))
        for which in ("1", first["version"]):
            read = await ana.get(f"{AT}/versions/{which}")
            assert (read.content, read.headers["etag"]) == (text_of("one"), f'"{first["version"]}"')
            assert read.headers["content-security-policy"] == "sandbox"
        named = await ana.patch(f"{AT}/versions/1", json={"name": "before the talk"})
        assert named.json()["name"] == "before the talk"
        restored = await ana.post(f"{AT}/versions/1/restore")
        assert restored.status_code == 200
        assert (await ana.get(AT)).content == text_of("one")
        assert (await ana.get(AT)).headers["etag"] == restored.headers["etag"]
        assert (await ana.get(f"{AT}/versions/9")).json()["error"]["code"] == "version-not-found"
        assert (await ben.get(f"{AT}/versions")).status_code == 404


async def test_an_environment_reads_the_history_of_its_own_workspace_alone(site: Site) -> None:
    await written(site, "one")
    ticket = site.running(site.workspace("ana", "beta"))
    assert ticket.key is not None
    async with site.environment(ticket.key) as inside:
        assert (await inside.get(f"{AT}/versions")).status_code in (403, 404)


@pytest.mark.feature("F8")
async def test_a_save_says_why_it_is_made(site: Site) -> None:
    await written(site, "one")
    async with site.person() as ana:
        for word, said in (("two", "merged"), ("three", "session-end"), ("four", "conflict"), ("five", "saved")):
            tag = (await ana.get(AT)).headers["etag"]
            answer = await ana.put(AT, content=text_of(word), headers={"If-Match": tag, "Save-Kind": said})
            assert answer.status_code == 200
        kinds = [each["kind"] for each in (await ana.get(f"{AT}/versions")).json()["items"]]
        assert kinds == ["saved", "saved", "session-end", "merged", "created"]  # a copy is kept by its first save alone
        copy = {"If-None-Match": "*", "Save-Kind": "conflict"}
        assert (await ana.put(f"{AT[:-6]}2.ipynb", content=text_of("two"), headers=copy)).status_code == 201
        listed = (await ana.get(f"{AT[:-6]}2.ipynb/versions")).json()["items"]
        assert [each["kind"] for each in listed] == ["conflict"]
        for word in ("restored", "external", "", "x" * 3000):
            answer = await ana.put(AT, content=text_of("six"), headers=copy | {"Save-Kind": word})
            assert answer.status_code == 400


async def test_a_save_id_of_another_kind_is_malformed(site: Site) -> None:
    await written(site, "one")
    async with site.person() as ana:
        headers = {"If-None-Match": "*", "Save-Id": "../x"}
        assert (await ana.put(AT, content=text_of("x"), headers=headers)).status_code == 400


@pytest.mark.slow
@pytest.mark.feature("F10")
async def test_the_page_shows_who_saved_what_when(site: Site) -> None:
    await written(site, "one", "two")
    browser = await site.browser()
    linked = [link["href"] for link in Reader((await browser.client.get(PAGE.removesuffix("/history"))).text).all("a")]
    assert PAGE in linked
    text = (await browser.client.get(PAGE)).text
    assert "History of deep/a b.ipynb" in text
    assert "2 versions take" in text
    links = [link.get("href") for link in Reader(text).all("a")]
    assert [link for link in links if f"{API}/" in (link or "")] == [f"{API}/{AT}/versions/{n}" for n in (2, 1)]
    assert text.count(">the present one<") == 1


@pytest.mark.slow
@pytest.mark.feature("F10")
async def test_a_version_is_restored_and_named_on_the_page(site: Site) -> None:
    await written(site, "one", "two")
    browser = await site.browser()
    named = await browser.submit(f"{PAGE}/name", version="1", called="<b>talk</b>")
    text = (await browser.client.get(named.headers["location"])).text
    assert "&lt;b&gt;talk&lt;/b&gt;" in text
    assert "<b>talk" not in text
    done = await browser.submit(f"{PAGE}/restore", version="1")
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?notice=restored")
    text = (await browser.client.get(done.headers["location"])).text
    assert "restored from an older one" in text
    for act in ("restore", "name"):
        missing = await browser.submit(f"{PAGE}/{act}", version="77")
        assert (missing.status_code, "no version" in missing.text) == (404, True)
        forged = await browser.client.post(f"{PAGE}/{act}", data={"version": "1"})
        assert forged.status_code == 403


@pytest.mark.slow
async def test_a_refused_restore_says_who_edits(site: Site) -> None:
    await written(site, "one", "two")
    async with site.person() as ana:
        ticket = site.running(site.workspace("ana", "beta"))
        assert ticket.key
        assert (await ana.post(f"{AT}/lease", json={"session": "mine"})).status_code == 200
        await ana.put("workspaces/ana/alpha/members/ben", json={"role": "writer"})
    browser = await site.browser("ben")
    answer = await browser.submit(f"{PAGE}/restore", version="1")
    assert answer.status_code == 423
    assert "ana" in answer.text


async def test_an_address_that_is_no_notebooks_has_no_history(site: Site) -> None:
    site.workspace()
    browser = await site.browser()
    for tail in ("nothing.ipynb", "..%2Fx.ipynb", "a.txt"):
        assert (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha/notebooks/{tail}/history")).status_code == 404
