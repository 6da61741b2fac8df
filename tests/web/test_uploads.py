"""REST: uploads that can be gone on with, by tus 1.0."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tusclient.client import TusClient

import builders
from terraspawner.db import upload_records
from terraspawner.domain.data_file import (
    PIECE,
    SMALL_PIECE,
    SMALL_PIECES,
    UPLOADS_DONE,
    UPLOADS_EACH,
    UPLOADS_OF_ONE,
    UPLOADS_WITHIN,
    UnderWay,
    Upload,
)
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import libraries, library_room, pieces, uploads
from terraspawner.operations.context import Context
from terraspawner.storage.base import ABSENT, ANYTHING
from tests.web.hubs import serving
from tests.web.sites import API, Site, opened

pytestmark = pytest.mark.feature("H5")

FILES = "workspaces/ana/alpha/files"
HERE = "workspaces/ana/alpha/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE_TYPE = {"Content-Type": "application/offset+octet-stream"}
BODY = bytes(range(256)) * (PIECE // 128) + b"the end"


def named(path: str) -> dict[str, str]:
    return {"Upload-Metadata": f"filename {base64.b64encode(path.encode()).decode()}"}


def at(offset: int) -> dict[str, str]:
    return {**TUS, **PIECE_TYPE, "Upload-Offset": str(offset)}


async def begun(client: httpx.AsyncClient, size: int = len(BODY), path: str = "x", **headers: str) -> str:
    answer = await client.post(HERE, headers={**TUS, "Upload-Length": str(size), **named(path), **headers})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].removeprefix(f"{API}/")


async def offset_of(client: httpx.AsyncClient, url: str) -> int:
    answer = await client.head(url, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["upload-length"] == str(len(BODY))
    return int(answer.headers["upload-offset"])


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def alpha(site: Site) -> Workspace:
    return site.workspace()


@pytest.fixture
async def ana(site: Site, alpha: Workspace) -> AsyncIterator[httpx.AsyncClient]:
    async with site.person() as client:
        yield client


def left_in(context: Context, alpha: Workspace) -> list[str]:
    return [info.key for info in context.bucket(alpha.id).list("uploads/")]


async def test_a_file_sent_in_pieces_is_there_with_its_last_byte(
    site: Site, ana: httpx.AsyncClient, alpha: Workspace
) -> None:
    url = await begun(ana, path="big/x.bin", **{"If-None-Match": "*"})
    assert await offset_of(ana, url) == 0
    first = await ana.patch(url, content=BODY[: PIECE + 3], headers=at(0))
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(PIECE + 3))
    assert (await ana.get(f"{FILES}/big/x.bin")).status_code == 404
    last = await ana.patch(url, content=BODY[PIECE + 3 :], headers=at(PIECE + 3))
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(BODY)))
    found = await ana.get(f"{FILES}/big/x.bin")
    assert found.content == BODY
    assert last.headers["etag"] == found.headers["etag"]
    assert await offset_of(ana, url) == len(BODY)
    assert left_in(site.context, alpha) == []


async def test_a_client_of_others_sends_breaks_off_and_goes_on(site: Site, ana: httpx.AsyncClient) -> None:
    """The reference client of the protocol, over real HTTP."""
    async with serving(site.app) as url:
        headers = {"Authorization": f"token {site.hub.token('ana')}"}
        client = TusClient(f"{url}{API}/{HERE}", headers=headers)

        def send() -> None:
            first = client.uploader(file_stream=io.BytesIO(BODY), chunk_size=PIECE, metadata={"filename": "x.bin"})
            first.upload(stop_at=PIECE)
            again = client.uploader(file_stream=io.BytesIO(BODY), chunk_size=PIECE // 2 + 1, url=first.url)
            assert again.offset == PIECE
            again.upload()

        await asyncio.to_thread(send)
    assert (await ana.get(f"{FILES}/x.bin")).content == BODY


async def test_an_empty_file_needs_no_piece(ana: httpx.AsyncClient) -> None:
    await begun(ana, size=0)
    assert (await ana.get(f"{FILES}/x")).content == b""


async def test_who_names_another_byte_is_told_where_to_go_on(ana: httpx.AsyncClient) -> None:
    url = await begun(ana)
    await ana.patch(url, content=BODY[:10], headers=at(0))
    for offset in (0, 5, 11):
        refused = await ana.patch(url, content=BODY[offset : offset + 5], headers=at(offset))
        assert code(refused) == (409, "upload-moved-on")
        assert refused.json()["error"]["details"]["offset"] == 10
    assert await offset_of(ana, url) == 10


async def test_more_than_was_announced_is_refused(ana: httpx.AsyncClient) -> None:
    url = await begun(ana, size=3)
    assert code(await ana.patch(url, content=b"1234", headers=at(0))) == (422, "upload-refused")
    assert (await ana.get(f"{FILES}/x")).status_code == 404


async def test_a_condition_holds_at_the_beginning_and_at_the_end(ana: httpx.AsyncClient) -> None:
    url = await begun(ana, size=4, **{"If-None-Match": "*"})
    await ana.patch(url, content=b"12", headers=at(0))
    theirs = await ana.put(f"{FILES}/x", content=b"theirs")
    assert code(await ana.patch(url, content=b"34", headers=at(2))) == (409, "file-moved-on")
    assert (await ana.get(f"{FILES}/x")).content == b"theirs"
    refused = await ana.post(HERE, headers={**TUS, "Upload-Length": "4", **named("x"), "If-None-Match": "*"})
    assert code(refused) == (409, "file-moved-on")
    url = await begun(ana, size=4, **{"If-Match": theirs.headers["etag"]})
    assert (await ana.patch(url, content=b"1234", headers=at(0))).status_code == 204
    assert (await ana.get(f"{FILES}/x")).content == b"1234"


async def test_what_cannot_be_a_file_is_refused_before_it_is_sent(ana: httpx.AsyncClient) -> None:
    for path, status in (("a.ipynb", 422), ("../x", 422), ("a\nb", 422), ("", 422)):
        refused = await ana.post(HERE, headers={**TUS, "Upload-Length": "4", **named(path)})
        assert refused.status_code == status
    for size in (1 << 50,):
        refused = await ana.post(HERE, headers={**TUS, "Upload-Length": str(size), **named("x")})
        assert code(refused) == (413, "file-too-large")
    for metadata in ("name eA==", "filename /w=="):
        refused = await ana.post(HERE, headers={**TUS, "Upload-Length": "4", "Upload-Metadata": metadata})
        assert code(refused) == (400, "malformed")


async def test_another_protocol_is_told_which_one_is_spoken(ana: httpx.AsyncClient) -> None:
    refused = await ana.post(HERE, headers={"Tus-Resumable": "0.2.2", "Upload-Length": "4", **named("x")})
    assert code(refused) == (412, "tus-version-unknown")
    assert refused.headers["tus-version"] == "1.0.0"
    url = await begun(ana)
    assert code(await ana.patch(url, content=b"1", headers={**at(0), "Content-Type": "text/plain"}))[0] == 400


async def test_an_upload_is_its_persons_alone(site: Site, ana: httpx.AsyncClient) -> None:
    url = await begun(ana)
    async with site.person("ben") as ben:
        assert (await ben.head(url)).status_code == 404
        await ana.put("workspaces/ana/alpha/members/ben", json={"role": "writer"})
        assert (await ben.head(url)).status_code == 404
        assert code(await ben.patch(url, content=b"1", headers=at(0))) == (404, "upload-not-found")
        assert code(await ben.delete(url)) == (404, "upload-not-found")
        bens = await begun(ben, size=2)
        await ben.patch(bens, content=b"1", headers=at(0))
        await ana.put("workspaces/ana/alpha/members/ben", json={"role": "reader"})
        assert code(await ben.patch(bens, content=b"2", headers=at(1))) == (403, "not-allowed")
    assert await offset_of(ana, url) == 0


async def test_an_upload_that_is_given_up_leaves_nothing(site: Site, ana: httpx.AsyncClient, alpha: Workspace) -> None:
    url = await begun(ana)
    await ana.patch(url, content=BODY[:10], headers=at(0))
    assert len(left_in(site.context, alpha)) == 1
    assert (await ana.delete(url)).status_code == 204
    assert left_in(site.context, alpha) == []
    assert (await ana.head(url)).status_code == 404


async def test_nobody_has_any_number_of_uploads_under_way(ana: httpx.AsyncClient) -> None:
    urls = [await begun(ana, path=str(n)) for n in range(UPLOADS_EACH)]
    refused = await ana.post(HERE, headers={**TUS, "Upload-Length": "4", **named("x")})
    assert code(refused) == (422, "upload-refused")
    assert "Finish or cancel some" in refused.json()["error"]["message"]
    await ana.delete(urls[0])
    await begun(ana)


async def test_uploads_are_counted_over_all_workspaces_and_all_people(site: Site, alpha: Workspace) -> None:
    context, now = site.context, site.context.now()
    beta = site.workspace("ben", "beta")
    for number, (user, where) in enumerate([("ana", alpha), ("ana", beta), ("ben", alpha), ("ben", beta)]):
        made = Upload(id=f"{number:016}", workspace_id=where.id, user=user, path="x", size=4, expected="*",
                      received=0, touched_at=now)  # fmt: skip
        with context.database.write() as connection:
            upload_records.insert_upload(connection, made)
    with context.database.read() as connection:
        found = upload_records.under_way(connection, alpha.id, "ana", now)
    assert found == UnderWay(here=1, own=2, of_all=2)
    assert not found.obstacle("ana/alpha")
    assert "60 uploads under way in all your workspaces" in replace(found, own=UPLOADS_OF_ONE).obstacle("ana/alpha")
    assert "In ana/alpha 200 uploads of its people" in replace(found, of_all=UPLOADS_WITHIN).obstacle("ana/alpha")


async def test_one_that_waits_too_long_is_in_nobodys_way(tmp_path: Path) -> None:
    clock = builders.Clock()
    async with opened(tmp_path, clock=clock) as site:
        site.workspace()
        async with site.person() as ana:
            for n in range(UPLOADS_EACH):
                await begun(ana, path=str(n))
            clock.move(hours=25)
            await begun(ana)


async def test_rows_of_what_is_done_do_not_pile_up(site: Site, ana: httpx.AsyncClient, alpha: Workspace) -> None:
    urls = [await begun(ana, size=0, path=str(n)) for n in range(UPLOADS_DONE + 2)]
    with site.context.database.read() as connection:
        assert len(upload_records.uploads_of(connection, alpha.id)) == UPLOADS_DONE + 1
    assert (await ana.head(urls[-1])).headers["etag"]


async def test_what_comes_in_crumbs_is_refused_and_goes_on_in_pieces(
    site: Site, ana: httpx.AsyncClient, alpha: Workspace
) -> None:
    url = await begun(ana)
    bucket, upload_id = site.context.bucket(alpha.id), url.rpartition("/")[2]
    for offset in range(SMALL_PIECES - 1):
        pieces.keep(bucket, upload_id, offset, BODY[offset : offset + 1])
    with site.context.database.write() as connection:
        upload_records.advance(connection, upload_id, 0, SMALL_PIECES - 1, site.context.now())
    n = SMALL_PIECES - 1
    assert (await ana.patch(url, content=BODY[n : n + 1], headers=at(n))).status_code == 204
    refused = await ana.patch(url, content=BODY[n + 1 : n + 2], headers=at(n + 1))
    assert code(refused) == (422, "upload-refused")
    assert "Send at least that much at once, from byte 1000 on" in refused.json()["error"]["message"]
    piece = BODY[n + 1 : n + 1 + SMALL_PIECE]
    assert (await ana.patch(url, content=piece, headers=at(n + 1))).status_code == 204
    end = n + 1 + SMALL_PIECE
    assert (await ana.patch(url, content=BODY[end:], headers=at(end))).status_code == 204
    assert (await ana.get(f"{FILES}/x")).content == BODY


async def test_what_is_under_way_into_a_library_counts_against_its_limit(site: Site) -> None:
    made = libraries.create_library(site.context, user="ana", name="Survey").library.id
    library_room.set_limit(site.context, actor="ana", library_id=made, size=2 * 1024**2)
    there = f"workspaces/library/{made}/uploads"
    async with site.person() as ana:
        first = await ana.post(there, headers={**TUS, "Upload-Length": str(1536 * 1024), **named("a")})
        assert first.status_code == 201
        second = await ana.post(there, headers={**TUS, "Upload-Length": str(1024**2), **named("b")})
        assert code(second) == (422, "library-full")
        assert "1572864 under way in uploads" in second.json()["error"]["message"]
        await ana.delete(first.headers["location"].removeprefix(f"{API}/"))
        assert (await ana.post(there, headers={**TUS, "Upload-Length": str(1024**2), **named("b")})).status_code == 201


async def test_what_nobody_goes_on_with_is_dropped_after_a_day(tmp_path: Path) -> None:
    clock = builders.Clock()
    async with opened(tmp_path, clock=clock) as site:
        alpha = site.workspace()
        async with site.person() as ana:
            url = await begun(ana)
            await ana.patch(url, content=BODY[:10], headers=at(0))
            clock.move(hours=23)
            uploads.forget_old(site.context, alpha.id)
            assert await offset_of(ana, url) == 10
            await ana.patch(url, content=BODY[10:20], headers=at(10))
            clock.move(hours=23)
            uploads.forget_old(site.context, alpha.id)
            assert await offset_of(ana, url) == 20
            clock.move(hours=2)
            assert (await ana.head(url)).status_code == 404
            uploads.forget_old(site.context, alpha.id)
        assert left_in(site.context, alpha) == []


# The service ends in the middle


async def test_a_piece_that_was_kept_and_not_counted_is_found(
    site: Site, ana: httpx.AsyncClient, alpha: Workspace
) -> None:
    url = await begun(ana)
    pieces.keep(site.context.bucket(alpha.id), url.rpartition("/")[2], 0, BODY[:7])
    refused = await ana.patch(url, content=BODY[:10], headers=at(0))
    assert refused.json()["error"]["details"]["offset"] == 7
    await ana.patch(url, content=BODY[7:], headers=at(7))
    assert (await ana.get(f"{FILES}/x")).content == BODY


async def test_a_piece_more_than_was_counted_is_not_in_the_file_twice(
    site: Site, ana: httpx.AsyncClient, alpha: Workspace
) -> None:
    url = await begun(ana, size=10)
    pieces.keep(site.context.bucket(alpha.id), url.rpartition("/")[2], 0, BODY[:7])
    refused = await ana.patch(url, content=BODY[:10], headers=at(0))
    assert code(refused) == (409, "upload-moved-on")
    assert refused.json()["error"]["details"]["offset"] == 7
    await ana.patch(url, content=BODY[7:10], headers=at(7))
    assert (await ana.get(f"{FILES}/x")).content == BODY[:10]


async def test_an_end_whose_pieces_are_gone_does_not_take_the_files_place(
    site: Site, ana: httpx.AsyncClient, alpha: Workspace
) -> None:
    url = await begun(ana)
    await ana.patch(url, content=BODY[:PIECE], headers=at(0))
    bucket = site.context.bucket(alpha.id)
    bucket.write_stream("data/x", halves_of(BODY), ABSENT)
    pieces.forget(bucket, url.rpartition("/")[2])
    assert code(await ana.patch(url, content=BODY[PIECE:], headers=at(PIECE))) == (404, "upload-not-found")
    assert (await ana.get(f"{FILES}/x")).content == BODY


@pytest.mark.parametrize("theirs", [b"", b"t"], ids=["the same bytes", "other bytes"])
async def test_a_file_that_was_written_and_not_said_is_found(
    site: Site, ana: httpx.AsyncClient, alpha: Workspace, theirs: bytes
) -> None:
    url = await begun(ana, **{"If-None-Match": "*"})
    await ana.patch(url, content=BODY[:PIECE], headers=at(0))
    written = BODY if not theirs else theirs * len(BODY)
    site.context.bucket(alpha.id).write_stream("data/x", halves_of(written), ABSENT)
    last = await ana.patch(url, content=BODY[PIECE:], headers=at(PIECE))
    assert last.status_code == (409 if theirs else 204)
    assert (await ana.get(f"{FILES}/x")).content == written
    assert bool(left_in(site.context, alpha)) == bool(theirs)


def halves_of(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    yield body[len(body) // 2 :]


async def test_an_upload_that_expects_nothing_overwrites(site: Site, ana: httpx.AsyncClient, alpha: Workspace) -> None:
    site.context.bucket(alpha.id).write("data/x", b"old", ANYTHING)
    url = await begun(ana, size=3)
    assert (await ana.patch(url, content=b"new", headers=at(0))).status_code == 204
    assert (await ana.get(f"{FILES}/x")).content == b"new"
