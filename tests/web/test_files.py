"""REST: data files of a workspace, and their way into the trash."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from starlette.types import Message

import builders
from terraspawner.domain.data_file import PIECE
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import pieces, uploads
from terraspawner.operations.trash import list_trash
from terraspawner.web.room import Room
from terraspawner.web.sending import Span, StoredFile
from tests.web.sites import Site, opened

pytestmark = pytest.mark.feature("H5")

HERE = "workspaces/ana/alpha/files"
CREATE = {"If-None-Match": "*"}


@pytest.fixture
def alpha(site: Site) -> Workspace:
    return site.workspace()


@pytest.fixture
async def ana(site: Site, alpha: Workspace) -> AsyncIterator[httpx.AsyncClient]:
    async with site.person() as client:
        yield client


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def names(client: httpx.AsyncClient, folder: str = "") -> list[str]:
    return [each["path"] for each in (await client.get(HERE, params={"folder": folder})).json()["items"]]


async def test_a_file_is_there_as_it_was_sent(ana: httpx.AsyncClient) -> None:
    made = await ana.put(f"{HERE}/tables/a.csv", content=b"x,y\n1,2\n", headers=CREATE)
    assert made.status_code == 201
    assert made.headers["etag"] == f'"{made.json()["version"]}"'
    found = await ana.get(f"{HERE}/tables/a.csv")
    assert found.content == b"x,y\n1,2\n"
    assert found.headers["etag"] == made.headers["etag"]
    assert found.headers["content-length"] == "8"
    listed = (await ana.get(HERE)).json()
    assert listed == {
        "items": [{"kind": "folder", "path": "tables/", "size": None, "modified": None, "version": None}],
        "next": None,
        "hidden": 0,
    }
    (file,) = (await ana.get(HERE, params={"folder": "tables"})).json()["items"]
    assert file == {"kind": "file", **made.json()}
    again = await ana.get(f"{HERE}/tables/a.csv", headers={"If-None-Match": made.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_no_browser_takes_a_file_for_a_page_of_ours(ana: httpx.AsyncClient) -> None:
    await ana.put(f"{HERE}/x.html", content=b"<script>alert(1)</script>")
    headers = (await ana.get(f"{HERE}/x.html")).headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''x.html"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 5])
async def test_a_file_of_many_pieces_is_one_file(
    site: Site, ana: httpx.AsyncClient, size: int, alpha: Workspace
) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    body = body[:size]
    assert (await ana.put(f"{HERE}/x", content=body)).status_code == 200
    found = (await ana.get(f"{HERE}/x")).content
    assert hashlib.sha256(found).digest() == hashlib.sha256(body).digest()
    assert [info.key for info in site.context.bucket(alpha.id).list("uploads/")] == []


@pytest.mark.parametrize(
    ("asked", "got", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=-100", b"0123456789", "bytes 0-9/10"),
    ],
)
async def test_a_download_can_go_on_where_it_broke_off(
    ana: httpx.AsyncClient, asked: str, got: bytes, told: str
) -> None:
    await ana.put(f"{HERE}/x", content=b"0123456789")
    found = await ana.get(f"{HERE}/x", headers={"Range": asked})
    assert (found.status_code, found.content, found.headers["content-range"]) == (206, got, told)


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=-", "lines=1-2", "bytes=5-2", "nonsense"])
async def test_a_range_that_is_not_served_gives_the_whole(ana: httpx.AsyncClient, asked: str) -> None:
    await ana.put(f"{HERE}/x", content=b"0123456789")
    found = await ana.get(f"{HERE}/x", headers={"Range": asked})
    assert (found.status_code, found.content) == (200, b"0123456789")


async def test_a_range_beyond_the_end_is_refused_with_the_size(ana: httpx.AsyncClient) -> None:
    await ana.put(f"{HERE}/x", content=b"0123456789")
    for asked in ("bytes=10-", "bytes=-0"):
        found = await ana.get(f"{HERE}/x", headers={"Range": asked})
        assert code(found) == (416, "range-unsatisfiable")
        assert found.headers["content-range"] == "bytes */10"


async def test_a_download_that_goes_on_does_so_of_the_same_version_alone(ana: httpx.AsyncClient) -> None:
    first = await ana.put(f"{HERE}/x", content=b"0123456789")
    tag = first.headers["etag"]
    part = await ana.get(f"{HERE}/x", headers={"Range": "bytes=4-", "If-Range": tag})
    assert (part.status_code, part.content) == (206, b"456789")
    await ana.put(f"{HERE}/x", content=b"abcdefghij")
    whole = await ana.get(f"{HERE}/x", headers={"Range": "bytes=4-", "If-Range": tag})
    assert (whole.status_code, whole.content) == (200, b"abcdefghij")


async def test_for_a_client_that_has_gone_nothing_more_is_read() -> None:
    read: list[int] = []

    async def part(start: int, size: int) -> bytes:
        read.append(start)
        await asyncio.sleep(0)
        return bytes(size)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        return

    room = Room(PIECE)
    await StoredFile(part, room.share("ana"), Span(start=0, end=50 * PIECE))({}, receive, send)
    assert len(read) < 3
    room.take("ana", 2 * PIECE)  # nothing of it is held any more


async def test_where_notebooks_are_small_files_may_be_large(tmp_path: Path) -> None:
    async with opened(tmp_path, notebook_limit=100_000) as small:
        small.workspace()
        async with small.person("ana") as ana:
            assert (await ana.put(f"{HERE}/x", content=bytes(PIECE + 1), headers=CREATE)).status_code == 201
            assert (await ana.get(f"{HERE}/x")).content == bytes(PIECE + 1)


async def test_a_write_with_a_condition_overwrites_nothing_else(ana: httpx.AsyncClient) -> None:
    first = await ana.put(f"{HERE}/x", content=b"one", headers=CREATE)
    refused = await ana.put(f"{HERE}/x", content=b"two", headers=CREATE)
    assert code(refused) == (409, "file-moved-on")
    assert refused.json()["error"]["details"]["version"] == first.json()["version"]
    second = await ana.put(f"{HERE}/x", content=b"two", headers={"If-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert code(await ana.put(f"{HERE}/x", content=b"3", headers={"If-Match": first.headers["etag"]}))[0] == 409
    assert code(await ana.put(f"{HERE}/y", content=b"3", headers={"If-Match": '"1-0"'}))[0] == 409
    assert (await ana.get(f"{HERE}/x")).content == b"two"
    assert (await ana.put(f"{HERE}/x", content=b"last")).status_code == 200


async def test_what_is_not_there_is_said(ana: httpx.AsyncClient) -> None:
    assert code(await ana.get(f"{HERE}/x")) == (404, "file-not-found")
    assert code(await ana.delete(f"{HERE}/x")) == (404, "file-not-found")


async def test_a_large_folder_comes_in_pages(ana: httpx.AsyncClient) -> None:
    for name in ("a", "b/1", "b/2", "b.txt", "c", "d/e/f"):
        await ana.put(f"{HERE}/{name}", content=b"")
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await ana.get(HERE, params={"limit": 2, "cursor": cursor})).json()
        assert len(page["items"]) <= 2
        seen += [each["path"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == ["a", "b.txt", "b/", "c", "d/"]
    assert await names(ana, "b/") == ["b/1", "b/2"]
    assert await names(ana, "nothing") == []


@pytest.mark.parametrize(
    "name", ["a b", "%41", "é", "日本", "-rf", "a#b?c&d", "'\"<b>", ".hidden", "x" * 255, "a/b.ipynb/c"]
)
async def test_a_file_may_have_any_name_that_a_bucket_takes(ana: httpx.AsyncClient, name: str) -> None:
    address = f"{HERE}/{quote(name)}"
    assert (await ana.put(address, content=b"1", headers=CREATE)).status_code == 201
    assert (await ana.get(address)).content == b"1"
    assert (await names(ana))[0].split("/")[0] == name.split("/", maxsplit=1)[0]


async def test_letters_with_marks_are_kept_in_one_form(ana: httpx.AsyncClient) -> None:
    await ana.put(f"{HERE}/e%CC%81.txt", content=b"1", headers=CREATE)
    assert await names(ana) == ["é.txt"]
    assert code(await ana.put(f"{HERE}/%C3%A9.txt", content=b"1", headers=CREATE))[0] == 409


@pytest.mark.parametrize("name", ["", "a//b", "a/", "%2E%2E/notebooks/x", "%2E", "a%0Ab", "x" * 256, "%00"])
async def test_other_names_are_refused(ana: httpx.AsyncClient, name: str) -> None:
    assert code(await ana.put(f"{HERE}/{name}", content=b"1"))[0] == 422
    assert (await ana.get(f"{HERE}/{name}")).status_code == 422
    assert await names(ana) == []


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u200f", "\u061c"])
async def test_a_name_cannot_hide_its_ending(ana: httpx.AsyncClient, char: str) -> None:
    refused = await ana.put(f"{HERE}/{quote(f'cod{char}gpj.exe')}", content=b"1")
    assert code(refused) == (422, "name-invalid")
    assert char not in refused.text


@pytest.mark.parametrize("name", ["a.ipynb", "b/A.IPYNB"])
async def test_a_notebook_is_no_data_file(ana: httpx.AsyncClient, name: str) -> None:
    refused = await ana.put(f"{HERE}/{name}", content=b"{}")
    assert code(refused) == (422, "is-a-notebook")
    assert "edit mode" in refused.json()["error"]["message"]


async def test_what_is_too_large_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, file_limit=PIECE + 10) as site:
        alpha = site.workspace()
        async with site.person() as ana:
            assert code(await ana.put(f"{HERE}/x", content=b"x" * (PIECE + 11))) == (413, "file-too-large")

            async def unannounced() -> AsyncIterator[bytes]:
                for _ in range(3):
                    yield b"x" * (PIECE // 2)

            assert code(await ana.put(f"{HERE}/x", content=unannounced())) == (413, "file-too-large")
            assert list(site.context.bucket(alpha.id).list()) == []


async def test_a_reader_reads_and_a_stranger_sees_nothing(site: Site, ana: httpx.AsyncClient) -> None:
    await ana.put(f"{HERE}/x", content=b"1")
    async with site.person("ben") as ben:
        assert code(await ben.get(f"{HERE}/x")) == (404, "workspace-not-found")
        await ana.put("workspaces/ana/alpha/members/ben", json={"role": "reader"})
        assert (await ben.get(f"{HERE}/x")).content == b"1"
        assert await names(ben) == ["x"]
        assert code(await ben.put(f"{HERE}/x", content=b"2")) == (403, "not-allowed")
        assert code(await ben.delete(f"{HERE}/x")) == (403, "not-allowed")
    assert (await ana.get(f"{HERE}/x")).content == b"1"


async def test_an_environment_reaches_the_files_of_its_own_workspace_alone(site: Site, alpha: Workspace) -> None:
    beta = site.workspace(name="beta")
    key = site.running(alpha).key
    async with site.environment(key) as inside:
        assert (await inside.put(f"{HERE}/x", content=b"1")).status_code == 200
        assert (await inside.get(f"{HERE}/x")).content == b"1"
        assert (await inside.delete(f"{HERE}/x")).status_code == 204
        for method in ("GET", "PUT", "DELETE"):
            other = await inside.request(method, f"workspaces/ana/{beta.name}/files/x", content=b"1")
            assert code(other) == (403, "not-allowed")


@pytest.mark.feature("C17")
async def test_a_deleted_file_waits_in_the_trash_and_comes_back(site: Site, ana: httpx.AsyncClient) -> None:
    await ana.put(f"{HERE}/t/x.csv", content=b"one")
    assert (await ana.delete(f"{HERE}/t/x.csv")).status_code == 204
    assert (await ana.get(f"{HERE}/t/x.csv")).status_code == 404
    (item,) = (await ana.get("trash")).json()["items"]
    assert (item["kind"], item["name"], item["size"]) == ("file", "t/x.csv", 3)
    await ana.put(f"{HERE}/t/x.csv", content=b"another")
    assert code(await ana.post(f"trash/{item['id']}/restore")) == (409, "name-taken")
    assert (await ana.post(f"trash/{item['id']}/restore", json={"name": "t/old.csv"})).status_code == 200
    assert (await ana.get(f"{HERE}/t/old.csv")).content == b"one"
    assert (await ana.get(f"{HERE}/t/x.csv")).content == b"another"
    assert (await ana.get("trash")).json()["items"] == []


@pytest.mark.feature("C17")
async def test_a_file_is_deleted_as_the_version_that_was_seen(site: Site, ana: httpx.AsyncClient) -> None:
    first = await ana.put(f"{HERE}/x", content=b"one")
    await ana.put(f"{HERE}/x", content=b"two")
    assert code(await ana.delete(f"{HERE}/x", headers={"If-Match": first.headers["etag"]})) == (409, "file-moved-on")
    assert (await ana.get(f"{HERE}/x")).content == b"two"
    assert list_trash(site.context, "ana") == []


@pytest.mark.feature("C17")
async def test_a_purged_file_is_gone_for_good(site: Site, ana: httpx.AsyncClient, alpha: Workspace) -> None:
    await ana.put(f"{HERE}/x", content=b"one")
    await ana.delete(f"{HERE}/x")
    (item,) = (await ana.get("trash")).json()["items"]
    await ana.delete(f"trash/{item['id']}")
    await site.parts.worker.sweep()
    assert list(site.context.bucket(alpha.id).list()) == []
    assert (await ana.get("trash")).json()["items"] == []
    assert code(await ana.post(f"trash/{item['id']}/restore"))[0] == 404


async def test_pieces_of_a_sender_who_went_go_after_a_day(tmp_path: Path) -> None:
    clock = builders.Clock()
    async with opened(tmp_path, clock=clock) as site:
        alpha = site.workspace()
        bucket = site.context.bucket(alpha.id)
        pieces.keep(bucket, "0123456789abcdef", 0, b"x")
        uploads.forget_old(site.context, alpha.id)
        assert len(list(bucket.list("uploads/"))) == 1
        clock.move(hours=25)
        uploads.forget_old(site.context, alpha.id)
        assert list(bucket.list("uploads/")) == []


@pytest.mark.feature("H2")
async def test_files_of_a_library_are_reached_alike_and_held_to_its_limit(site: Site) -> None:
    async with site.person() as ana:
        made = (await ana.post("libraries", json={"name": "Atlas"})).json()["id"]
        here = f"workspaces/library/{made}/files"
        await ana.patch(f"libraries/{made}", json={"size_limit": 1024**2})
        assert (await ana.put(f"{here}/t/a.csv", content=b"1,2")).status_code == 200
        assert (await ana.get(f"{here}/t/a.csv")).content == b"1,2"
        assert [each["path"] for each in (await ana.get(here)).json()["items"]] == ["t/"]
        assert code(await ana.put(f"{here}/big", content=b"x" * (1024**2 + 1))) == (422, "library-full")

        async def unannounced() -> AsyncIterator[bytes]:
            yield b"x" * (1024**2 + 1)

        assert code(await ana.put(f"{here}/big", content=unannounced())) == (422, "library-full")
        assert (await ana.get(f"{here}/big")).status_code == 404
        assert (await ana.delete(f"{here}/t/a.csv")).status_code == 204
        (item,) = (await ana.get("trash")).json()["items"]
        assert (await ana.post(f"trash/{item['id']}/restore")).status_code == 200
        assert (await ana.get(f"{here}/t/a.csv")).content == b"1,2"
