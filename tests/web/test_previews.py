"""Previews over HTTP: the document, its policy, its cache, and what a hostile notebook can do to the service."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

import hostile_html
from notebooks_made import code, made, said, shown, words
from terraspawner.errors import Unavailable
from terraspawner.preview.errors import NotebookUnreadable, TooManyPreviews
from terraspawner.preview.page import HEADERS
from terraspawner.preview.renderer import Bounds, Renderer
from terraspawner.preview.shelf import Shelf
from terraspawner.storage.base import ABSENT, Bucket
from tests.web.sites import PREFIX, Site

pytestmark = pytest.mark.slow  # its worker takes a second to load
HERE = "workspaces/ana/alpha/notebooks"
PAGES = f"{PREFIX}/workspaces/ana/alpha/notebooks"
CREATE = {"If-None-Match": "*"}
PLAIN = made(words("# A title"), code("x = 1", said("done")), kernelspec={"name": "python3"})


@pytest.fixture
async def ana(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    site.workspace()
    async with site.person() as client:
        yield client


async def put(ana: httpx.AsyncClient, body: bytes, path: str = "a.ipynb", **headers: str) -> httpx.Response:
    answer = await ana.put(f"{HERE}/{path}", content=body, headers=headers or CREATE)
    assert answer.status_code in (200, 201), answer.text
    return answer


def bucket_of(site: Site) -> Bucket:
    (only,) = site.context.bucket.made.values()  # type: ignore[attr-defined]
    return only  # type: ignore[no-any-return]


@pytest.mark.feature("E4")
async def test_a_preview_is_a_document_that_runs_nothing_and_fetches_nothing(ana: httpx.AsyncClient) -> None:
    await put(ana, PLAIN, "deep/a.ipynb")
    answer = await ana.get(f"{HERE}/deep/a.ipynb/preview")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
    assert '<h1 id="nb-A-title">A title</h1>' in answer.text
    assert "done" in answer.text
    assert "<script" not in answer.text


async def test_a_preview_follows_the_content_and_is_sent_once(ana: httpx.AsyncClient, site: Site) -> None:
    saved = await put(ana, PLAIN)
    first = await ana.get(f"{HERE}/a.ipynb/preview")
    again = await ana.get(f"{HERE}/a.ipynb/preview", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert '<html lang="en" data-theme="dark">' in (await ana.get(f"{HERE}/a.ipynb/preview?theme=dark")).text
    site.parts.renderer.close()
    await put(ana, PLAIN, "twin.ipynb")
    await ana.get(f"{HERE}/twin.ipynb/preview")
    assert site.parts.renderer._process is None  # the same bytes under another name are not taken apart again
    await put(ana, made(words("# Another")), **{"If-Match": saved.headers["etag"]})
    changed = await ana.get(f"{HERE}/a.ipynb/preview", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert "Another" in changed.text


async def test_who_may_not_know_of_the_workspace_hears_of_no_preview(site: Site, ana: httpx.AsyncClient) -> None:
    await put(ana, PLAIN)
    await ana.get(f"{HERE}/a.ipynb/preview")
    async with site.person("ben") as ben:
        for path in ("a.ipynb", "none.ipynb"):
            assert (await ben.get(f"{HERE}/{path}/preview")).status_code == 404
            assert (await ben.get(f"http://terra.test{PAGES}/{path}/frame")).status_code == 404
    assert (await ana.get(f"{HERE}/none.ipynb/preview")).json()["error"]["code"] == "notebook-not-found"


async def test_a_broken_notebook_is_a_sentence_for_programs_and_people(ana: httpx.AsyncClient, site: Site) -> None:
    at = bucket_of(site)
    at.write("notebooks/a.ipynb", b'{"cells": [', ABSENT)
    refused = await ana.get(f"{HERE}/a.ipynb/preview")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "notebook-unreadable")
    browser = await site.browser()
    framed = await browser.client.get(f"{PAGES}/a.ipynb/frame")
    assert framed.status_code == 422
    assert refused.json()["error"]["message"] in framed.text
    assert framed.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert "No preview" in framed.text


async def test_a_notebook_larger_than_the_limit_is_not_even_read(ana: httpx.AsyncClient, site: Site) -> None:
    at = bucket_of(site)
    at.write("notebooks/a.ipynb", b" " * (site.context.settings.notebook_limit + 1), ABSENT)
    at.read = None  # type: ignore[assignment,method-assign]
    refused = await ana.get(f"{HERE}/a.ipynb/preview")
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "notebook-too-large")


async def test_the_page_shows_the_preview_in_a_frame_without_rights(ana: httpx.AsyncClient, site: Site) -> None:
    await put(ana, PLAIN, "deep/a b.ipynb")
    browser = await site.browser()
    answer = await browser.client.get(f"{PAGES}/deep/a b.ipynb")
    assert "frame-src 'self'" in answer.headers["content-security-policy"]
    assert f'src="{PAGES}/deep/a%20b.ipynb/frame" sandbox="allow-popups allow-popups-to-escape-sandbox"' in answer.text
    assert f'href="{PREFIX}/open/ana/alpha/notebooks/deep/a%20b.ipynb">Edit' in answer.text
    assert "Python 3" in answer.text
    framed = await browser.client.get(f"{PAGES}/deep/a%20b.ipynb/frame")
    assert "A title" in framed.text
    assert (
        f'href="{PAGES}/deep/a%20b.ipynb">deep/a b.ipynb'
        in (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha")).text
        or "a b.ipynb" in framed.text
    )
    assert (await browser.client.get(f"{PAGES}/..%2f..%2fx.ipynb")).status_code == 404
    assert (await browser.client.get(f"{PAGES}/gone.ipynb")).status_code == 404


# --- the worker ---


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    made_here = Renderer()
    yield made_here
    made_here.close()


async def test_each_notebook_is_alone_without_files_connections_and_secrets(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERRA_SERVICE_TOKEN", "planted")
    await renderer.render("ana", PLAIN)
    process = renderer._process
    assert process is not None
    with open(f"/proc/{process.pid}/environ", "rb") as file:  # noqa: ASYNC230, PTH123 - a file of the kernel's
        assert b"planted" not in file.read()
    attack = made(words("x"), *[code("", shown(text_html=each)) for each in hostile_html.FRAGMENTS.values()])
    assert b"<script" not in await renderer.render("ana", attack)


async def test_bounds_hold_for_the_process_that_takes_a_notebook_apart() -> None:
    probe = (
        "import socket, sys; from terraspawner.preview import worker; worker.bound()\n"
        "import os\n"
        "for what in (lambda: open('/etc/hostname'), socket.socket, lambda: os.pipe()):\n"
        "    try: what()\n"
        "    except OSError as error: print(error.errno)\n"
        "try: b' ' * (2 * worker.MEMORY)\n"
        "except MemoryError: print('memory')\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", probe, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.split() == [b"24", b"24", b"24", b"memory"]


async def test_a_child_that_dies_is_a_sentence_and_the_next_notebook_is_shown(renderer: Renderer) -> None:
    monster = b'{"nbformat": 4, "cells": [{"cell_type": "code", "outputs": [{"output_type": "stream", "text": "'
    with pytest.raises(NotebookUnreadable):
        await renderer.render("ana", monster)
    renderer.start()
    assert renderer._process is not None
    renderer._process.kill()
    renderer._process.wait()
    assert b"A title" in await renderer.render("ana", PLAIN)


async def test_what_takes_too_long_ends() -> None:
    hasty = Renderer(Bounds(seconds=0))
    with pytest.raises(NotebookUnreadable, match="takes more time or memory"):
        await hasty.render("ana", PLAIN)
    hasty.close()


async def test_nobody_keeps_the_others_from_their_previews() -> None:
    few = Renderer(Bounds(waiting=3))
    asked = [asyncio.create_task(few.render("ana", PLAIN)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyPreviews):
        await few.render("ana", PLAIN)
    assert b"A title" in await few.render("ben", PLAIN)
    assert len(await asyncio.gather(*asked)) == 3
    assert few._own_turn == {}
    few.close()


# --- the shelf ---


async def test_the_shelf_makes_once_and_keeps_what_was_asked_for_last() -> None:
    shelf, calls = Shelf(most=20), []

    async def make(text: str) -> bytes:
        calls.append(text)
        await asyncio.sleep(0)
        return text.encode() * 8

    both = await asyncio.gather(*[shelf.get_or_make("a", lambda: make("a")) for _ in range(5)])
    assert (both, calls) == ([b"a" * 8] * 5, ["a"])
    await shelf.get_or_make("b", lambda: make("b"))
    assert shelf.get("a") is not None
    await shelf.get_or_make("c", lambda: make("c"))
    assert (shelf.get("a"), shelf.get("b"), shelf.get("c")) == (b"a" * 8, None, b"c" * 8)
    assert await shelf.get_or_make("huge", lambda: make("hugehuge")) == b"hugehuge" * 8
    assert shelf.get("huge") is None


async def test_the_shelf_keeps_no_failure() -> None:
    shelf = Shelf()

    async def fail() -> bytes:
        raise Unavailable

    async def work() -> bytes:
        return b"made"

    with pytest.raises(Unavailable):
        await shelf.get_or_make("a", fail)
    assert await shelf.get_or_make("a", work) == b"made"
