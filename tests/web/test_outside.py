"""REST and pages: drives from outside, connected as libraries, and how they stand."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from builders import NOON
from terraspawner.domain.bucket_mount import MountState, Standing
from terraspawner.domain.library import Access
from terraspawner.domain.mount_words import OF_DRIVE
from terraspawner.errors_mounts import MountsUnavailable
from terraspawner.mounts_client import OutsideDrive
from terraspawner.operations import libraries, outside
from tests.web.hubs import serving, until
from tests.web.sites import PREFIX, Site, opened

pytestmark = pytest.mark.feature("H3", "H4")

SECRET = "app-Pa55word & more"
FILE = """
[drive.lab-cloud]
title = "Lab cloud"
kind = "webdav"
url = "https://cloud.example.org/dav/{user}/"
about = "Settings, then Security, then App passwords."

[drive.files]
title = "Institute files"
kind = "seafile"
url = "https://files.example.org"
"""


class MountsThatObey:
    """Whatever is wanted stands as `standing`."""

    def __init__(self) -> None:
        self.standing = Standing(state=MountState.MOUNTED, since=NOON)
        self.wanted: list[OutsideDrive] = []
        self.forgotten: list[str] = []

    async def put_outside(self, drives: Sequence[OutsideDrive]) -> Mapping[str, Standing]:
        self.wanted = list(drives)
        return {drive.id: self.standing for drive in drives}

    async def forget_outside(self, library_id: str) -> None:
        self.forgotten.append(library_id)

    async def close(self) -> None: ...


class MountsThatAreSilent(MountsThatObey):
    async def put_outside(self, drives: Sequence[OutsideDrive]) -> Mapping[str, Standing]:
        raise MountsUnavailable


class MountsThatAreSlowOnce(MountsThatObey):
    """What it is told first it has done when `goes_on` is set. `done` is what it has done."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[list[str]] = []
        self.is_asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def put_outside(self, drives: Sequence[OutsideDrive]) -> Mapping[str, Standing]:
        if not self.is_asked.is_set():
            self.is_asked.set()
            await self.goes_on.wait()
        self.done.append([each.id for each in drives])
        return await super().put_outside(drives)


@pytest.fixture
def mounts() -> MountsThatObey:
    return MountsThatObey()


@pytest.fixture
def named(tmp_path: Path) -> str:
    file = tmp_path / "drives.toml"
    file.write_text(FILE)
    return str(file)


@pytest.fixture
async def connected(tmp_path: Path, mounts: MountsThatObey, named: str) -> AsyncIterator[Site]:
    """A site whose operator names two drives."""
    async with opened(tmp_path, drives=mounts, outside_drives=named, live_mounts="yes") as site:
        yield site


def asked(**changes: object) -> dict[str, object]:
    said = {"drive": "lab-cloud", "user": "ana b", "password": SECRET, "path": "/Projects/Survey/"}
    return {"name": "Survey", "outside": said | changes}


async def a_library(site: Site, **changes: object) -> str:
    async with site.person("ana") as ana:
        made = await ana.post("libraries", json=asked(**changes))
        assert made.status_code == 201, made.text
        return str(made.json()["id"])


async def test_a_drive_is_connected_and_the_service_that_mounts_is_told_all_of_it(
    connected: Site, mounts: MountsThatObey
) -> None:
    async with connected.person("ana") as ana:
        offered = (await ana.get("drives")).json()["items"]
        assert [(each["name"], each["kind"], each["has_libraries"]) for each in offered] == [
            ("lab-cloud", "webdav", False),
            ("files", "seafile", True),
        ]
        assert "example.org" not in str(offered)
        made = (await ana.post("libraries", json=asked())).json()
        assert made["outside"] == {
            "drive": "lab-cloud",
            "title": "Lab cloud",
            "path": "Projects/Survey",
            "library": "",
            "user": "ana b",
            "state": "mounted",
            "since": "2026-11-20T12:00:00Z",
            "why": "",
            "waiting": 0,
        }
        assert (made["used"], made["size_limit"]) == (None, None)
    (wanted,) = mounts.wanted
    assert wanted == OutsideDrive(
        id=made["id"],
        kind="webdav",
        url="https://cloud.example.org/dav/ana%20b/",
        user="ana b",
        password=SECRET,
        path="Projects/Survey",
    )
    assert SECRET not in repr(wanted)


async def test_a_list_from_before_never_comes_after_a_newer_one(tmp_path: Path, named: str) -> None:
    mounts = MountsThatAreSlowOnce()
    async with opened(tmp_path, drives=mounts, outside_drives=named, live_mounts="yes") as site:
        await mounts.is_asked.wait()  # by the service itself, as it came up
        making = asyncio.create_task(a_library(site))
        async with site.person("ana") as ana:
            await until(lambda: outside.wish(site.context), "it is connected")
            await ana.get("drives")  # so that it would have been told by now
        mounts.goes_on.set()
        made = await making
        await until(lambda: len(mounts.done) > 1, "both lists have come")
        assert mounts.done[:2] == [[], [made]]


async def test_of_seafile_one_of_its_libraries_is_connected(connected: Site, mounts: MountsThatObey) -> None:
    await a_library(connected, drive="files", library="My Library", path="")
    (wanted,) = mounts.wanted
    assert (wanted.kind, wanted.url, wanted.library) == ("seafile", "https://files.example.org", "My Library")


async def test_who_it_is_shared_with_sees_how_it_stands_and_not_by_whose_account(
    connected: Site, mounts: MountsThatObey
) -> None:
    library_id = await a_library(connected)
    libraries.share(connected.context, actor="ana", library_id=library_id, who="ben", access=Access.READ)
    mounts.standing = Standing(state=MountState.GONE, since=NOON + timedelta(minutes=1), reason=OF_DRIVE.silent)
    await connected.parts.outside.say()
    async with connected.person("ben") as ben:
        told = (await ben.get(f"libraries/{library_id}")).json()["outside"]
        assert (told["state"], told["why"], told["user"]) == ("gone", OF_DRIVE.silent, None)
        refused = await ben.put(f"libraries/{library_id}/outside", json={"password": "mine"})
        assert (refused.status_code, refused.json()["error"]["details"]["needed"]) == (403, ["owner"])
    page = await connected.browser("ben")
    text = (await page.client.get(f"{PREFIX}/workspaces/library/{library_id}")).text
    assert "in the account of ana" in text
    assert "Not connected" in text
    assert "Give the password anew" not in text
    assert OF_DRIVE.silent in html.unescape(text)
    assert "ana b" not in text


async def test_a_password_is_given_anew_and_a_library_in_the_trash_is_not_connected(
    connected: Site, mounts: MountsThatObey
) -> None:
    library_id = await a_library(connected)
    async with connected.person("ana") as ana:
        changed = await ana.put(f"libraries/{library_id}/outside", json={"password": "another", "user": "ana2"})
        assert changed.json()["outside"]["user"] == "ana2"
        assert [(each.user, each.password) for each in mounts.wanted] == [("ana2", "another")]
        item = (await ana.delete(f"libraries/{library_id}")).json()
        assert mounts.wanted == []
        assert (await ana.post(f"trash/{item['id']}/restore", json={})).status_code == 200
        await connected.parts.outside.say()
        assert [each.password for each in mounts.wanted] == ["another"]
        assert mounts.forgotten == []


async def test_a_purge_ends_the_connection_for_good(connected: Site, mounts: MountsThatObey) -> None:
    library_id = await a_library(connected)
    async with connected.person("ana") as ana:
        item = (await ana.delete(f"libraries/{library_id}")).json()
        await ana.delete(f"trash/{item['id']}")
    await connected.parts.worker.sweep()
    assert set(mounts.forgotten) == {library_id}
    await connected.parts.outside.say()
    assert mounts.wanted == []


REFUSED = {
    "a drive that nobody named": ({"drive": "elsewhere"}, (404, "outside-drive-not-found")),
    "an address": ({"drive": "http://10.0.0.1/"}, (404, "outside-drive-not-found")),
    "an address beside": ({"url": "http://10.0.0.1/"}, (400, "malformed")),
    "no password": ({"password": ""}, (422, "refused")),
    "two lines": ({"password": f"{SECRET}\nurl = x"}, (422, "refused")),
    "no user": ({"user": ""}, (422, "refused")),
    "a user of two lines": ({"user": "ana\nurl = x"}, (422, "refused")),
    "a user that leads up": ({"user": ".."}, (422, "refused")),
    "a folder that leads up": ({"path": "a/../../b"}, (422, "refused")),
    "a library where there is none": ({"library": "x"}, (422, "refused")),
    "no library where there are some": ({"drive": "files"}, (422, "refused")),
    "a password that is none": ({"password": [SECRET]}, (400, "malformed")),
    "a very long password": ({"password": SECRET * 100}, (400, "malformed")),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_is_refused_and_nothing_of_a_password_is_repeated(
    connected: Site, mounts: MountsThatObey, case: str
) -> None:
    changes, expected = REFUSED[case]
    async with connected.person("ana") as ana:
        answer = await ana.post("libraries", json=asked(**changes))
        assert (answer.status_code, answer.json()["error"]["code"]) == expected
        assert SECRET not in answer.text
        assert (await ana.get("libraries")).json()["items"] == []
    assert mounts.wanted == []


async def test_what_only_libraries_of_this_machine_have_is_refused(connected: Site) -> None:
    library_id = await a_library(connected)
    async with connected.person("ana") as ana:
        limited = await ana.patch(f"libraries/{library_id}", json={"size_limit": 2**30})
        assert "has a limit of its own" in limited.json()["error"]["message"]
        given = await ana.post(f"libraries/{library_id}/transfer", json={"to": "ben"})
        assert "connected by ana's account" in given.json()["error"]["message"]
        here = (await ana.post("libraries", json={"name": "Here"})).json()
        assert here["outside"] is None
        answer = await ana.put(f"libraries/{here['id']}/outside", json={"password": "x"})
        assert answer.json()["error"]["code"] == "outside-drive-not-found"


async def test_where_the_machine_cannot_mount_connecting_is_refused_with_a_sentence(tmp_path: Path, named: str) -> None:
    async with opened(tmp_path, outside_drives=named, live_mounts="no") as site, site.person("ana") as ana:
        assert (await ana.get("drives")).json()["items"] == []
        answer = await ana.post("libraries", json=asked())
        assert answer.status_code == 422
        assert "what is mounted does not reach environments" in answer.json()["error"]["message"]
        page = (await (await site.browser()).client.get(f"{PREFIX}/drive")).text
        assert "Connect a drive" not in page


async def test_a_service_that_mounts_and_is_silent_is_told_of(tmp_path: Path, named: str) -> None:
    silent = MountsThatAreSilent()
    async with opened(tmp_path, drives=silent, outside_drives=named, live_mounts="yes") as site:
        library_id = await a_library(site)
        async with site.person("ana") as ana:
            told = (await ana.get(f"libraries/{library_id}")).json()["outside"]
        assert (told["state"], told["why"]) == (
            "gone",
            "The service that mounts drives is not answering. It is started again; else ask the operator.",
        )


async def test_while_its_drive_is_away_the_page_of_a_library_says_so_and_takes_a_password(
    connected: Site, mounts: MountsThatObey, tmp_path: Path
) -> None:
    library_id = await a_library(connected)
    (tmp_path / "outside" / library_id / "data").rmdir()
    mounts.standing = Standing(state=MountState.GONE, since=NOON, reason=OF_DRIVE.refusing)
    await connected.parts.outside.say()
    browser = await connected.browser("ana")
    answer = await browser.client.get(f"{PREFIX}/workspaces/library/{library_id}")
    page = html.unescape(answer.text)
    assert "Not connected" in page
    assert "refuses the user name or the password." in page
    assert "Its owner can" not in page
    assert "They are listed here as soon as the drive is connected." in page
    assert 'id="password-library-dialog"' in page
    assert "Give the password anew" in page
    files = (await browser.client.get(f"{PREFIX}/workspaces/library/{library_id}/files")).text
    assert f'href="{PREFIX}/workspaces/library/{library_id}">Page of the library</a>' in files
    async with connected.person("ana") as ana:
        listed = await ana.get(f"workspaces/library/{library_id}/notebooks")
    assert (listed.status_code, listed.json()["error"]["code"]) == (503, "bucket-unavailable")
    assert "not mounted now" in listed.json()["error"]["message"]


async def test_a_drive_is_connected_by_the_form_on_the_page_and_its_password_changed(
    connected: Site, mounts: MountsThatObey
) -> None:
    browser = await connected.browser("ana")
    assert "Settings, then Security" in (await browser.client.get(f"{PREFIX}/drive")).text
    said = {"drive": "lab-cloud", "name": "Survey", "user": "ana b", "path": "Projects"}
    refused = await browser.submit(f"{PREFIX}/drive/connect", **said, password="")
    assert refused.status_code == 422
    assert 'id="connect-error" role="alert" tabindex="-1" autofocus' in refused.text, "the form is longer than a phone"
    assert 'value="ana b"' in refused.text
    refused = await browser.submit(f"{PREFIX}/drive/connect", **(said | {"name": "a/b"}), password=SECRET)
    assert "app-Pa55word" not in refused.text
    made = await browser.submit(f"{PREFIX}/drive/connect", **said, password=SECRET)
    assert made.status_code == 303
    page = (await browser.client.get(made.headers["location"])).text
    assert 'data-state="mounted"' in page
    assert '<span class="terra-break">ana b</span>' in page
    assert "Transfer…" not in page
    own = f"{PREFIX}/drive/{made.headers['location'].rpartition('/')[2]}"
    assert (await browser.submit(f"{own}/password", user="ana b", password="another")).status_code == 303
    assert [each.password for each in mounts.wanted] == ["another"]
    refused = await browser.submit(f"{own}/password", user="", password="")
    assert refused.status_code == 422
    mounts.standing = Standing(state=MountState.GONE, since=NOON, reason=OF_DRIVE.refusing)
    await connected.parts.outside.say()
    listed = html.unescape((await browser.client.get(f"{PREFIX}/drive")).text)
    assert "on Lab cloud" in listed
    assert "refuses the user name or the password. <a href=" in listed
    assert ">Give the password anew</a>" in listed
    assert "Its owner can" not in listed


async def _told(stream: httpx.Response) -> AsyncIterator[str]:
    """How the drive stands, each time that the page is told so."""
    async for line in stream.aiter_lines():
        if found := re.search(r'data-state="(\w+)"', line):
            yield found[1]


async def test_an_open_page_is_told_when_its_drive_comes_and_goes(connected: Site, mounts: MountsThatObey) -> None:
    mounts.standing = Standing(state=MountState.GONE, since=NOON, reason=OF_DRIVE.being_made)
    library_id = await a_library(connected)
    page = (await (await connected.browser("ana")).client.get(f"{PREFIX}/workspaces/library/{library_id}")).text
    assert OF_DRIVE.being_made in page
    assert "Not connected" not in page
    headers = {"authorization": f"token {connected.hub.token('ana')}"}
    async with (
        serving(connected.app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client,
        client.stream("GET", f"{PREFIX}/workspaces/library/{library_id}/environment/live") as stream,
    ):
        told = _told(stream)
        assert await anext(told) == "gone"
        mounts.standing = Standing(state=MountState.MOUNTED, since=NOON)
        await connected.parts.outside.say()
        assert await anext(told) == "mounted"
