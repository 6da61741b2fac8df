"""Attacks on data files: absurd pages, ranges and headers of uploads; limits raced for; what is withdrawn in the middle
of a write; an environment's key where it opens nothing."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from urllib.parse import quote, unquote

import httpx
import pytest

from terraspawner.domain.data_file import PIECE, UPLOADS_EACH
from terraspawner.domain.library import Access
from terraspawner.operations import libraries, library_room, workspaces
from terraspawner.storage.base import ABSENT
from tests.web.sites import PREFIX, Site

pytestmark = [pytest.mark.slow, pytest.mark.feature("H3", "H5", "H6")]

HERE = "workspaces/ana/alpha"
MIB = 1024**2


@pytest.fixture
async def ana(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    site.workspace()
    async with site.person() as client:
        yield client


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def begin(path: bytes, length: str = "5") -> dict[str, str]:
    metadata = f"filename {base64.b64encode(path).decode()}"
    return {"Tus-Resumable": "1.0.0", "Upload-Length": length, "Upload-Metadata": metadata}


def shared(site: Site, access: Access = Access.WRITE, limit: int | None = None) -> str:
    """The id of a library of ana's that ben has."""
    library_id = libraries.create_library(site.context, user="ana", name="Survey").library.id
    libraries.share(site.context, actor="ana", library_id=library_id, who="ben", access=access)
    if limit:
        library_room.set_limit(site.context, actor="ana", library_id=library_id, size=limit)
    return library_id


@pytest.mark.parametrize("cursor", ["../../x", "\0", "raw/\n", "/", "a//b", "other/x", "e\u0301", "raw"])
async def test_a_cursor_that_no_page_gave_is_refused_and_no_store_is_asked_for_it(
    ana: httpx.AsyncClient, cursor: str
) -> None:
    await ana.put(f"{HERE}/files/raw/a", content=b"1")
    asked = await ana.get(f"{HERE}/files", params={"folder": "raw", "cursor": cursor})
    assert asked.status_code == 422, asked.text


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u200f"])
async def test_a_name_that_a_program_gave_hides_its_ending_from_nobody(
    site: Site, ana: httpx.AsyncClient, char: str
) -> None:
    (alpha,) = workspaces.list_workspaces(site.context, "ana")
    name = f"cod{char}gpj.exe"
    site.context.bucket(alpha.workspace.id).write(f"data/{name}", b"x", ABSENT)
    browser = await site.browser()
    for address in ("files", f"files/{quote(name)}"):
        page = (await browser.client.get(f"{PREFIX}/{HERE}/{address}")).text
        assert ">cod\ufffdgpj.exe<" in page
        assert char not in re.sub(r'data-value="[^"]*"|value="[^"]*"', "", page)
    told = (await ana.get(f"{HERE}/files/{quote(name)}")).headers["content-disposition"]
    assert unquote(told).endswith("cod\ufffdgpj.exe")


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, str(2**60 + 1), "0x5", "", "\u0665"])
async def test_an_absurd_length_of_an_upload_is_refused(ana: httpx.AsyncClient, length: str) -> None:
    headers = {name: value.encode() for name, value in begin(b"x", length).items()}
    assert code(await ana.post(f"{HERE}/uploads", headers=headers)) == (400, "malformed")


@pytest.mark.parametrize(
    "path", [b"", b"/absolute", b"../x", b"a\nb", b"\xff", b"d/" * 900 + b"x", b"x.IPYNB", b"a/", b"a" * 256]
)
async def test_an_upload_to_a_hostile_name_is_refused_before_anything_is_sent(
    site: Site, ana: httpx.AsyncClient, path: bytes
) -> None:
    answer = await ana.post(f"{HERE}/uploads", headers=begin(path))
    assert answer.status_code in (400, 422), answer.text
    (alpha,) = workspaces.list_workspaces(site.context, "ana")
    assert list(site.context.bucket(alpha.workspace.id).list()) == []


@pytest.mark.parametrize("offset", ["-1", "6", str(2**60), str(2**60 + 1), "5 5", "1.0"])
async def test_an_absurd_offset_changes_nothing(ana: httpx.AsyncClient, offset: str) -> None:
    begun = await ana.post(f"{HERE}/uploads", headers=begin(b"x"))
    at = begun.headers["location"].partition("/api/v1/")[2]
    kind = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    answer = await ana.patch(at, content=b"12345", headers={**kind, "Upload-Offset": offset})
    assert answer.status_code in (400, 409), answer.text
    assert (await ana.head(at)).headers["upload-offset"] == "0"
    assert (await ana.get(f"{HERE}/files/x")).status_code == 404
    done = await ana.patch(at, content=b"12345", headers={**kind, "Upload-Offset": "0"})
    assert done.status_code == 204


async def test_uploads_begun_at_once_are_no_more_than_one_person_may_have(ana: httpx.AsyncClient) -> None:
    asked = (ana.post(f"{HERE}/uploads", headers=begin(b"x%d" % number)) for number in range(UPLOADS_EACH + 5))
    codes = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert codes.count(201) == UPLOADS_EACH


async def test_who_sends_many_at_once_gets_no_more_into_a_library_than_fits(site: Site) -> None:
    library_id = shared(site, limit=MIB)
    async with site.person("ben") as ben:
        sent = (ben.put(f"workspaces/library/{library_id}/files/{n}", content=b"x" * (MIB // 2 + 1)) for n in range(8))
        codes = [answer.status_code for answer in await asyncio.gather(*sent)]
    assert sorted(set(codes)) == [200, 422]
    assert library_room.measure(site.context, library_id) <= MIB, codes


async def test_a_share_that_is_withdrawn_in_the_middle_of_a_write_leaves_nothing_of_it(site: Site) -> None:
    library_id = shared(site)

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * (PIECE + 1)
        libraries.share(site.context, actor="ana", library_id=library_id, who="ben", access=Access.READ)
        yield b"x" * PIECE

    async with site.person("ben") as ben, site.person("ana") as ana:
        here = f"workspaces/library/{library_id}/files"
        assert code(await ben.put(f"{here}/x", content=body())) == (403, "not-allowed")
        assert (await ana.get(f"{here}/x")).status_code == 404
        assert [info.key for info in site.context.bucket(library_id).list() if info.key.startswith("uploads/")] == []


async def test_an_environments_key_reaches_a_library_by_its_drive_and_with_its_persons_right_alone(site: Site) -> None:
    readable, hidden = shared(site, Access.READ), libraries.create_library(site.context, user="ana", name="Hers")
    alpha = site.workspace("ben", "alpha")
    desk = workspaces.create_workspace(
        site.context, user="ben", namespace="ben", name="desk", storage="drive"
    ).workspace
    for at in (alpha, desk):
        async with site.environment(site.running(at, "ben").key) as inside:
            await _is_refused(inside, f"workspaces/library/{hidden.library.id}")
            await _is_refused(inside, f"workspaces/library/{readable}", reads=at is desk)
    async with site.environment(site.running(desk, "ben").key) as inside:
        await _is_refused(inside, "workspaces/ben/alpha")


async def _is_refused(inside: httpx.AsyncClient, there: str, *, reads: bool = False) -> None:
    """Everything that would change something there; reading as well, unless it `reads`."""
    changes = [
        await inside.put(f"{there}/files/x", content=b"1"),
        await inside.delete(f"{there}/files/x"),
        await inside.post(f"{there}/uploads", headers=begin(b"x")),
        await inside.post(f"{there}/notebooks", json={"name": "x"}),
    ]
    reading = [await inside.get(f"{there}/files"), await inside.get(f"{there}/notebooks")]
    assert {answer.status_code for answer in changes} <= {401, 403, 404}, [answer.text for answer in changes]
    assert reads or {answer.status_code for answer in reading} <= {401, 403, 404}, [each.text for each in reading]
