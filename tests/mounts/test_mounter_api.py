"""The mounter over a real unix socket, by the client that hub and workspaces use."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from terraspawner.errors_mounts import MounterUnavailable
from terraspawner.host.asked import ALLOWED_UIDS, bound_socket
from terraspawner.host.mounter import syscalls
from terraspawner.host.mounter.__main__ import ability_of
from terraspawner.host.mounter.api import MounterApi
from terraspawner.host.mounter.probe import Ability, probe
from terraspawner.host.mounter.recorded import RecordedViews
from terraspawner.host.mounter.view_routes import ViewRoutes
from terraspawner.host.mounter.views import FOLDERS, Views
from terraspawner.mounter_client import MounterClient, MounterHealth, Shown, View
from terraspawner.settings import Settings

HERE = "0123456789abcdef"
SURVEY = Shown(id="a" * 16, folder="mine", name="Survey", is_read_only=True)
LIVE, NOT_LIVE = Ability(is_live=True), Ability(is_live=False, why="Not on this machine.")
pytestmark = pytest.mark.slow


@pytest.fixture
def ability() -> Ability:
    return LIVE


@pytest.fixture
def allowed() -> frozenset[int]:
    return ALLOWED_UIDS


@pytest.fixture
async def socket(
    tmp_path: Path, mounts: Path, views: Views, ability: Ability, allowed: frozenset[int]
) -> AsyncIterator[str]:
    keeper = views if ability.is_live else RecordedViews(mounts / "views")
    api = MounterApi(ability, [ViewRoutes(keeper)], allowed)
    runner = web.AppRunner(api.application())
    await runner.setup()
    path = tmp_path / "mounter.sock"
    await web.SockSite(runner, bound_socket(path)).start()
    yield str(path)
    await runner.cleanup()


@pytest.fixture
async def mounter(socket: str, libraries: Path) -> AsyncIterator[MounterClient]:
    (libraries / SURVEY.id / "data").mkdir(parents=True)
    client = MounterClient(socket)
    yield client
    await client.close()


async def asked(socket: str, method: str, path: str, body: bytes = b"") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=socket), base_url="http://mounter") as client:
        return await client.request(method, path, content=body)


@pytest.mark.feature("H3", "H4")
async def test_a_view_is_made_told_and_deleted(mounter: MounterClient) -> None:
    gone = Shown(id="b" * 16, folder="all", name="Gone", is_read_only=True)
    view = await mounter.show(HERE, [SURVEY, gone])
    assert (view.libraries, view.missing, view.was_open) == ({SURVEY}, (gone.id,), False)
    assert (await mounter.views())[HERE].libraries == {SURVEY}
    await mounter.delete_view(HERE)
    await mounter.delete_view(HERE)
    assert await mounter.views() == {}


@pytest.mark.parametrize("ability", [NOT_LIVE])
async def test_where_mounts_do_not_reach_environments_it_tells_what_each_started_with_and_what_it_lost_since(
    mounter: MounterClient, mounts: Path
) -> None:
    assert await mounter.health() == MounterHealth(is_live=False, why=NOT_LIVE.why)
    other = replace(SURVEY, id="b" * 16, name="Later")
    assert await mounter.show(HERE, [SURVEY]) == View(libraries=frozenset({SURVEY}))
    folders = {str(each.relative_to(mounts / "views" / HERE)) for each in (mounts / "views" / HERE).rglob("*")}
    assert folders == {*FOLDERS.values(), "My Libraries/Survey"}
    assert syscalls.mounted_below(mounts) == []
    assert await mounter.show(HERE, [SURVEY, other]) == View(libraries=frozenset({SURVEY}))
    assert await mounter.show(HERE, [other]) == View(libraries=frozenset({SURVEY}), was_open=True)
    assert (await mounter.views())[HERE].was_open
    await mounter.delete_view(HERE)
    assert await mounter.views() == {}
    weaker = replace(SURVEY, is_read_only=True)
    assert await mounter.show(HERE, [weaker]) == View(libraries=frozenset({weaker}))


async def test_a_mounter_that_is_away_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    client = MounterClient(str(tmp_path / "nobody.sock"))
    with pytest.raises(MounterUnavailable, match="The mounter is not answering"):
        await client.views()
    await client.close()


@pytest.mark.parametrize("allowed", [frozenset({2002})])
async def test_a_caller_who_is_none_of_these_is_refused(socket: str, mounter: MounterClient) -> None:
    for method, path in (
        ("GET", "/health"),
        ("GET", "/views"),
        ("PUT", f"/views/{HERE}"),
        ("DELETE", f"/views/{HERE}"),
    ):
        answer = await asked(socket, method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not-allowed")


async def test_the_socket_is_for_its_owner_and_its_group(socket: str) -> None:
    assert os.stat(socket).st_mode & 0o777 == 0o660  # noqa: PTH116


@pytest.mark.parametrize(
    "identifier", ["..", "%2e%2e", "..%2f..%2fetc", "0" * 15, "0" * 17, "A" * 16, "0" * 15 + "%0a"]
)
async def test_an_id_is_an_id(socket: str, mounter: MounterClient, mounts: Path, identifier: str) -> None:
    for method in ("PUT", "DELETE"):
        answer = await asked(socket, method, f"/views/{identifier}", b'{"libraries": []}')
        assert answer.status_code in (404, 422)
    assert not (mounts / "views").exists()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'{"libraries": {}}', b'{"libraries": [1]}', b'{"libraries": [{}]}', b"[" * 50_000,
        b'{"libraries": [], "source": "/etc"}',
        b'{"libraries": [{"id": "aaaaaaaaaaaaaaaa", "folder": "mine", "name": "../x", "is_read_only": false}]}',
        b'{"libraries": [{"id": "/etc", "folder": "mine", "name": "x", "is_read_only": false}]}',
    ],
    ids=lambda body: body[:40].decode(),
)  # fmt: skip
async def test_a_body_that_is_no_view_is_refused_and_nothing_is_done(
    socket: str, mounter: MounterClient, body: bytes
) -> None:
    before = await mounter.show(HERE, [SURVEY])
    assert (await asked(socket, "PUT", f"/views/{HERE}", body)).status_code == 422
    assert (await mounter.views())[HERE] == before


# --- whether it works here ---


def test_a_shared_folder_is_found_able_and_left_as_it_was(mounts: Path) -> None:
    assert probe(mounts) == LIVE
    assert list(mounts.iterdir()) == []


def test_a_folder_that_nobody_shares_is_found_out(tmp_path: Path) -> None:
    found = probe(tmp_path)
    assert not found.is_live
    assert "make up" in found.why
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert probe(tmp_path / "gone").why == f"{tmp_path}/gone cannot be used: No such file or directory."


def test_what_make_up_found_out_is_not_tried_again_where_it_is_no(mounts: Path) -> None:
    settings = Settings(mounts_host_path=str(mounts), live_mounts="no")
    assert not ability_of(settings).is_live
    assert ability_of(Settings(mounts_host_path=str(mounts), live_mounts="yes")) == LIVE
