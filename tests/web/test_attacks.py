"""What people and hostile notebooks try against the service: to take it from the others, to speak in its name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from terraspawner.domain import notebook
from terraspawner.domain.data_file import PIECE
from terraspawner.web import room
from tests.web.hubs import until
from tests.web.sites import API, CALM, PREFIX, Site, opened

NOTEBOOKS = "workspaces/ana/alpha/notebooks"
LIMIT = PIECE
"""Where notebooks are smaller, the pieces of files are what room is for."""
PAD = notebook.empty("python3")


def of_size(size: int) -> bytes:
    return PAD + b" " * (size - len(PAD))


class SlowBody:
    """Sends all but the end, and that when it is told to."""

    def __init__(self, size: int) -> None:
        self.is_there, self.end = asyncio.Event(), asyncio.Event()
        self._size = size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield of_size(self._size)
        self.is_there.set()
        await self.end.wait()
        yield b"\n"


async def test_bodies_that_are_held_open_take_no_more_than_a_share(tmp_path: Path) -> None:
    async with opened(tmp_path, notebook_limit=LIMIT) as site:
        site.workspace()
        site.workspace("ben", "beta")
        slow = [SlowBody(LIMIT - 1) for _ in range(2)]
        async with site.person("ana") as ana, site.person("ben") as ben:
            create = {"If-None-Match": "*"}
            saves = [
                asyncio.create_task(ana.put(f"{NOTEBOOKS}/{number}.ipynb", content=body, headers=create))
                for number, body in enumerate(slow)
            ]
            await asyncio.gather(*(body.is_there.wait() for body in slow))
            refused = await ana.put(f"{NOTEBOOKS}/third.ipynb", content=of_size(LIMIT), headers=create)
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too-many")
            assert refused.headers["retry-after"]
            there = "workspaces/ben/beta/notebooks/x.ipynb"
            assert (await ben.put(there, content=of_size(LIMIT // 2), headers=create)).status_code == 201
            for body in slow:
                body.end.set()
            assert [answer.status_code for answer in await asyncio.gather(*saves)] == [201, 201]
            again = await ana.put(f"{NOTEBOOKS}/third.ipynb", content=of_size(LIMIT), headers=create)
            assert again.status_code == 201


async def test_a_notebook_with_half_a_character_for_a_kernel_spoils_no_list(site: Site) -> None:
    site.workspace()
    body = PAD.replace(b'"python3"', b'"\\ud800"').replace(b'"python"', b'"\\udfff"')
    async with site.person() as ana:
        made = await ana.put(f"{NOTEBOOKS}/odd.ipynb", content=body, headers={"If-None-Match": "*"})
        assert made.status_code == 201
        listed = await ana.get(NOTEBOOKS)
    assert [item["kernel"] for item in listed.json()["items"]] == ["\ufffd"]
    browser = await site.browser()
    assert (await browser.client.get(f"{PREFIX}/workspaces/ana/alpha")).status_code == 200


async def test_refused_broken_off_and_unchanged_requests_leave_nothing_held(tmp_path: Path) -> None:
    async with opened(tmp_path, notebook_limit=LIMIT) as site:
        site.workspace()
        async with site.person() as ana:
            url = f"{NOTEBOOKS}/a.ipynb"
            made = await ana.put(url, content=of_size(LIMIT), headers={"If-None-Match": "*"})
            for _ in range(5):
                assert (await ana.put(url, content=b"x" * LIMIT, headers={"If-None-Match": "*"})).status_code == 422
                assert (await ana.put(url, content=b"x" * LIMIT * 2, headers={"If-None-Match": "*"})).status_code == 413
                assert (await ana.get(url, headers={"If-None-Match": made.headers["etag"]})).status_code == 304
                read = await ana.get(url)
                assert (read.content, read.headers["content-length"]) == (of_size(LIMIT), str(LIMIT))
        share = site.parts.room.share("ana")
        share.grow(2 * LIMIT)
        share.close()


async def test_an_answer_that_nobody_takes_is_held_in_the_share_and_given_back_when_it_breaks() -> None:
    places = room.Room(LIMIT)
    share = places.share("ana")
    share.grow(LIMIT)
    sent: list[int] = []

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.body":
            sent.append(len(message["body"]))  # type: ignore[arg-type]
            await asyncio.Event().wait()

    answer = room.InPieces(b"x" * 10_000_000, share)
    sending = asyncio.create_task(answer({"type": "http"}, None, send))  # type: ignore[arg-type]
    await until(lambda: sent, "the first piece is sent")
    await asyncio.sleep(0)  # whoever wants to send more has its turn
    assert sent == [256 * 1024], "no more than a piece lies in front of a client that takes nothing"
    with pytest.raises(room.TooMany):
        places.take("ana", LIMIT + 1)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    places.take("ana", 2 * LIMIT)


async def test_live_streams_of_one_person_are_bounded_and_count_while_they_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_STREAMS", 2)
    async with opened(tmp_path, pace=CALM) as site:
        site.workspace()
        url = f"{PREFIX}/workspaces/ana/alpha/environment/live"
        async with site.client(authorization=f"token {site.hub.token('ana')}") as ana:
            first = [asyncio.create_task(ana.get(url)) for _ in range(2)]
            await until(lambda: site.parts.streams._open["ana"] == 2, "both are open")
            assert (await ana.get(url)).status_code == 429
            site.parts.closing.set()
            assert [(await task).status_code for task in first] == [200, 200]
            assert (await ana.get(url)).status_code == 200


async def test_what_an_environment_says_is_no_html_in_the_stream_of_its_page(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=replace(CALM, stream=0.1)) as site:
        ticket = site.running(site.workspace())
        evil = '<form hx-post="/services/workspaces/x" hx-include="[name=_xsrf]" hx-trigger="load">'
        kill = {"at": "2026-11-20T12:00:00Z", "what": "kernel", "path": f"{evil}.ipynb"}
        memory = {"limit": 1, "used": 1, "kills": 1, "last_kill": kill}
        kernels = [{"id": evil, "path": evil, "state": evil, "last_activity": evil}]
        async with site.environment(ticket.key) as inside:
            said = await inside.post("environments/self/activity", json={"kernels": kernels, "memory": memory})
            assert said.status_code == 200
        async with site.client(authorization=f"token {site.hub.token('ana')}") as ana:
            streamed = (await ana.get(f"{PREFIX}/workspaces/ana/alpha/environment/live")).text
            told = await ana.get(f"{API}/workspaces/ana/alpha/environment")
    assert "event: announcement" in streamed
    assert evil not in streamed
    assert told.headers["content-type"] == "application/json"
