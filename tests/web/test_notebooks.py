"""REST: notebooks as bytes with versions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from terraspawner.domain import notebook
from terraspawner.web.limits import DRAINED
from tests.web.sites import Site, opened

HERE = "workspaces/ana/alpha/notebooks"
EMPTY = notebook.empty("python3")
CREATE = {"If-None-Match": "*"}


def changed(word: str) -> bytes:
    document = json.loads(EMPTY)
    document["cells"][0]["source"] = word
    return json.dumps(document).encode()


@pytest.fixture
async def ana(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    site.workspace()
    async with site.person() as client:
        yield client


async def test_a_notebook_made_from_a_title_is_in_the_bucket_at_once(ana: httpx.AsyncClient) -> None:
    made = await ana.post(HERE, json={"name": "first look", "kernel": "python3"})
    assert made.status_code == 201
    assert made.json()["path"] == "first look.ipynb"
    (listed,) = (await ana.get(HERE)).json()["items"]
    assert listed == made.json()
    assert listed["kernel"] == "python3"
    assert listed["language"] == "python"


async def test_a_kernel_there_is_not_is_refused(ana: httpx.AsyncClient) -> None:
    refused = await ana.post(HERE, json={"name": "x", "kernel": "cobol"})
    assert refused.status_code == 422
    assert "python3" in refused.json()["error"]["message"]


async def test_bytes_come_back_as_they_were_stored_with_their_version(ana: httpx.AsyncClient) -> None:
    body = changed("x = 'ü'") + b"\n\n"
    made = await ana.put(f"{HERE}/deep/er/a.ipynb", content=body, headers=CREATE)
    assert made.status_code == 201
    read = await ana.get(f"{HERE}/deep/er/a.ipynb")
    assert read.content == body
    assert read.headers["etag"] == made.headers["etag"] == f'"{made.json()["version"]}"'
    assert read.headers["content-security-policy"] == "sandbox"
    assert read.headers["x-content-type-options"] == "nosniff"


async def test_an_unchanged_notebook_is_not_sent_again(ana: httpx.AsyncClient) -> None:
    made = await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)
    again = await ana.get(f"{HERE}/a.ipynb", headers={"If-None-Match": f'"other", {made.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_save_on_an_old_version_overwrites_nothing(ana: httpx.AsyncClient) -> None:
    first = await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)
    second = await ana.put(f"{HERE}/a.ipynb", content=changed("2"), headers={"If-Match": first.headers["etag"]})
    assert second.status_code == 200
    late = await ana.put(f"{HERE}/a.ipynb", content=changed("late"), headers={"If-Match": first.headers["etag"]})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "notebook-moved-on")
    details = late.json()["error"]["details"]
    assert details["version"] == second.json()["version"]
    assert details["size"] == len(changed("2"))
    assert (await ana.get(f"{HERE}/a.ipynb")).content == changed("2")


async def test_of_twenty_saves_on_one_version_one_wins(ana: httpx.AsyncClient) -> None:
    first = await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)
    saves = [
        ana.put(f"{HERE}/a.ipynb", content=changed(str(number)), headers={"If-Match": first.headers["etag"]})
        for number in range(20)
    ]
    codes = [answer.status_code for answer in await asyncio.gather(*saves)]
    assert sorted(codes) == [200] + [409] * 19


async def test_the_same_bytes_sent_again_are_answered_as_before(ana: httpx.AsyncClient) -> None:
    first = await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)
    headers = {"If-Match": first.headers["etag"]}
    second = await ana.put(f"{HERE}/a.ipynb", content=changed("2"), headers=headers)
    again = await ana.put(f"{HERE}/a.ipynb", content=changed("2"), headers=headers)
    assert again.status_code == 200
    assert again.json() == second.json()


async def test_creating_what_is_there_and_replacing_what_is_not_is_409(ana: httpx.AsyncClient) -> None:
    await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)
    there = await ana.put(f"{HERE}/a.ipynb", content=changed("x"), headers=CREATE)
    assert there.status_code == 409
    gone = await ana.put(f"{HERE}/b.ipynb", content=EMPTY, headers={"If-Match": '"1-abc"'})
    assert gone.status_code == 409
    assert gone.json()["error"]["details"]["version"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"If-None-Match": '"x"'},
        {"If-Match": "*"},
        {"If-Match": 'W/"x"'},
        {"If-Match": '"x", "y"'},
        {"If-Match": '"x"', "If-None-Match": "*"},
    ],
)
async def test_a_save_must_name_one_base(ana: httpx.AsyncClient, headers: dict[str, str]) -> None:
    refused = await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "malformed")
    assert (await ana.get(HERE)).json()["items"] == []


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fx.ipynb",
        "%2e%2e/x.ipynb",
        "a/%2e%2e/x.ipynb",
        "x.txt",
        "%F0%9F%8E%89.ipynb",
        "a%00.ipynb",
        "a%0a.ipynb",
        "%20a.ipynb",
        ".hidden.ipynb",
        "a//b.ipynb",
        "x" * 250 + ".ipynb",
    ],
)
async def test_a_bad_path_gets_one_sentence_and_stores_nothing(ana: httpx.AsyncClient, path: str) -> None:
    refused = await ana.put(f"{HERE}/{path}", content=EMPTY, headers=CREATE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "name-invalid")
    assert refused.json()["error"]["message"].isprintable()
    assert (await ana.get(HERE)).json()["items"] == []


async def test_a_twin_in_another_case_is_refused(ana: httpx.AsyncClient) -> None:
    await ana.put(f"{HERE}/Plot.ipynb", content=EMPTY, headers=CREATE)
    twin = await ana.put(f"{HERE}/plot.ipynb", content=EMPTY, headers=CREATE)
    assert (twin.status_code, twin.json()["error"]["code"]) == (409, "name-taken")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"cells": []}', b"\xff\xfe", b"[" * 100_000])
async def test_what_is_no_notebook_leaves_the_last_good_version(ana: httpx.AsyncClient, body: bytes) -> None:
    first = await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)
    refused = await ana.put(f"{HERE}/a.ipynb", content=body, headers={"If-Match": first.headers["etag"]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "notebook-invalid")
    assert (await ana.get(f"{HERE}/a.ipynb")).content == EMPTY


async def test_sixty_megabytes_are_413_and_nothing_is_stored(ana: httpx.AsyncClient) -> None:
    first = await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)

    async def sixty_megabytes() -> AsyncIterator[bytes]:
        for _ in range(60):
            yield b" " * 1024**2

    refused = await ana.put(f"{HERE}/a.ipynb", content=sixty_megabytes(), headers={"If-Match": first.headers["etag"]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "notebook-too-large")
    assert refused.json()["error"]["details"]["limit"] == 50 * 1024**2
    assert (await ana.get(f"{HERE}/a.ipynb")).content == EMPTY


@pytest.mark.parametrize(("who", "status"), [("ana", 413), ("ben", 404)])
async def test_an_endless_body_is_not_read_to_its_end(tmp_path: Path, who: str, status: int) -> None:
    async with opened(tmp_path, notebook_limit=1000) as site:
        site.workspace()
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 2**20
                yield bytes(2**20)

        async with site.person(who) as person:
            refused = await person.put(f"{HERE}/a.ipynb", content=endless(), headers=CREATE)
    assert refused.status_code == status
    assert sent <= DRAINED + 2**21


async def test_what_a_stranger_sends_takes_no_room(site: Site) -> None:
    site.workspace()
    held = []

    async def sent() -> AsyncIterator[bytes]:
        for _ in range(5):
            held.append(site.parts.room.held)
            yield bytes(2**20)

    async with site.person("ben") as ben:
        refused = await ben.put(f"{HERE}/a.ipynb", content=sent(), headers=CREATE)
    assert (refused.status_code, held) == (404, [0] * 5)


async def test_a_rename_keeps_the_bytes_and_refuses_a_taken_name(ana: httpx.AsyncClient) -> None:
    first = await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)
    await ana.put(f"{HERE}/b.ipynb", content=EMPTY, headers=CREATE)
    base = {"If-Match": first.headers["etag"]}
    assert (await ana.post(f"{HERE}/a.ipynb/rename", json={"to": "c"})).status_code == 400
    assert (await ana.post(f"{HERE}/a.ipynb/rename", json={"to": "b.ipynb"}, headers=base)).status_code == 409
    renamed = await ana.post(f"{HERE}/a.ipynb/rename", json={"to": "deep/c.ipynb"}, headers=base)
    assert renamed.json()["path"] == "deep/c.ipynb"
    assert [item["path"] for item in (await ana.get(HERE)).json()["items"]] == ["b.ipynb", "deep/c.ipynb"]
    assert (await ana.get(f"{HERE}/a.ipynb")).status_code == 404


async def test_a_delete_holds_to_its_version(ana: httpx.AsyncClient) -> None:
    first = await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)
    await ana.put(f"{HERE}/a.ipynb", content=changed("2"), headers={"If-Match": first.headers["etag"]})
    late = await ana.delete(f"{HERE}/a.ipynb", headers={"If-Match": first.headers["etag"]})
    assert late.status_code == 409
    assert (await ana.delete(f"{HERE}/a.ipynb")).status_code == 204
    assert (await ana.delete(f"{HERE}/a.ipynb")).status_code == 404


async def test_the_list_reads_each_version_once(site: Site, ana: httpx.AsyncClient) -> None:
    for name in ("a", "b"):
        await ana.post(HERE, json={"name": name})
    await ana.get(HERE)
    (bucket,) = site.context.bucket.made.values()  # type: ignore[attr-defined]
    kept = dict(bucket._objects)
    bucket.read = None
    again = (await ana.get(HERE)).json()["items"]
    assert [item["kernel"] for item in again] == ["python3", "python3"]
    assert dict(bucket._objects) == kept


async def test_what_a_notebook_has_not_is_not_found(ana: httpx.AsyncClient) -> None:
    await ana.put(f"{HERE}/a.ipynb", content=EMPTY, headers=CREATE)
    assert (await ana.get(f"{HERE}/a.ipynb/secrets")).status_code == 404
